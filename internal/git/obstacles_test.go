package git

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// What a killed session of ours left is no obstacle, whatever it was doing: the
// next session clears it up.
func TestObstaclesAreNotOurs(t *testing.T) {
	for stop := range stops {
		t.Run(strconv.Itoa(stop), func(t *testing.T) {
			dir := startTree(t)
			dieAt(t, dir, stop)
			r, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, obstacle := range r.Obstacles(t.Context(), "main", "") {
				t.Errorf("%T: %v", obstacle, obstacle)
			}
		})
	}
}

// What a person did, or git left, is one: each is named.
func TestObstacles(t *testing.T) {
	dir := startTree(t)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if found := r.Obstacles(t.Context(), "main", ""); len(found) > 0 {
		t.Fatalf("at the start: %v", found)
	}
	for _, name := range []string{".git/index.lock", ".git/refs/heads/main.lock", ".git/packed-refs.lock"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		found := r.Obstacles(t.Context(), "main", "")
		locked, ok := errors.AsType[*LockedError](errors.Join(found...))
		if !ok || len(found) != 1 || locked.Path != path {
			t.Errorf("%s: %v", name, found)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	found := r.Obstacles(t.Context(), "main", "")
	if dirty, ok := errors.AsType[*DirtyError](errors.Join(found...)); !ok || len(dirty.Paths) != 1 || dirty.Paths[0] != "file" {
		t.Errorf("edited: %v", found)
	}
	if found := r.Obstacles(t.Context(), "main", "elsewhere"); len(found) > 0 {
		t.Errorf("edited elsewhere: %v", found)
	}
	if err := execGit(t, dir, "switch", "-q", "-c", "mine").Run(); err != nil {
		t.Fatal(err)
	}
	found = r.Obstacles(t.Context(), "main", "")
	if branch, ok := errors.AsType[*BranchError](errors.Join(found...)); !ok || branch.Head != "mine" {
		t.Errorf("other branch: %v", found)
	}
}
