package cli

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
)

// TestEditable compares the files in a directory, whatever it is called.
func TestEditable(t *testing.T) {
	committed := fstest.MapFS{
		"same/capability.yaml":    {Data: []byte("a")},
		"changed/capability.yaml": {Data: []byte("a")},
		"gone/capability.yaml":    {Data: []byte("a")},
	}
	for _, name := range []string{"plain", "work[1]", "a*b", `back\slash`} {
		dir := filepath.Join(t.TempDir(), name)
		for capability, text := range map[string]string{"same": "a", "changed": "b", "new": "a"} {
			if err := os.MkdirAll(filepath.Join(dir, capability), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, capability, "capability.yaml"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := editable(committed, dir, "capabilities")
		slices.Sort(got)
		want := []string{"capabilities/changed/capability.yaml", "capabilities/gone/capability.yaml", "capabilities/new/capability.yaml"}
		if !slices.Equal(got, want) {
			t.Errorf("in %q: %q, want %q", name, got, want)
		}
	}
}
