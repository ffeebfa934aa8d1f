// Package store is the one way to change the record of a platform, and the
// ground of every way to read it.
//
// The record is a git branch. A change becomes one commit that holds catalog
// entities, resource files, the request and the ledger lines together, so that
// they cannot come apart; it is on disk before success is said. A reader takes
// a [Snapshot]: one commit, which never changes.
//
// Nothing of the machine is written into the repository: neither paths nor
// names, unless the caller puts them into a change.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/platformctl/platformctl/internal/git"
	"github.com/platformctl/platformctl/internal/platform"
)

// Errors that callers tell apart.
var (
	// ErrNoPlatform says that there is no platform at the location: no
	// directory, no repository, or no platform.yaml at the tip of its branch.
	ErrNoPlatform = errors.New("no platform here")
	// ErrNotRepository says that a directory holds a platform.yaml and is no
	// git repository.
	ErrNotRepository = git.ErrNotRepository
	// ErrExists says that there is a platform at the location already.
	ErrExists = errors.New("there is a platform here already")
	// ErrNotEmpty says that a directory without a repository holds files.
	ErrNotEmpty = errors.New("the directory is not empty")
	// ErrRemoteUnsupported says that the platform is named by a URL.
	ErrRemoteUnsupported = errors.New("a platform named by a URL is not supported yet")
)

// The errors of a repository that cannot be written now; nothing was changed.
type (
	// DirtyError lists paths that a person edited and did not commit.
	DirtyError = git.DirtyError
	// BranchError says that the working tree is on another branch.
	BranchError = git.BranchError
	// BusyError says that a person is in the middle of a merge or a rebase.
	BusyError = git.BusyError
	// LockedError says that another program holds a lock of git.
	LockedError = git.LockedError
)

// Options say which platform is meant. Location, Paths and Now are required.
type Options struct {
	Location platform.Location
	Paths    platform.Paths
	Now      func() time.Time
	// Writer names the ledger chain of this user on this machine. Empty: a
	// pseudonym of 12 hexadecimal digits, made at the first commit and kept in
	// Paths.Data.
	Writer string
	// Bare makes Create build a repository without a working tree.
	Bare bool
}

// Store is the record of one platform. It is safe for concurrent use, also by
// several processes.
type Store struct {
	repo    *git.Repo
	branch  string
	options Options

	mu   sync.Mutex
	last *Snapshot // the newest that was read
}

// Open opens the platform at the location. Errors: ErrNoPlatform,
// ErrNotRepository, ErrRemoteUnsupported, those of a repository that cannot be
// read, and those of a platform.yaml that cannot be parsed.
func Open(ctx context.Context, options Options) (*Store, error) {
	if options.Location.URL != "" {
		return nil, ErrRemoteUnsupported
	}
	dir := options.Location.Dir
	repo, err := git.Open(dir)
	if errors.Is(err, git.ErrNotRepository) {
		if _, statErr := os.Lstat(filepath.Join(dir, platform.ConfigFile)); errors.Is(statErr, fs.ErrNotExist) {
			err = fmt.Errorf("%q: %w", dir, ErrNoPlatform)
		}
	}
	if err != nil {
		return nil, err
	}
	s := &Store{repo: repo, options: options}
	if s.branch, err = repo.Branch(); err != nil {
		return nil, err
	}
	if _, err := s.Snapshot(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// Snapshot returns the record as it is now.
func (s *Store) Snapshot(ctx context.Context) (*Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tip, err := s.repo.Tip(s.branch)
	if errors.Is(err, git.ErrNoCommit) {
		return nil, fmt.Errorf("%q: %w", s.options.Location.Dir, ErrNoPlatform)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || s.last.commit != tip {
		snapshot, err := readSnapshot(s.repo, tip)
		if err != nil {
			return nil, err
		}
		s.last = snapshot
	}
	return s.last, nil
}

// Obstacles lists what would keep the next change from being recorded, and
// changes nothing: errors that [Store.Commit] would return, and those of reading
// the repository. All files of the record are looked at.
func (s *Store) Obstacles(ctx context.Context) []error {
	return s.repo.Obstacles(ctx, s.branch, platform.CatalogDir, platform.ResourcesDir, platform.RequestsDir, platform.LedgerDir)
}

// LockFile is the file that a writer locks while it commits. It need not exist.
func (s *Store) LockFile() string { return s.repo.LockFile() }
