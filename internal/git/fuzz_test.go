package git

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/google/go-cmp/cmp"
)

// FuzzIndex: no bytes make the reader of git's index fail other than with an
// error, and what it reads it writes so that it reads the same.
func FuzzIndex(f *testing.F) {
	for _, version := range []string{"2", "4"} {
		dir := f.TempDir()
		for _, name := range []string{"a", "dir/b", "dir/c"} {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				f.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
				f.Fatal(err)
			}
		}
		for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"update-index", "--index-version", version}} {
			plainGit(f, dir, args...)
		}
		data, err := os.ReadFile(filepath.Join(dir, ".git", "index"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := decodeIndex("index", data)
		if err != nil {
			return
		}
		again, err := decodeIndex("index", index.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(index.entries, again.entries, cmp.AllowUnexported(indexEntry{})); diff != "" {
			t.Errorf("read, written and read (-first +second):\n%s", diff)
		}
	})
}

// FuzzPack: no bytes make the reader of packs fail other than with an error,
// or give an object under a name that is not its hash.
func FuzzPack(f *testing.F) {
	dir := f.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), bytes.Repeat([]byte("line\n"), 100), 0o600); err != nil {
		f.Fatal(err)
	}
	plainGit(f, dir, "init", "-q")
	for _, text := range []string{"1", "2", "3"} {
		if err := os.WriteFile(filepath.Join(dir, "a"), append(bytes.Repeat([]byte("line\n"), 100), text...), 0o600); err != nil {
			f.Fatal(err)
		}
		plainGit(f, dir, "add", ".")
		plainGit(f, dir, "-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "-m", text)
	}
	plainGit(f, dir, "gc", "-q")
	packs, err := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		f.Fatalf("packs %v, %v", packs, err)
	}
	idx, err := os.ReadFile(packs[0][:len(packs[0])-len("pack")] + "idx")
	if err != nil {
		f.Fatal(err)
	}
	content, err := os.ReadFile(packs[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(idx, content)
	f.Fuzz(func(t *testing.T, idx, content []byte) {
		p, err := newPack("pack", idx, func() (io.ReaderAt, error) { return bytes.NewReader(content), nil })
		if err != nil {
			return
		}
		for i := range min(p.count, 50) {
			o := newObjects("absent")
			o.packs = map[string]*pack{"pack": p}
			obj, err := o.read(p.hash(i))
			if err == nil && plumbing.ComputeHash(obj.kind, obj.data) != p.hash(i) {
				t.Errorf("%s is another object", p.hash(i))
			}
		}
	})
}

func plainGit(f *testing.F, dir string, args ...string) {
	f.Helper()
	cmd := execGit(f, dir, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		f.Fatalf("git %v: %v\n%s", args, err, out)
	}
}
