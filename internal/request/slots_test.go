package request

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlotsCap has many take two slots at once.
func TestSlotsCap(t *testing.T) {
	slots := Slots{Dir: filepath.Join(t.TempDir(), "slots"), Count: 2}
	var inside, most, told atomic.Int32
	var counting sync.Mutex
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			leave, err := slots.enter(t.Context(), true, func() { told.Add(1) })
			if err != nil {
				t.Error(err)
				return
			}
			counting.Lock()
			most.Store(max(most.Load(), inside.Add(1)))
			counting.Unlock()
			time.Sleep(5 * time.Millisecond)
			inside.Add(-1)
			leave()
			leave() // once more is no harm
		})
	}
	all.Wait()
	if most.Load() != 2 || told.Load() == 0 {
		t.Errorf("%d held 2 slots at once, %d were told to wait", most.Load(), told.Load())
	}
}

func TestSlotsWaitEnds(t *testing.T) {
	slots := Slots{Dir: t.TempDir(), Count: 1}
	leave, err := slots.enter(t.Context(), true, func() { t.Error("waits for a free slot") })
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := slots.enter(ctx, true, func() {}); !errors.Is(err, ErrCancelled) {
			t.Errorf("error = %v", err)
		}
	})
	leave()
	if leave, err = slots.enter(t.Context(), true, func() { t.Error("waits for a slot that was left") }); err != nil {
		t.Fatal(err)
	}
	leave()
}

// A dry run takes part without leaving a file.
func TestSlotsWithoutTrace(t *testing.T) {
	slots := Slots{Dir: filepath.Join(t.TempDir(), "slots"), Count: 1}
	leave, err := slots.enter(t.Context(), false, func() { t.Error("waits for nobody") })
	if err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := os.Stat(slots.Dir); err == nil {
		t.Error("a directory was made")
	}
	if leave, err = slots.enter(t.Context(), true, func() {}); err != nil {
		t.Fatal(err)
	}
	waits := make(chan struct{})
	go func() { <-waits; leave() }()
	again, err := slots.enter(t.Context(), false, func() { close(waits) })
	if err != nil {
		t.Fatal(err)
	}
	again()
}
