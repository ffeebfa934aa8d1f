package terraform_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/terraform"
)

const richModule = `
terraform {
  required_version = ">= 1.11"
  required_providers {
    platformctl = { source = "platformctl.local/platform/platformctl" }
  }
}

variable "name" { type = string }

variable "password" {
  type      = string
  sensitive = true
  ephemeral = true
}

variable "size" {
  type    = object({ cpu = number })
  default = { cpu = 1 }
}

ephemeral "platformctl_secret" "password" {
  ref = "a/b"
}

resource "platformctl_postgresql_role" "owner" {
  name = var.name
}

module "inner" {
  source = "./parts/inner/"
  name   = var.name
}

output "name" { value = module.inner.name }

output "secret" {
  value     = var.name
  sensitive = true
}

output "passing" {
  value     = var.password
  ephemeral = true
}
`

const innerModule = `
variable "name" {}
module "leaf" {
  source = "../leaf"
  name   = var.name
}
output "name" { value = module.leaf.name }
`

func richTree() fs.FS {
	return files("main.tf", richModule, "parts/inner/main.tf", innerModule, "parts/leaf/main.tf", dataModule, "README.md", "read me")
}

func TestPrepareRenders(t *testing.T) {
	e := engine(t)
	dir := filepath.Join(t.TempDir(), "deep", "run")
	binary := filepath.Join(t.TempDir(), "platformctl")
	write(t, binary, "binary", 0o700)
	m := terraform.Module{
		Source: "./modules/rich", Local: richTree(),
		Variables: map[string]any{"name": "<x>", "password": "secret"},
		Own:       map[string]any{"connection": "/a/${b}/%{c}", "mark": "m"},
	}
	r, err := e.Prepare(t.Context(), dir, m, binary)
	if err != nil {
		t.Fatal(err)
	}
	want := terraform.Rendered{
		Main: []byte(`{
  "//": "Written by platformctl. Changes here are lost.",
  "module": {
    "this": {
      "name": "${var.name}",
      "password": "${var.password}",
      "source": "./module"
    }
  },
  "output": {
    "name": {
      "value": "${module.this.name}"
    },
    "secret": {
      "sensitive": true,
      "value": "${module.this.secret}"
    }
  },
  "terraform": {
    "required_providers": {
      "platformctl": {
        "source": "platformctl.local/platform/platformctl"
      }
    },
    "required_version": ">= 1.11.0"
  },
  "variable": {
    "name": {},
    "password": {
      "ephemeral": true,
      "sensitive": true
    }
  }
}
`),
		Variables: []byte("{\n  \"name\": \"<x>\",\n  \"password\": \"secret\"\n}\n"),
		Needs:     []string{"postgresql"},
		VariablesDeclared: []terraform.Variable{
			{Name: "name", Type: "string", Required: true},
			{Name: "password", Type: "string", Required: true, Sensitive: true},
			{Name: "size", Type: "object({ cpu = number })"},
		},
		OutputsDeclared: []string{"name", "secret"},
	}
	want.Digest = r.Digest // TestDigest is about it
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("Rendered (-want +got):\n%s", diff)
	}
	wantFiles := map[string]string{
		"main.tf.json":          string(want.Main),
		"terraform.tfvars.json": string(want.Variables),
		"provider.tf.json": `{
  "//": "Written by platformctl. Changes here are lost.",
  "provider": {
    "platformctl": {
      "connection": "/a/$${b}/%%{c}",
      "mark": "m"
    }
  }
}
`,
		".terraform/modules/modules.json": `{"Modules":[{"Key":"","Source":"","Dir":"."},{"Key":"this","Source":"./module","Dir":"module"},` +
			`{"Key":"this.inner","Source":"./parts/inner","Dir":"module/parts/inner"},{"Key":"this.inner.leaf","Source":"../leaf","Dir":"module/parts/leaf"}]}`,
		"module/main.tf":             richModule,
		"module/parts/inner/main.tf": innerModule,
		"module/parts/leaf/main.tf":  dataModule,
		"module/README.md":           "read me",
	}
	got := tree(t, dir)
	arch := runtime.GOOS + "_" + runtime.GOARCH
	own := "platformctl.local/platform/platformctl/1.0.0/" + arch
	wantFiles[".terraform/providers/"+own] = "-> ../../../../../../terraform.d/plugins/" + own
	wantFiles["terraform.d/plugins/"+own+"/terraform-provider-platformctl_v1.0.0"] = "-> " + binary
	wantFiles[".terraform.lock.hcl"] = got[".terraform.lock.hcl"] // TestPlainTerraform is about it
	if diff := cmp.Diff(wantFiles, got); diff != "" {
		t.Errorf("directory (-want +got):\n%s", diff)
	}
}

// tree returns the files below dir by path, links with "-> ".
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(name)
			out[rel] = "-> " + target
			return err
		}
		out[rel] = read(t, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDigest(t *testing.T) {
	e := engine(t)
	digest := func(pairs ...string) string {
		return prepare(t, e, t.TempDir(), local("./x", nil, append(pairs, "main.tf", "")...)).Digest
	}
	one := digest("a", "b")
	// { sha256sum a main.tf; } | sha256sum, with b in a and nothing in main.tf.
	if want := "sha256:3d02dea87658c02bf826c8cb0349584a5597b2425f978e4c6f8ccc8fe3fe646a"; one != want {
		t.Errorf("digest = %s, want %s", one, want)
	}
	for name, other := range map[string]string{
		"content": digest("a", "c"), "name": digest("b", "b"), "fewer": digest(), "more": digest("a", "b", "c", ""),
		"path": digest("a/a", "b"), "shifted": digest("a", "", "b", ""),
	} {
		if other == one {
			t.Errorf("%s: the same digest", name)
		}
	}
	if again := digest("a", "b"); again != one {
		t.Errorf("digest = %s, then %s", one, again)
	}
	m := local("./x", nil, "a", "b", "main.tf", "")
	m.Digest = "sha256:other"
	dir := t.TempDir()
	_, err := e.Prepare(t.Context(), dir, m, "")
	var wrong *terraform.DigestError
	if !errors.As(err, &wrong) || *wrong != (terraform.DigestError{Source: "./x", Want: "sha256:other", Got: one}) {
		t.Errorf("Prepare = %v, want a *DigestError", err)
	}
	if got := tree(t, dir); len(got) != 0 {
		t.Errorf("the directory holds %v", got)
	}
	m.Digest = one
	prepare(t, e, dir, m)
}

// B91, and what else a module may not be.
func TestPrepareRefusesModules(t *testing.T) {
	e := engine(t)
	link := fstest.MapFS{"main.tf": {}, "x": {Mode: fs.ModeSymlink, Data: []byte("/etc/passwd")}}
	tests := map[string]struct {
		tree fs.FS
		want string
	}{
		".terraform":           {files("main.tf", "", ".terraform/modules/modules.json", "{}"), ".terraform: is what terraform init leaves behind"},
		".terraform below":     {files("main.tf", "", "x/.terraform/y", ""), "x/.terraform: is what terraform init leaves behind"},
		"auto.tfvars":          {files("main.tf", "", "x.auto.tfvars", ""), "x.auto.tfvars: would set variables unseen"},
		"auto.tfvars.json":     {files("main.tf", "", "x.auto.tfvars.json", ""), "x.auto.tfvars.json: would set variables unseen"},
		"override":             {files("main.tf", "", "override.tf", ""), "override.tf: would override other files"},
		"override below":       {files("main.tf", "", "x/a_override.tf.json", ""), "x/a_override.tf.json: would override other files"},
		"override of OpenTofu": {files("main.tf", "", "a_override.tofu", ""), "a_override.tofu: would override other files"},
		"backend":              {files("main.tf", "terraform {\n  backend \"pg\" {}\n}\n"), "main.tf: has a backend block"},
		"backend in JSON":      {files("main.tf", "", "a.tf.json", `{"terraform":{"backend":{"pg":{}}}}`), "a.tf.json: has a backend block"},
		"backend of OpenTofu":  {files("main.tf", "", "a.tofu", "terraform {\n  backend \"pg\" {}\n}\n"), "a.tofu: has a backend block"},
		"cloud":                {files("main.tf", "terraform {\n  cloud {}\n}\n"), "main.tf: has a backend block"},
		"backend in a called":  {files("main.tf", "module \"x\" {\n  source = \"./x\"\n}\n", "x/main.tf", "terraform {\n  backend \"pg\" {}\n}\n"), "x/main.tf: has a backend block"},
		"syntax":               {files("main.tf", "variable x {"), "main.tf: line 1: Unclosed configuration block"},
		"JSON syntax":          {files("a.tf.json", "{"), "a.tf.json: line 1: Missing value"},
		"nothing":              {files("README.md", ""), ".: has no .tf files"},
		"outside":              {files("main.tf", "module \"x\" {\n  source = \"../x\"\n}\n"), `.: calls "../x", outside of the module`},
		"outside from below":   {files("main.tf", "module \"x\" {\n  source = \"./x\"\n}\n", "x/main.tf", "module \"y\" {\n  source = \"../../y\"\n}\n"), `x: calls "../../y", outside of the module`},
		"itself":               {files("main.tf", "module \"x\" {\n  source = \"./.\"\n}\n"), `.: calls "./.", outside of the module`},
		"a called one missing": {files("main.tf", "module \"x\" {\n  source = \"./x\"\n}\n"), "x: cannot be read"},
		"a link":               {link, "x: is not a regular file"},
		"a control character":  {files("main.tf", "", "a\nb", ""), "a\nb: has a control character in its name"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			prepare(t, e, dir, local("./good", map[string]any{"name": "x"}, "main.tf", dataModule))
			before := tree(t, dir)
			_, err := e.Prepare(t.Context(), dir, terraform.Module{Source: "./bad", Local: tt.tree}, "")
			if _, ok := errors.AsType[*terraform.ModuleError](err); !ok {
				t.Fatalf("Prepare = %v, want a *ModuleError", err)
			}
			if want := `module "./bad": ` + tt.want; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error:\n%s\nwant:\n%s", err, want)
			}
			if _, inspected := e.Inspect(terraform.Module{Source: "./bad", Local: tt.tree}); inspected == nil || inspected.Error() != err.Error() {
				t.Errorf("Inspect = %v, want what Prepare says", inspected)
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("the directory changed:\n%s", diff)
			}
		})
	}
}

func TestPrepareRefusesSources(t *testing.T) {
	e := engine(t, "PLATFORMCTL_TERRAFORM", "")
	for _, source := range []string{
		"", "./x", "../../x", "/etc", "~/x", "--upload-pack=x", "-oProxyCommand=x:repo", "git::--upload-pack=x", "git::ssh://-oProxyCommand=x/y",
		"git::ssh://example.com/x?ref=--upload-pack=x", "git::https://example.com/x?depth=1&ref=-x", "${file(\"/etc/passwd\")}", "a/b c/d", "a\n/b/c",
	} {
		_, err := e.Prepare(t.Context(), t.TempDir(), terraform.Module{Source: source}, "")
		if _, ok := errors.AsType[*terraform.ModuleError](err); !ok {
			t.Errorf("Prepare of %q = %v, want a *ModuleError", source, err)
		}
	}
}

// A second call writes nothing and runs nothing; a file that is not what it was
// is put back.
func TestPrepareRepairs(t *testing.T) {
	e, log := wrapped(t)
	dir := filepath.Join(t.TempDir(), "run")
	binary := filepath.Join(t.TempDir(), "platformctl")
	write(t, binary, "binary", 0o700)
	m := terraform.Module{
		Source: "./modules/rich", Local: richTree(),
		Variables: map[string]any{"name": "x", "password": "secret"}, Own: map[string]any{"mark": "m"},
	}
	again := func() {
		t.Helper()
		if _, err := e.Prepare(t.Context(), dir, m, binary); err != nil {
			t.Fatal(err)
		}
	}
	again()
	want, times := tree(t, dir), mtimes(t, dir)
	again()
	if diff := cmp.Diff(times, mtimes(t, dir)); diff != "" {
		t.Errorf("the second call wrote:\n%s", diff)
	}
	for name, content := range want {
		path := filepath.Join(dir, name)
		for what, spoil := range map[string]func() error{
			"removed": func() error { return os.Remove(path) },
			"emptied": func() error { return os.WriteFile(path, nil, 0o600) },
			"a link":  func() error { return errors.Join(os.Remove(path), os.Symlink("/nowhere", path)) },
		} {
			if what == "emptied" && strings.HasPrefix(content, "-> ") {
				continue
			}
			if err := spoil(); err != nil {
				t.Fatal(err)
			}
			again()
			if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
				t.Errorf("after %s was %s:\n%s", name, what, diff)
			}
		}
	}
	for _, stray := range []string{"module/stray.tf", "module/parts/x/stray.tf", ".platformctl-tmp-1", ".platformctl-tmp-module/main.tf", ".terraform/environment", ".terraform/terraform.tfstate", ".fetch/main.tf.json"} {
		write(t, filepath.Join(dir, stray), "other", 0o600)
	}
	for _, gone := range []string{".terraform/providers", "terraform.d", "module/parts"} {
		if err := os.RemoveAll(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	again()
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("after strays:\n%s", diff)
	}
	// The binary changes: only the lock file follows.
	write(t, binary, "another binary", 0o700)
	again()
	got := tree(t, dir)
	if got[".terraform.lock.hcl"] == want[".terraform.lock.hcl"] {
		t.Error("the lock file has the old hash")
	}
	// A module without our provider needs nothing of it.
	if _, err := e.Prepare(t.Context(), dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule), binary); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"provider.tf.json", ".terraform.lock.hcl", "module/README.md"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	if diff := cmp.Diff([]string{"version"}, verbs(t, log)); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

func mtimes(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for name := range tree(t, dir) {
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = info.ModTime().String()
	}
	return out
}
