package terraform

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/gofrs/flock"
	"github.com/hashicorp/terraform-exec/tfexec"
)

const lockRetry = 50 * time.Millisecond

// others installs the providers that are not ours, and returns the lock file
// about them.
func (w *workspace) others(ctx context.Context, text rendering) ([]byte, error) {
	if len(text.others) == 0 {
		return nil, nil
	}
	given, err := onlyFor(w.module.LockFile, text.others)
	if err != nil {
		return nil, &ModuleError{Source: w.module.Source, Path: lockFile, Problem: err.Error(), err: err}
	}
	if given == nil {
		if text.remote && w.module.Pinned {
			return nil, &UnlockedError{Source: w.module.Source, Providers: text.others}
		}
		if given, err = withoutOwn(w.module.LockFile); err != nil { // about others: the engine says so
			return nil, err
		}
	}
	have := w.lockedBefore(text)
	if given == nil {
		given = have
	}
	if have != nil && bytes.Equal(given, have) && w.installed(have) {
		return have, nil
	}
	if err := w.initialise(ctx, text, given); err != nil {
		return nil, err
	}
	lock, err := durable.ReadFile(w.path(lockFile), durable.Small)
	if err != nil {
		return nil, err
	}
	portable, err := withoutOwn(lock)
	if err != nil {
		return nil, err
	}
	w.stamp.Product, w.stamp.Others, w.stamp.Lock = w.Product, text.others, hashOf(portable)
	return portable, w.writeStamp()
}

// lockedBefore returns the lock file that an earlier call for the same
// providers left, or nil.
func (w *workspace) lockedBefore(text rendering) []byte {
	if w.stamp.Product != w.Product || !slices.Equal(w.stamp.Others, text.others) {
		return nil
	}
	lock, err := durable.ReadFile(w.path(lockFile), durable.Small)
	if err != nil {
		return nil
	}
	have, err := withoutOwn(lock)
	if err != nil || hashOf(have) != w.stamp.Lock {
		return nil
	}
	return have
}

// installed reports whether all that a lock file names is there.
func (w *workspace) installed(lock []byte) bool {
	entries, err := parseLock(lock)
	if err != nil {
		return false
	}
	for _, p := range entries {
		dir := filepath.Join(w.path(".terraform/providers"), filepath.FromSlash(p.Source), p.Version, osArch())
		if files, err := os.ReadDir(dir); err != nil || len(files) == 0 {
			return false
		}
	}
	return true
}

// initialise runs `terraform init`, bound by the lock file that was given. Our
// own provider is said to run already, so that init leaves it alone.
func (w *workspace) initialise(ctx context.Context, text rendering, given []byte) error {
	args := "-json"
	if given != nil {
		args += " -lockfile=readonly"
		if err := w.update(lockFile, given); err != nil {
			return err
		}
	} else if err := os.Remove(w.path(lockFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	set := map[string]string{"TF_CLI_ARGS_init": args}
	if w.cache != "" {
		unlock, err := w.lockPlugins(ctx, set)
		if err != nil {
			return err
		}
		defer unlock()
	}
	options := []tfexec.InitOption{tfexec.Get(false)}
	if text.provider != nil {
		options = append(options, tfexec.Reattach(tfexec.ReattachInfo{ownSource: {
			Protocol: "grpc", ProtocolVersion: 6, Pid: os.Getpid(), Addr: tfexec.ReattachConfigAddr{Network: "unix"},
		}}))
	}
	tf, err := w.command(w.dir, nil, set)
	if err != nil {
		return err
	}
	out := &stream{}
	tf.SetStdout(out)
	err = onOneThread(func() error { return tf.Init(ctx, options...) })
	out.flush()
	if err != nil {
		return runError(ctx, "init", out, err)
	}
	return nil
}

// lockPlugins makes the engine keep providers in our cache, which several inits
// at a time would spoil.
func (w *workspace) lockPlugins(ctx context.Context, set map[string]string) (func(), error) {
	dir := filepath.Join(w.cache, "plugins")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(dir + ".lock")
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return nil, err
	}
	set["TF_PLUGIN_CACHE_DIR"] = dir
	return func() { _ = lock.Unlock() }, nil
}
