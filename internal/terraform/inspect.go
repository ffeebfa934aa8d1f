package terraform

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/terraform-config-inspect/tfconfig"
)

// config is one module directory as far as we look into it. ephemeral holds the
// variables and outputs that are so, as "variable.x" and "output.x": tfconfig
// does not tell.
type config struct {
	*tfconfig.Module
	ephemeral map[string]bool
	variables map[string]variable
	risks     []Risk
}

// inspect reads the module in dir of fsys and refuses what would act on the
// root module or depend on the directory it lies in (B91). source names the
// module in errors.
func inspect(fsys fs.FS, dir, source string) (*config, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, &ModuleError{Source: source, Path: dir, Problem: "cannot be read", err: err}
	}
	c := &config{Module: tfconfig.NewModule(dir), ephemeral: map[string]bool{}, variables: map[string]variable{}}
	parser := hclparse.NewParser()
	files := 0
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		if problem := refused(entry); problem != "" {
			return nil, &ModuleError{Source: source, Path: name, Problem: problem}
		}
		if entry.IsDir() || !isConfig(entry.Name()) {
			continue
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, &ModuleError{Source: source, Path: name, Problem: "cannot be read", err: err}
		}
		if err := c.add(parser, &reads{fsys: fsys, dir: dir, file: name}, data); err != nil {
			return nil, &ModuleError{Source: source, Path: name, Problem: err.Error(), err: err}
		}
		files++
	}
	if files == 0 {
		return nil, &ModuleError{Source: source, Path: dir, Problem: "has no .tf files"}
	}
	for _, resources := range []map[string]*tfconfig.Resource{c.ManagedResources, c.DataResources} {
		for _, r := range resources {
			c.require(r.Provider.Name)
		}
	}
	return c, nil
}

// refused says why a file may not be in a module, or "".
func refused(entry fs.DirEntry) string {
	name := entry.Name()
	base, isTerraform := cutConfigSuffix(name)
	switch {
	case name == ".terraform":
		return "is what terraform init leaves behind"
	case strings.HasSuffix(name, ".auto.tfvars"), strings.HasSuffix(name, ".auto.tfvars.json"):
		return "would set variables unseen"
	case isTerraform && (base == "override" || strings.HasSuffix(base, "_override")):
		return "would override other files"
	case !entry.IsDir() && !entry.Type().IsRegular():
		return "is not a regular file"
	case strings.ContainsFunc(name, unicode.IsControl):
		return "has a control character in its name"
	}
	return ""
}

func isConfig(name string) bool {
	_, ok := cutConfigSuffix(name)
	return ok && !strings.HasPrefix(name, ".")
}

// cutConfigSuffix splits the name of a configuration file. OpenTofu reads its
// own suffixes as well.
func cutConfigSuffix(name string) (base string, ok bool) {
	for _, suffix := range []string{".tf", ".tf.json", ".tofu", ".tofu.json"} {
		if base, ok := strings.CutSuffix(name, suffix); ok {
			return base, true
		}
	}
	return name, false
}

// extra is what tfconfig leaves out.
type extra struct {
	Blocks []struct {
		Backend []struct {
			Type string   `hcl:"type,label"`
			Rest hcl.Body `hcl:",remain"`
		} `hcl:"backend,block"`
		Cloud []struct {
			Rest hcl.Body `hcl:",remain"`
		} `hcl:"cloud,block"`
		Rest hcl.Body `hcl:",remain"`
	} `hcl:"terraform,block"`
	Variables []variable `hcl:"variable,block"`
	Outputs   []marked   `hcl:"output,block"`
	Ephemeral []struct {
		Type string   `hcl:"type,label"`
		Name string   `hcl:"name,label"`
		Rest hcl.Body `hcl:",remain"`
	} `hcl:"ephemeral,block"`
	Rest hcl.Body `hcl:",remain"`
}

// variable is what a variable block says of itself.
type variable struct {
	Name        string         `hcl:"name,label"`
	Ephemeral   bool           `hcl:"ephemeral,optional"`
	Type        *hcl.Attribute `hcl:"type,optional"`
	Default     *hcl.Attribute `hcl:"default,optional"`
	Validations []struct {
		Condition *hcl.Attribute `hcl:"condition,optional"`
		Rest      hcl.Body       `hcl:",remain"`
	} `hcl:"validation,block"`
	Rest hcl.Body `hcl:",remain"`
}

type marked struct {
	Name      string   `hcl:"name,label"`
	Ephemeral bool     `hcl:"ephemeral,optional"`
	Rest      hcl.Body `hcl:",remain"`
}

// add reads the file that r is about.
func (c *config) add(parser *hclparse.Parser, r *reads, data []byte) error {
	name := r.file
	parse := parser.ParseHCL
	if strings.HasSuffix(name, ".json") {
		parse = parser.ParseJSON
	}
	file, diags := parse(data, name)
	if diags.HasErrors() {
		return problem(diags)
	}
	if err := load(file, c.Module); err != nil {
		return err
	}
	var more extra
	if diags := gohcl.DecodeBody(file.Body, nil, &more); diags.HasErrors() {
		return problem(diags)
	}
	for _, b := range more.Blocks {
		if len(b.Backend)+len(b.Cloud) > 0 {
			return errors.New("has a backend block")
		}
	}
	for _, v := range more.Variables {
		c.ephemeral["variable."+v.Name] = v.Ephemeral
		c.variables[v.Name] = v
	}
	for _, o := range more.Outputs {
		c.ephemeral["output."+o.Name] = o.Ephemeral
	}
	if err := r.config(file, data); err != nil {
		return err
	}
	c.risks = slices.Concat(c.risks, risks(file.Body, name), r.found)
	for _, r := range more.Ephemeral {
		provider, _, _ := strings.Cut(r.Type, "_")
		c.require(provider)
	}
	return nil
}

// load adds a file to module. tfconfig panics on some that are no module's, such
// as one with required_providers outside of a terraform block.
func load(file *hcl.File, module *tfconfig.Module) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("is no module: %v", r)
		}
	}()
	if diags := tfconfig.LoadModuleFromFile(file, module); diags.HasErrors() {
		return problem(diags)
	}
	return nil
}

// require notes a provider that the module uses without declaring it.
func (c *config) require(name string) {
	if c.RequiredProviders[name] == nil {
		c.RequiredProviders[name] = &tfconfig.ProviderRequirement{}
	}
}

// problem makes one line of the first error.
func problem(diags hcl.Diagnostics) error {
	i := slices.IndexFunc(diags, func(d *hcl.Diagnostic) bool { return d.Severity == hcl.DiagError })
	d := diags[max(i, 0)]
	where := ""
	if d.Subject != nil {
		where = fmt.Sprintf("line %d: ", d.Subject.Start.Line)
	}
	return errors.New(oneLine(where + d.Summary + ": " + d.Detail))
}

func byName(a, b *tfconfig.ModuleCall) int { return cmp.Compare(a.Name, b.Name) }
