package secret

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// Another process that stopped while it wrote does not stop us for good.
func TestLockIsNotWaitedForWithoutEnd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	store, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	want, err := store.GetOrCreate(ref)
	if err != nil {
		t.Fatal(err)
	}
	store.(*files).patience = 50 * time.Millisecond
	other := flock.New(filepath.Join(dir, lockName))
	if err := other.Lock(); err != nil {
		t.Fatal(err)
	}
	for name, write := range map[string]func() error{
		"GetOrCreate": func() error { _, err := store.GetOrCreate("new"); return err },
		"Delete":      func() error { return store.Delete(ref) },
	} {
		locked, ok := errors.AsType[*LockedError](write())
		if !ok || locked.Path != filepath.Join(dir, lockName) {
			t.Errorf("%s: %v, want a LockedError", name, locked)
		}
	}
	if got, err := store.Get(ref); got != want || err != nil {
		t.Errorf("Get() beside a writer = %q, %v, want %q", got, err, want)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.GetOrCreate("new"); err != nil {
		t.Errorf("GetOrCreate() after the other: %v", err)
	}
}
