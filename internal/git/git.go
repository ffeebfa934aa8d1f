// Package git keeps a git repository as a record: it reads commits and writes
// new ones that are on disk before success is said.
//
// A commit is built by edits on the tree of its parent, without an index and
// without a checkout, and stored as one pack. Objects, pack, branch and
// directories are fsynced in that order, and the branch moves only when it
// still stands where the writer read it. The result is an ordinary repository
// that git itself reads, checks and clones. The git binary is never run.
//
// go-git gives the formats (index files of packs, deltas, hashes); it is not
// used as a store, because it never fsyncs, decodes every pack index before
// the first read (3 ms at 14,000 objects, growing with them), does not check
// what it read against its hash, and is not safe for concurrent use.
package git

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// Hash is the SHA-1 name of an object. The zero Hash names none.
type Hash = plumbing.Hash

// Errors that callers tell apart.
var (
	// ErrNotRepository says that a directory is no git repository.
	ErrNotRepository = errors.New("not a git repository")
	// ErrNoCommit says that the branch has no commit yet.
	ErrNoCommit = errors.New("no commit yet")
	// ErrMoved says that the branch no longer stands where the writer read it.
	ErrMoved = errors.New("the branch has moved")
	// ErrMissing says that an object is not in the repository.
	ErrMissing = errors.New("object is missing")
)

// FormatError says that a repository uses a format that this package does not
// know.
type FormatError struct {
	Dir, Feature string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("git repository %q uses %s, which is not supported", e.Dir, e.Feature)
}

// CorruptError says that stored bytes are not what their name says.
type CorruptError struct {
	Name, Problem string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("git object %s is damaged: %s", e.Name, e.Problem)
}

// LockedError says that another program holds a lock file of git, or left it
// behind when it was killed.
type LockedError struct {
	Path  string
	Since time.Time
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("%q is locked by another program since %s", e.Path, e.Since.UTC().Format(time.RFC3339))
}

// BranchError says that the working tree is not on the branch of the record.
// Head is the branch it is on, empty when HEAD is detached.
type BranchError struct {
	Dir, Head, Branch string
}

func (e *BranchError) Error() string {
	if e.Head == "" {
		return fmt.Sprintf("%q is on no branch (HEAD is detached), not on %q", e.Dir, e.Branch)
	}
	return fmt.Sprintf("%q is on branch %q, not on %q", e.Dir, e.Head, e.Branch)
}

// BusyError says that a person is in the middle of an operation of git.
type BusyError struct {
	Dir, Operation string
}

func (e *BusyError) Error() string {
	return fmt.Sprintf("%q is in the middle of a %s", e.Dir, e.Operation)
}

// DirtyError lists the paths that a commit would write and that a person
// edited, staged or put in the way without committing them.
type DirtyError struct {
	Paths []string
}

func (e *DirtyError) Error() string {
	return "edited and not committed: " + strings.Join(e.Paths, ", ")
}

// Repo is a git repository. It is safe for concurrent use.
type Repo struct {
	dir      string // HEAD and index: the git directory of this working tree
	common   string // objects and refs: the same, unless the tree is a linked one
	worktree string // empty for a bare repository
	objects  *objects
}

// Open opens the repository whose working tree or bare directory is dir
// itself; parents are not searched. Errors are ErrNotRepository, [*FormatError]
// or those of the file system.
func Open(dir string) (*Repo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	r, err := find(dir)
	if err != nil {
		return nil, err
	}
	r.common = r.dir
	if data, err := durable.ReadFile(filepath.Join(r.dir, "commondir"), durable.Small); err == nil {
		r.common = resolve(r.dir, strings.TrimSpace(string(data)))
	}
	if err := r.checkFormat(); err != nil {
		return nil, err
	}
	r.objects = newObjects(filepath.Join(r.common, "objects"))
	return r, nil
}

// Worktree returns the root of the working tree, empty for a bare repository.
func (r *Repo) Worktree() string { return r.worktree }

// find locates the git directory that belongs to dir.
func find(dir string) (*Repo, error) {
	dotgit := filepath.Join(dir, ".git")
	info, err := os.Stat(dotgit)
	switch {
	case err == nil && info.IsDir() && isGitDir(dotgit):
		return &Repo{dir: dotgit, worktree: dir}, nil
	case err == nil && info.Mode().IsRegular():
		data, err := durable.ReadFile(dotgit, durable.Small)
		if err != nil {
			return nil, err
		}
		target, found := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
		if found {
			return &Repo{dir: resolve(dir, target), worktree: dir}, nil
		}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case isGitDir(dir):
		return &Repo{dir: dir}, nil
	}
	return nil, fmt.Errorf("%q: %w", dir, ErrNotRepository)
}

// isGitDir applies the test of git itself.
func isGitDir(dir string) bool {
	if info, err := os.Lstat(filepath.Join(dir, "HEAD")); err != nil || info.IsDir() {
		return false
	}
	for _, sub := range []string{"objects", "refs"} {
		if info, err := os.Stat(filepath.Join(dir, sub)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

func resolve(base, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(base, path)
}

// checkFormat refuses what would be read wrongly: other hashes, other stores
// of refs, and extensions that are not known to be harmless.
func (r *Repo) checkFormat() error {
	data, err := durable.ReadFile(filepath.Join(r.common, "config"), durable.Small)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	cfg := config.New()
	if err := config.NewDecoder(bytes.NewReader(data)).Decode(cfg); err != nil {
		return fmt.Errorf("git configuration of %q: %w", r.common, err)
	}
	version := cfg.Section("core").Option("repositoryformatversion")
	if version != "" && version != "0" && version != "1" {
		return &FormatError{r.common, "repository format " + version}
	}
	for _, option := range cfg.Section("extensions").Options {
		key, value := strings.ToLower(option.Key), strings.ToLower(option.Value)
		switch {
		case key == "objectformat" && value == "sha1", key == "refstorage" && value == "files":
		case key == "noop", key == "preciousobjects", key == "worktreeconfig", key == "partialclone":
		case version == "1", key == "objectformat", key == "refstorage":
			return &FormatError{r.common, fmt.Sprintf("the extension %s=%s", option.Key, option.Value)}
		}
	}
	return nil
}
