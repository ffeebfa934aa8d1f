package store_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/platformctl/platformctl/internal/store"
)

// openAs opens the platform that options name as another writer.
func openAs(t *testing.T, options store.Options, writer string) *store.Store {
	t.Helper()
	options.Writer = writer
	s, err := store.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReserve(t *testing.T) {
	_, options := create(t, false)
	mine, theirs := openAs(t, options, writer), openAs(t, options, "fedcba987654")
	r := store.Reservation{Name: "db", Request: id(1), Machine: "here", Since: noon}
	for range 2 { // a request that was cut short reserves again
		if err := mine.Reserve(r); err != nil {
			t.Fatal(err)
		}
	}
	err := theirs.Reserve(store.Reservation{Name: "db", Request: id(2), Machine: "there", Since: noon})
	var reserved *store.ReservedError
	if !errors.As(err, &reserved) || reserved.Request != id(1) || reserved.Writer != writer {
		t.Fatalf("error = %v", err)
	}
	if _, err := os.Stat(reserved.Path); err != nil || !strings.Contains(reserved.Error(), "here since 2026-03-01T12:00:00Z") {
		t.Errorf("%v, %v", reserved, err)
	}
	if err := theirs.Release("db"); err != nil {
		t.Fatal(err)
	}
	if err := theirs.Reserve(r); err == nil {
		t.Error("somebody else released it")
	}
	if err := theirs.Reserve(store.Reservation{Name: "other", Request: id(3)}); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := mine.Release("db"); err != nil {
			t.Fatal(err)
		}
	}
	if err := theirs.Reserve(r); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(reserved.Path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := mine.Reserve(r); err == nil || !strings.Contains(err.Error(), reserved.Path) {
		t.Errorf("a damaged reservation gives %v", err)
	}
}

// Of many writers at once one gets a name.
func TestReserveAtOnce(t *testing.T) {
	_, options := create(t, false)
	for round := range 20 {
		var won, lost atomic.Int32
		var all sync.WaitGroup
		for n := range 8 {
			s := openAs(t, options, fmt.Sprintf("%012x", n))
			all.Go(func() {
				err := s.Reserve(store.Reservation{Name: fmt.Sprintf("db-%d", round), Request: id(n)})
				var reserved *store.ReservedError
				switch {
				case err == nil:
					won.Add(1)
				case errors.As(err, &reserved):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 || lost.Load() != 7 {
			t.Fatalf("%d won, %d lost", won.Load(), lost.Load())
		}
	}
}
