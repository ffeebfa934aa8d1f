package cli

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/terraform"
)

// sources are addresses of modules, and whether a definition may name them. What
// it may name, the engine is asked to fetch: two packages that do not know each
// other hold addresses to the same rules.
func sources() map[string]bool {
	return map[string]bool{
		"git::https://example.com/x.git?ref=v1":             true,
		"git::https://example.com/x.git//sub?ref=v1":        true,
		"git::ssh://git@example.com/x?ref=v1&depth=1":       true,
		"git::file:///srv/x?ref=v1":                         true,
		"https://example.com/x.zip":                         true,
		"https://example.com/x.zip?checksum=sha256:12":      true,
		"https://example.com/x//sub?archive=zip":            true,
		"terraform-aws-modules/rds/aws":                     true,
		"registry.example.com/a/b/c//sub":                   true,
		"a/b/c//sub/../x":                                   false,
		"a/b/c//sub?x=-y":                                   false,
		"a/b/c//${x}":                                       false,
		"git::https://example.com/x.git":                    false,
		"git::https://example.com/x.git?ref=v1&depth=-1":    false,
		"git::https://example.com/x.git?ref=v1&depth=%2d1":  false,
		"git::https://example.com/x.git?ref=v1&sshkey=x":    false,
		"git::https://example.com/x.git?ref=v1#=-x":         false,
		"git::https://example.com/${x}?ref=v1":              false,
		"git::https://example.com/a::b?ref=v1":              false,
		"git::https://example.com/a://-b?ref=v1":            false,
		"git::https://example.com/x.git//../y?ref=v1":       false,
		"git::HTTPS://example.com/x.git?ref=v1":             false,
		"git::https:example.com/x.git?ref=v1":               false,
		"git::ext::sh?ref=v1":                               false,
		"https://example.com/x.zip?aws_profile=x":           false,
		"https://example.com/x.zip?archive=zip&archive=tar": false,
		"https://example.com/x.zip?checksum=-x":             false,
		"https://example.com/x.zip?archive=zip?y=-x":        false,
		"https://example.com/x.zip?archive=zip=-x":          false,
		"https://example.com/x.zip//../y":                   false,
		"https://u:p@example.com/x.zip":                     false,
		"http://example.com/x.zip":                          false,
		"s3::https://example.com/x":                         false,
		"github.com/a/b":                                    false,
		"./a/b/c":                                           false,
		"a::b.c/d/e/f":                                      false,
	}
}

// defined is what a definition says for a source.
func defined(source string) (string, error) {
	version := "1.0.0"
	if strings.Contains(source, ":") {
		version = ""
	}
	return capability.RemoteSource(source, version)
}

func TestSources(t *testing.T) {
	for source, want := range sources() {
		written, err := defined(source)
		if (err == nil) != want || want && written != source {
			t.Errorf("%q in a definition: %q, %v", source, written, err)
		}
		if _, err := (terraform.Engine{}).Inspect(terraform.Module{Source: source}); want && err != nil {
			t.Errorf("%q may be in a definition, and is not fetched: %v", source, err)
		}
	}
}

// What is a file of a module for a definition, is one for the engine.
func TestModuleFiles(t *testing.T) {
	for name, want := range map[string]bool{
		"main.tf": true, "main.tf.json": true, "main.tofu": true, "main.tofu.json": true,
		".main.tf": false, "main.json": false, "main.tf.txt": false, "sub/main.tf": false,
	} {
		files := fstest.MapFS{name: {Data: []byte("{}")}}
		if strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tofu") {
			files[name].Data = nil
		}
		_, err := (terraform.Engine{}).Inspect(terraform.Module{Source: "./x", Local: files})
		if got := capability.HasTerraform(files); got != want || (err == nil) != want {
			t.Errorf("%s: HasTerraform = %v, Inspect = %v", name, got, err)
		}
	}
}

// What may be in a definition may be fetched.
func FuzzSource(f *testing.F) {
	for source := range sources() {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		written, err := defined(source)
		if err != nil {
			return
		}
		if _, err := (terraform.Engine{}).Inspect(terraform.Module{Source: written}); err != nil {
			t.Errorf("%q may be in a definition, and is not fetched: %v", written, err)
		}
	})
}
