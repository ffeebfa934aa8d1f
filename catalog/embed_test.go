package catalog_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/platformctl/platformctl/catalog"
)

// TestEmbedIsComplete holds the embedded tree against the directory: embedding
// leaves out, without a word, directories that hold a go.mod, and links.
func TestEmbedIsComplete(t *testing.T) {
	disk := os.DirFS(".")
	seen := 0
	err := fs.WalkDir(disk, "capabilities", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		seen++
		if !entry.Type().IsRegular() {
			t.Errorf("%s is no regular file", path)
			return nil
		}
		want, err := fs.ReadFile(disk, path)
		if err != nil {
			return err
		}
		got, err := fs.ReadFile(catalog.FS, path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not embedded as it is: %v", path, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 5 {
		t.Errorf("only %d files were compared", seen)
	}
}

// Every directory of the built-in platform but the Go package itself must be
// named in the embed line.
func TestEmbedNamesEveryDirectory(t *testing.T) {
	dirs, err := filepath.Glob("*/")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			continue
		}
		if _, err := fs.Stat(catalog.FS, filepath.ToSlash(filepath.Clean(dir))); err != nil {
			t.Errorf("%s is not embedded: %v", dir, err)
		}
	}
}
