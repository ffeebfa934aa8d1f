package terraform

import (
	"os"
	"path/filepath"
	"testing"
)

// Where no symbolic links can be made, the provider is found all the same.
func TestStandIn(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "platformctl")
	if err := os.WriteFile(binary, []byte("program"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "mirror", ownFileName)
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := standIn(binary, file, ""); err != nil {
		t.Fatalf("standIn() of a file: %v", err)
	}
	installed := filepath.Join(dir, "installed")
	if err := standIn(filepath.Dir(file), installed, ownFileName); err != nil {
		t.Fatalf("standIn() of a directory: %v", err)
	}
	want, err := os.Stat(binary)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(installed, ownFileName)} {
		if have, err := os.Stat(path); err != nil || !os.SameFile(have, want) {
			t.Errorf("%q is not the provider (%v)", path, err)
		}
	}
	// The next time nothing is made again.
	if err := link(binary, file, ""); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		t.Errorf("%q was replaced: %v, %v", file, info.Mode(), err)
	}
}
