package terraform_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// Functions that read files of whoever plans are found in every expression, in
// both syntaxes, and in the templates that a module brings.
func TestReads(t *testing.T) {
	tests := map[string]string{
		`file("/etc/passwd")`:                       "file() of",
		`file("~/.ssh/id_rsa")`:                     "file() of",
		`upper("x${filebase64("x")}")`:              "filebase64() of",
		`[for x in ["a"] : { y = filemd5(x) }]`:     "filemd5() of",
		`true ? 1 : filesha256("${path.root}/x")`:   "filesha256() of",
		`filebase64sha512(["/etc/passwd"]...)`:      "filebase64sha512() of",
		`fileexists("/etc/passwd")`:                 "fileexists() of",
		`fileset("/etc", "*")`:                      "fileset() of",
		`fileset(path.module, "{.,x}./*")`:          "fileset() of",
		`fileset(path.module, "../*")`:              "fileset() of",
		`templatefile("/etc/hosts", {})`:            "templatefile() of",
		`templatefile("${path.module}/none", {})`:   "templatefile() of a file that cannot be read",
		`templatefile("${path.module}/bad.tpl", 1)`: "file() in a template",
		`templatefile("${path.module}/odd.tpl", 1)`: "a template that cannot be read",
		`templatestring(local.name, {})`:            "templatestring()",
		`pathexpand("~")`:                           "pathexpand() of",
		`core::file("/etc/passwd")`:                 "file() of",
		`file("${path.module}/../x")`:               "file() of",
		`file("${path.module}/.${"."}/x")`:          "file() of",
		`file("${path.module}x")`:                   "file() of",
		`file("${path.module}/${local.name}")`:      "file() of",
		`file("${path["module"]}/x")`:               "file() of",
		`[for path in [{ module = "/etc" }] : 1]`:   `a loop variable "path"`,

		`file("${path.module}/x.txt")`:              "",
		`fileset("${path.module}/x", "**/*.txt")`:   "",
		`fileset(path.module, "*")`:                 "",
		`templatefile("${path.module}/ok.tpl", {})`: "",
		`file("${path.module}/x$${y}")`:             "",
		`filter("/etc/passwd")`:                     "",
		`"file(\"/etc/passwd\")"`:                   "",
	}
	e := engine(t)
	for expression, want := range tests {
		quoted, err := json.Marshal("${" + expression + "}")
		if err != nil {
			t.Fatal(err)
		}
		texts := map[string]string{
			"x.tf":        "locals {\n  x = " + expression + "\n}",
			"x.tofu":      "resource \"a\" \"b\" {\n  c { x = " + expression + " }\n}",
			"x.tf.json":   "{\"locals\":\n{\"x\": [{\"y\": " + string(quoted) + "}]}}",
			"x.tofu.json": "{\"locals\":\n{\"x\": {" + string(quoted) + ": 1, \"a\": 1}}}",
			"y.tf.json":   "{\"locals\": {\"x\": {\"a\":\n" + string(quoted) + ", \"a\": 1}}}",
		}
		for file, text := range texts {
			m := local("./x", nil, file, text, "bad.tpl", "\n${file(\"/etc/passwd\")}", "odd.tpl", "\n${", "ok.tpl", "${upper(\"x\")} file(1)")
			got, err := e.Describe(t.Context(), t.TempDir(), m)
			found := err == nil && len(got.Risks) > 0
			if err != nil || found != (want != "") || found && !strings.HasPrefix(got.Risks[0].What, want) {
				t.Errorf("%s: %s: Describe = %+v, %v, want %q", file, expression, got.Risks, err, want)
			}
			if found && got.Risks[0].Line != 2 && !strings.HasSuffix(got.Risks[0].File, ".tpl") {
				t.Errorf("%s: %s: line %d, want 2", file, expression, got.Risks[0].Line)
			}
		}
	}
}
