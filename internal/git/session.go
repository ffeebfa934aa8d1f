package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/platformctl/platformctl/internal/durable"
)

// Files of our own, in a directory of the git directory that git ignores. A
// lock of git is taken by linking one of them to the lock's name. So a lock
// that a killed writer left is known by its inode, and is removed by the next
// one; a lock of git itself is not.
const (
	ownDir    = "platformctl"
	lockFile  = "lock"    // flock: the queue of writers
	refFile   = "ref"     // becomes refs/heads/<branch>.lock, then the branch
	indexFile = "index"   // becomes index.lock, then the index
	pendFile  = "pending" // commit whose files are being brought along
)

// lockPatience is how long a lock of git is waited for: git holds them for
// milliseconds.
const lockPatience = 2 * time.Second

// Session is the exclusive right to write to a repository.
type Session struct {
	repo *Repo
	lock *flock.Flock
}

// Result is the outcome of a commit.
type Result struct {
	Commit Hash
	// Behind says what was not finished after the commit was done: bringing
	// the working tree along, which the next session does, or consolidating
	// packs. It is nil when all is well.
	Behind error
}

// Lock waits until no other session is open on the repository, in this or
// another process, or until ctx ends. What a killed session left is cleared
// up. The caller must Close the session.
func (r *Repo) Lock(ctx context.Context) (*Session, error) {
	if err := durable.MkdirAll(r.own(""), 0o777); err != nil {
		return nil, err
	}
	s := &Session{repo: r, lock: flock.New(r.own(lockFile))}
	locked := make(chan error, 1)
	go func() { locked <- s.lock.Lock() }()
	select {
	case err := <-locked:
		if err != nil {
			return nil, err
		}
	case <-ctx.Done():
		go func() { // flock cannot be interrupted
			if <-locked == nil {
				_ = s.lock.Unlock()
			}
		}()
		return nil, fmt.Errorf("waiting for another writer: %w", context.Cause(ctx))
	}
	if err := s.settle(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the session.
func (s *Session) Close() { _ = s.lock.Unlock() }

// Commit makes a commit on the tip of a branch and returns when it is on disk:
// objects, pack, branch, directories. On error nothing was changed, unless
// only the last fsync failed. ErrMoved says that the branch no longer stands
// at c.Parent. Edits that change nothing make no commit; the result is the
// parent then.
//
// With a working tree, the edited paths are brought along with the index. The
// errors that forbid it, all before anything is changed, are [*BranchError],
// [*BusyError], [*DirtyError], [*LockedError] and [*FormatError].
func (s *Session) Commit(ctx context.Context, c NewCommit) (Result, error) {
	b, err := s.repo.build(c)
	if err != nil {
		return Result{}, err
	}
	if len(b.changes) == 0 && !c.Parent.IsZero() {
		return Result{Commit: c.Parent}, nil
	}
	w, err := s.prepare(ctx, c, b.changes)
	if err != nil {
		return Result{}, err
	}
	defer w.close()
	if c.Trial {
		return Result{Commit: c.Parent}, nil
	}
	if err := parallel([]func() error{
		func() error { return s.repo.objects.writePack(b.objects) },
		func() error { return w.announce(c.Parent, b.commit) },
	}, func(do func() error) error { return do() }); err != nil {
		return Result{}, errors.Join(err, w.withdraw(c.Branch, b.commit))
	}
	if err := s.swap(ctx, c.Branch, c.Parent, b.commit); err != nil {
		return Result{}, errors.Join(err, w.withdraw(c.Branch, b.commit))
	}
	return Result{Commit: b.commit, Behind: errors.Join(w.bring(), s.consolidate())}, nil
}

// Private is the path of a file in the repository that no commit holds and git
// knows nothing of. Whoever can write to the repository can write there.
func (r *Repo) Private(name string) string { return r.own(name) }

// own is the path of a file of ours that belongs to the repository.
func (r *Repo) own(name string) string { return filepath.Join(r.common, ownDir, name) }

// ownTree is the path of a file of ours that belongs to the working tree.
func (r *Repo) ownTree(name string) string { return filepath.Join(r.dir, ownDir, name) }

// takeLock links our file to the name of a lock of git, which must be free or
// become free soon.
func takeLock(ctx context.Context, own, lock string) error {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for pause := time.Millisecond; ; pause *= 2 {
		err := os.Link(own, lock)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		select {
		case <-time.After(min(pause, 100*time.Millisecond)):
		case <-ctx.Done():
			holder, err := os.Lstat(lock)
			if err != nil {
				return fmt.Errorf("lock %q: %w", lock, context.Cause(ctx))
			}
			return &LockedError{Path: lock, Since: holder.ModTime()}
		}
	}
}

// writeSynced writes a new file of ours.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(writeAll(f, data), f.Sync(), f.Close())
}
