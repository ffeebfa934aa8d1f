//go:build unix

package secret

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFilesArePrivate(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	identity, _ := newIdentity(t, 1)
	parent := t.TempDir()
	dir := filepath.Join(parent, "data", "secrets")
	mustGet(t, open(t, dir, "").GetOrCreate, "a/b")
	mustGet(t, open(t, dir, identity).GetOrCreate, "a/c/d")
	want := map[string]string{
		".": "drwx------", ".lock": "-rw-------",
		"a": "drwx------", "a/b.plain": "-rw-------",
		"a/c": "drwx------", "a/c/d.age": "-rw-------",
	}
	if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := tree(t, parent)["data"]; got != "drwx------" {
		t.Errorf("mode of the parent = %s", got)
	}
}
