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
func engine(tb testing.TB, pairs ...string) terraform.Engine {
	tb.Helper()
	e, err := terraform.Find(tb.Context(), terraform.FindOptions{Getenv: getenv(pairs...), CacheDir: tb.TempDir()})
	if err != nil {
		tb.Fatalf("the tests need terraform or tofu: %v", err)
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

func prepare(tb testing.TB, e terraform.Engine, dir string, m terraform.Module) terraform.Rendered {
	tb.Helper()
	r, err := e.Prepare(tb.Context(), dir, m, "")
	if err != nil {
		tb.Fatalf("Prepare: %v", err)
	}
	return r
}

func plan(tb testing.TB, e terraform.Engine, dir string, run terraform.Run) terraform.Plan {
	tb.Helper()
	p, err := e.Plan(tb.Context(), dir, run)
	if err != nil {
		tb.Fatalf("Plan: %v", err)
	}
	return p
}

// apply plans and applies, and returns the outputs as JSON text.
func apply(tb testing.TB, e terraform.Engine, dir string) map[string]string {
	tb.Helper()
	p := plan(tb, e, dir, terraform.Run{})
	raw, err := e.Apply(tb.Context(), dir, terraform.Run{PlanDigest: p.Digest})
	if err != nil {
		tb.Fatalf("Apply: %v", err)
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

func write(tb testing.TB, path, content string, perm fs.FileMode) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), perm); err != nil {
		tb.Fatal(err)
	}
	if err := os.Chmod(path, perm); err != nil {
		tb.Fatal(err)
	}
}

func read(tb testing.TB, elem ...string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(elem...))
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}
