package cli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/terraform"
)

// Whatever a module says of a variable, the capability made of it can be loaded
// and its tests ask for what can be asked for, or it is refused in words.
func FuzzNewCapability(f *testing.F) {
	for _, seed := range [][3]string{
		{"size", "type = number\n default = 5", "var.size >= 1 && var.size < 10"},
		{"mode", "type = string\n default = \"yes\"", `contains(["yes", "no", "1e5", "0x10", "~"], var.mode)`},
		{"name", "type = string", `can(regex("^[a-z]+$", var.name))`},
		{"tags", "type = map(string)\n default = {}", "true"},
		{"deep", "type = map(list(object({ a = optional(set(tuple([string, bool])), []) })))", "length(var.deep) > 2"},
		{"any-thing", "default = { a = [1, null, \"${x}\"] }", "var.x == null || length(var.x) < 99999999999999999999"},
		{"_", "type = any\n description = \"\\u202e ${1}\"", ""},
		{"d", "type = object({ \"a b\" = string })", ""},
		{"n", "type = number\n default = 1e400", ""},
		{"t", "type = tuple([])\n default = []", ""},
		{"l", "type = string", "length(var.l) > 2147483646 && length(var.l) <= 3"},
		{"s", "type = string\n sensitive = true", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, name, body, condition string) {
		text := "variable \"" + name + "\" {\n" + body + "\n"
		if condition != "" {
			text += "validation {\n condition = " + condition + "\n error_message = \"x\"\n}\n"
		}
		dir := t.TempDir()
		module := filepath.Join(dir, "cache", "modules", "m")
		if err := writePrivate(filepath.Join(module, "main.tf"), []byte(text+"}\n")); err != nil {
			t.Fatal(err)
		}
		is, err := terraform.Engine{}.Describe(t.Context(), t.TempDir(), terraform.Module{Source: "./modules/m", Local: os.DirFS(module)})
		if err != nil {
			return // no module; what calls others would be fetched
		}
		draft := capability.Draft{Name: "cache", Type: "cache", Owner: "group:default/platform", Source: "./modules/m", Module: interfaceOf(is)}
		files, err := draft.Files()
		if _, refused := errors.AsType[*capability.DraftError](err); refused {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			if err := writePrivate(filepath.Join(dir, "cache", name), data); err != nil {
				t.Fatal(err)
			}
		}
		def, err := capability.Load(os.DirFS(dir), "cache")
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, text, files[capability.FileName])
		}
		for _, f := range def.Lint(map[string]capability.Interface{"spec.types.cache.implementations[0].module": draft.Module}) {
			if f.Severity == capability.SeverityError {
				t.Errorf("%+v\n%s\n%s", f, text, files[capability.FileName])
			}
		}
	})
}
