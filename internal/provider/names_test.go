package provider

import (
	"strings"
	"testing"

	rules "github.com/platformctl/platformctl/internal/platform"
)

// FuzzNamesAreIdentifiers holds that every name that the platform takes is, with
// "_" for "-", the name of a role and a database, and of no other resource.
func FuzzNamesAreIdentifiers(f *testing.F) {
	for _, name := range []string{"checkout-service-postgresql", "pg-x", "public", "none", "a--b", "template1", "abc", "user", "a1-2", strings.Repeat("a", 40)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if rules.CheckName("name", name) != nil {
			return
		}
		identifier := strings.ReplaceAll(name, "-", "_")
		if err := checkIdentifier(identifier); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if back := strings.ReplaceAll(identifier, "_", "-"); back != name {
			t.Errorf("%q and %q share the identifier %q", name, back, identifier)
		}
	})
}
