package request

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
)

// Slots cap how many runs of the engine are under way at once, over all
// processes of this user on this machine: more of them than a machine has cores
// for only take each other's time. A slot is a file in Dir that is locked, so it
// is free again when its holder ends, however it ends.
//
// Whoever holds a slot waits for no other one and for no lock of a resource, so
// waiting comes to an end.
type Slots struct {
	Dir   string
	Count int // how many there are for this process; 0 is no cap
}

// slotPoll is how often a process that waits looks again. A look costs a system
// call for each slot.
const slotPoll = 40 * time.Millisecond

// enter takes a slot and returns how to leave it. waiting is told once, before
// the first wait. Without trace no file is made: a slot that nobody has ever
// held is free. The error is ErrCancelled when ctx ended.
func (s Slots) enter(ctx context.Context, trace bool, waiting func()) (leave func(), err error) {
	if s.Count <= 0 {
		return func() {}, nil
	}
	if trace {
		if err := os.MkdirAll(s.Dir, 0o700); err != nil {
			return nil, fmt.Errorf("slots: %w", err)
		}
	}
	for look := 0; ; look++ {
		slot, err := s.free(look, trace)
		if !trace && errors.Is(err, fs.ErrNotExist) {
			return func() {}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("slots: %w", err)
		}
		if slot != nil {
			return func() { _ = slot.Close() }, nil
		}
		if look == 0 {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, ErrCancelled
		case <-time.After(slotPoll):
		}
	}
}

// free locks a slot that is free; nil when none is. Each look begins with
// another one.
func (s Slots) free(look int, create bool) (*flock.Flock, error) {
	flag := os.O_RDONLY
	if create {
		flag |= os.O_CREATE
	}
	for i := range s.Count {
		path := filepath.Join(s.Dir, strconv.Itoa((i+look)%s.Count))
		slot := flock.New(path, flock.SetFlag(flag), flock.SetPermissions(0o600))
		locked, err := slot.TryLock()
		if err == nil && locked {
			return slot, nil
		}
		if err = errors.Join(err, slot.Close()); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// enterSlot takes a slot for the engine and says so when it has to wait.
func (f *flight) enterSlot(ctx context.Context) error {
	waited := false
	leave, err := f.Slots.enter(ctx, !f.ask.DryRun, func() {
		waited = true
		f.tell(StepWait, "start", fmt.Sprintf("waiting for its turn: %s under way on this machine", plural(f.Slots.Count, "run")))
	})
	f.waited(waited, err)
	if err == nil {
		f.leaveSlot = leave
	}
	return err
}

// waited tells how waiting ended, if there was any.
func (f *flight) waited(waited bool, err error) {
	switch {
	case !waited:
	case err != nil:
		f.tell(StepWait, "failed", "waiting")
	default:
		f.tell(StepWait, "done", "")
	}
}
