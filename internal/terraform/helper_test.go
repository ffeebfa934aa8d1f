package terraform_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/platformctl/platformctl/internal/terraform"
)

// getenv is the environment of the tests, changed by pairs of name and value.
func getenv(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return os.Getenv(name)
	}
}

// engine is the real one, with a cache of its own.
func engine(t testing.TB, pairs ...string) terraform.Engine {
	t.Helper()
	e, err := terraform.Find(t.Context(), terraform.FindOptions{Getenv: getenv(pairs...), CacheDir: t.TempDir()})
	if err != nil {
		t.Fatalf("the tests need terraform or tofu: %v", err)
	}
	return e
}

// files makes a file system of pairs of name and content.
func files(pairs ...string) fs.FS {
	fsys := fstest.MapFS{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

const dataModule = `
variable "name" {
  type = string
}

resource "terraform_data" "one" {
  input = var.name
}

output "name" {
  value = terraform_data.one.output
}
`

func prepare(t testing.TB, e terraform.Engine, dir string, m terraform.Module) terraform.Rendered {
	t.Helper()
	r, err := e.Prepare(t.Context(), dir, m, "")
	if err != nil {
		t.Fatalf("Prepare: %v", err)
	}
	return r
}

func plan(t testing.TB, e terraform.Engine, dir string, run terraform.Run) terraform.Plan {
	t.Helper()
	p, err := e.Plan(t.Context(), dir, run)
	if err != nil {
		t.Fatalf("Plan: %v", err)
	}
	return p
}

// apply plans and applies, and returns the outputs as JSON text.
func apply(t testing.TB, e terraform.Engine, dir string) map[string]string {
	t.Helper()
	p := plan(t, e, dir, terraform.Run{})
	raw, err := e.Apply(t.Context(), dir, terraform.Run{PlanDigest: p.Digest})
	if err != nil {
		t.Fatalf("Apply: %v", err)
	}
	out := map[string]string{}
	for name, value := range raw {
		out[name] = string(value)
	}
	return out
}

func local(source string, variables map[string]any, pairs ...string) terraform.Module {
	return terraform.Module{Source: source, Local: files(pairs...), Variables: variables}
}

func write(t testing.TB, path, content string, perm fs.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), perm); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, perm); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, elem ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
