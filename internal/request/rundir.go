package request

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/gofrs/flock"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
)

// lock keeps other requests for the same resource waiting, on this machine. The
// kernel frees it when this process ends, however it ends.
func (f *flight) lock(ctx context.Context) (func(), error) {
	path := filepath.Join(f.Paths.Locks(), "resource-"+f.ask.Name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	lock := flock.New(path, flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err == nil && !locked {
		f.tell(StepWait, "start", "waiting for another request for "+f.ask.Name)
		_, err = lock.TryLockContext(ctx, 50*time.Millisecond)
		f.waited(true, err)
	}
	if errors.Is(err, context.Canceled) {
		return nil, ErrCancelled
	}
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// runDirectory chooses where Terraform runs. A dry run gets a scratch directory
// with a copy of the state, so that it leaves no trace.
func (f *flight) runDirectory() (func(), error) {
	f.dir = f.Paths.Runs(f.env.Name, f.ask.Name)
	if !f.ask.DryRun {
		return func() {}, nil
	}
	// A state that cannot be trusted is found where it is, not in the copy.
	if _, _, err := f.Terraform.Outputs(f.dir); err != nil {
		return nil, err
	}
	scratch, remove, err := f.TempDir()
	if err != nil {
		return nil, err
	}
	state, err := durable.ReadFile(filepath.Join(f.dir, stateFile), durable.Large)
	switch {
	case errors.Is(err, os.ErrNotExist):
	case err != nil:
		remove()
		return nil, fmt.Errorf("state: %w", err)
	default:
		if err := os.WriteFile(filepath.Join(scratch, stateFile), state, 0o600); err != nil {
			remove()
			return nil, fmt.Errorf("state: %w", err)
		}
	}
	f.dir = scratch
	return remove, nil
}

const stateFile = "terraform.tfstate"

// Refresh writes the run directory of the resource name as the record says,
// without planning or changing anything else.
func (s *Service) Refresh(ctx context.Context, name string) error {
	f := &flight{Service: s, ask: Ask{Name: name}}
	unlock, err := f.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	snapshot, err := s.Record.Snapshot(ctx)
	if err != nil {
		return err
	}
	resource, found, err := snapshot.ResourceByName(name)
	if err != nil {
		return err
	}
	if !found {
		return &platform.UnknownError{What: "resource", Name: name}
	}
	f.ask.Capability = capability.NameOf(resource.Record.Spec.Capability)
	if err := f.prepare(ctx); err != nil {
		return err
	}
	f.dir = s.Paths.Runs(f.env.Name, name)
	return f.render(ctx)
}
