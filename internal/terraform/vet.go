package terraform

import (
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Risk is something in a module that runs programs, reaches other machines, says
// whose they are, reads files of the user, or takes hold of what the module did not
// make.
type Risk struct {
	File string // within the module
	Line int
	What string // as in `a provisioner "local-exec"`
}

// blocks is the schema of the blocks that risks are found by, with their labels.
func blocks(types map[string][]string) *hcl.BodySchema {
	schema := &hcl.BodySchema{}
	for name, labels := range types {
		schema.Blocks = append(schema.Blocks, hcl.BlockHeaderSchema{Type: name, LabelNames: labels})
	}
	return schema
}

// risks finds what a module from elsewhere may not hold. What the schema does not
// fit is left to the engine, which refuses it.
func risks(body hcl.Body, file string) []Risk {
	content, _, _ := body.PartialContent(blocks(map[string][]string{
		"resource": {"type", "name"}, "data": {"type", "name"}, "ephemeral": {"type", "name"}, "check": {"name"},
		"action": {"type", "name"}, "import": nil, "removed": nil, "provider": {"name"},
	}))
	var found []Risk
	add := func(b *hcl.Block, format string, args ...any) {
		found = append(found, Risk{File: file, Line: b.DefRange.Start.Line, What: fmt.Sprintf(format, args...)})
	}
	for _, b := range content.Blocks {
		switch b.Type {
		case "resource":
			inner, _, _ := b.Body.PartialContent(blocks(map[string][]string{"provisioner": {"type"}}))
			for _, p := range inner.Blocks {
				add(p, "a provisioner %q", p.Labels[0])
			}
		case "data", "ephemeral":
			if reaches(b.Labels[0]) {
				add(b, "%s %q", b.Type, b.Labels[0])
			}
		case "check":
			inner, _, _ := b.Body.PartialContent(blocks(map[string][]string{"data": {"type", "name"}}))
			for _, d := range inner.Blocks {
				if reaches(d.Labels[0]) {
					add(d, "data %q", d.Labels[0])
				}
			}
		case "action":
			add(b, "an action %q", b.Labels[0])
		case "provider":
			add(b, "a provider block %q", b.Labels[0])
		default:
			add(b, "a block %q", b.Type)
		}
	}
	return found
}

// reaches reports whether a data source runs a program, asks another machine or
// reads any file.
func reaches(dataSource string) bool {
	return slices.Contains([]string{
		"external", "http", "terraform_remote_state", "local_command", "local_file", "local_sensitive_file",
	}, dataSource)
}

// vet refuses a module from elsewhere that holds what it may not. top is the
// source of the called module.
func (c *config) vet(top string) error {
	if len(c.risks) > 0 {
		r := c.risks[0]
		return &ModuleError{Source: top, Path: r.File, Problem: fmt.Sprintf("line %d: has %s, which a module from elsewhere may not", r.Line, r.What)}
	}
	for _, name := range slices.Sorted(maps.Keys(c.ModuleCalls)) {
		source := c.ModuleCalls[name].Source
		if strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") {
			continue // the engine keeps it within what was fetched
		}
		problem := sourceProblem(source)
		if problem == "" && strings.HasPrefix(source, "git::file:") && !strings.HasPrefix(top, "git::file:") {
			problem = "is on this machine"
		}
		if problem != "" {
			return &ModuleError{Source: top, Path: c.Path, Problem: fmt.Sprintf("calls module %q from %q, which %s", name, source, problem)}
		}
	}
	return nil
}

// vetFetched looks at what a fetch that failed has brought of the called module:
// an address in it that no module from elsewhere may call is the better reason.
func (w *workspace) vetFetched(scratch fs.FS) error {
	if w.module.Local != nil {
		return nil
	}
	return vetFrom(scratch, path.Join(manifestDir, callName, subdirectory(w.module.Source)), w.module.Source, 0)
}

// vetFrom vets the module in dir and those that it calls by a path.
func vetFrom(fsys fs.FS, dir, top string, depth int) error {
	if depth > maxModuleDepth || !strings.HasPrefix(dir, manifestDir+"/") {
		return nil
	}
	conf, err := inspect(fsys, dir, top)
	if err != nil {
		return nil //nolint:nilerr // not all is there: the fetch failed
	}
	if err := conf.vet(top); err != nil {
		return err
	}
	for _, call := range slices.SortedFunc(maps.Values(conf.ModuleCalls), byName) {
		if strings.HasPrefix(call.Source, "./") || strings.HasPrefix(call.Source, "../") {
			if err := vetFrom(fsys, path.Join(dir, call.Source), top, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// subdirectory is what stands after // in a source.
func subdirectory(source string) string {
	source, _, _ = strings.Cut(source, "?")
	if _, rest, found := strings.Cut(source, "://"); found {
		source = rest
	}
	_, dir, _ := strings.Cut(source, "//")
	return dir
}

// sourceProblem says why nothing is fetched from an address, or "".
func sourceProblem(source string) string {
	_, query, _ := strings.Cut(source, "?")
	address, isGit := strings.CutPrefix(source, "git::")
	scheme, _, hasScheme := strings.Cut(address, "://")
	switch {
	case source == "":
		return "has no source"
	case strings.HasPrefix(source, "."), filepath.IsAbs(source), strings.HasPrefix(source, "~"):
		return "is a path, and no files are given for it"
	case strings.HasPrefix(source, "-"), strings.Contains(source, "::-"), strings.Contains(source, "://-"),
		strings.Contains(query, "=-"), strings.Contains(query, "=%2d"), strings.Contains(query, "=%2D"):
		return "holds an option"
	case strings.Contains(source, "${"), strings.Contains(source, "%{"), strings.ContainsAny(source, " \t\r\n"):
		return "is not an address"
	case strings.Contains(address, "::"):
		return "is fetched in a way that is not supported: git and https are"
	case hasScheme && !allowedScheme(scheme, isGit):
		return fmt.Sprintf("is fetched by %q, which is not supported: git (https, ssh) and https are", scheme)
	case hasScheme:
		return urlProblem(address, isGit)
	}
	return ""
}

func allowedScheme(scheme string, isGit bool) bool {
	return scheme == "https" || isGit && (scheme == "ssh" || scheme == "file")
}

// urlProblem refuses what of an address would reach the program that fetches it
// as more than a place: a password, a key, a second ref.
func urlProblem(address string, isGit bool) string {
	u, err := url.Parse(address)
	if err != nil {
		return "is not an address"
	}
	if _, has := u.User.Password(); has {
		return "holds a password"
	}
	if strings.HasPrefix(u.User.Username(), "-") {
		return "holds an option"
	}
	known := []string{"archive", "checksum"}
	if isGit {
		known = []string{"ref", "depth"}
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "is not an address"
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) || len(values[name]) > 1 {
			return fmt.Sprintf("has a parameter %q that is not supported", name)
		}
	}
	return ""
}
