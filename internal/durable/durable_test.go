package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/durable"
)

func TestWriteFileReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, data := range []string{"first", "", "third, longer"} {
		if err := durable.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := read(t, path); got != data {
			t.Errorf("WriteFile(%q) left %q", data, got)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want 0600: a replaced file keeps no wider mode", info.Mode())
	}
	wantNames(t, dir, "f")
}

func TestWriteFileFailsWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "d")
	if err := os.MkdirAll(filepath.Join(path, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("x"), 0o600); err == nil {
		t.Error("WriteFile over a directory succeeded")
	}
	wantNames(t, dir, "d")
	err := durable.WriteFile(filepath.Join(dir, "absent", "f"), nil, 0o600)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("WriteFile in an absent directory = %v, want fs.ErrNotExist", err)
	}
}

func TestCreateHasOneWinner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	var won atomic.Int64
	var winner atomic.Value
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			data := fmt.Sprint("writer ", i)
			err := durable.Create(path, []byte(data), 0o600)
			switch {
			case err == nil:
				won.Add(1)
				winner.Store(data)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d writers created the file, want 1", won.Load())
	}
	if got := read(t, path); got != winner.Load() {
		t.Errorf("file holds %q, the winner wrote %q", got, winner.Load())
	}
	wantNames(t, filepath.Dir(path), "f")
}

func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, line := range []string{"a\n", "b\n"} {
		if err := durable.Append(path, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, path); got != "a\nb\n" {
		t.Errorf("after two appends the file holds %q", got)
	}
}

func TestMkdirAll(t *testing.T) {
	dir := t.TempDir()
	deep := filepath.Join(dir, "a", "b", "c")
	for range 2 {
		if err := durable.MkdirAll(deep, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(deep)
	if err != nil || !info.IsDir() || info.Mode().Perm() != 0o700 {
		t.Errorf("MkdirAll made %v, %v", info, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "below")} {
		if err := durable.MkdirAll(path, 0o700); err == nil {
			t.Errorf("MkdirAll(%q) over a file succeeded", path)
		}
	}
}

// TestSyscalls holds the promise that no test of content can: what is
// reported as written was synced, the file before it got its name and the
// directory after.
func TestSyscalls(t *testing.T) {
	if target := os.Getenv("DURABLE_TEST_WRITE"); target != "" {
		if err := durable.WriteFile(target, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "strace.log")
	target := filepath.Join(dir, "out", "f")
	if err := durable.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "strace", "-f", "-y", "-o", log,
		"-e", "trace=fsync,fdatasync,rename,renameat,renameat2", os.Args[0], "-test.run=^TestSyscalls$")
	cmd.Env = append(os.Environ(), "DURABLE_TEST_WRITE="+target)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	trace := read(t, log)
	file := strings.Index(trace, durable.TempPrefix)
	rename := strings.Index(trace, "rename")
	directory := strings.Index(trace, "<"+filepath.Dir(target)+">")
	if file < 0 || rename < file || directory < rename {
		t.Errorf("want fsync of the file, rename, fsync of the directory; got\n%s", trace)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names in the directory (-want +got):\n%s", diff)
	}
}
