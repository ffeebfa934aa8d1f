package git

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Obstacles lists what would keep the next commit on branch from being made or
// brought along, and changes nothing: a [*BranchError] or [*BusyError], a
// [*LockedError] for each lock of git, a [*DirtyError] with all files below dirs
// that a person edited and did not commit. Other errors are of reading the
// repository. A lock that a killed session of ours left is no obstacle, nor are
// files that it left behind: the next session clears both up.
func (r *Repo) Obstacles(ctx context.Context, branch string, dirs ...string) []error {
	var found []error
	for _, lock := range r.locks() {
		found = append(found, lock)
	}
	if r.worktree == "" {
		return found
	}
	if err := r.ready(branch); err != nil {
		return append(found, err)
	}
	if _, err := os.Lstat(r.ownTree(pendFile)); err == nil {
		return found
	}
	edited, err := r.edited(ctx, branch, dirs)
	if err != nil {
		return append(found, err)
	}
	if len(edited) > 0 {
		found = append(found, &DirtyError{Paths: edited})
	}
	return found
}

// LockFile is the file whose flock a session holds. It need not exist.
func (r *Repo) LockFile() string { return r.own(lockFile) }

// locks finds the lock files of git that are not ours.
func (r *Repo) locks() []*LockedError {
	var own []fs.FileInfo
	for _, path := range []string{r.own(refFile), r.ownTree(indexFile)} {
		if info, err := os.Lstat(path); err == nil {
			own = append(own, info)
		}
	}
	var paths []string
	for _, dir := range []string{r.dir, r.common} {
		found, _ := filepath.Glob(filepath.Join(globEscape(dir), "*.lock")) // the pattern is well formed
		paths = append(paths, found...)
	}
	_ = filepath.WalkDir(filepath.Join(r.common, "refs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".lock") {
			paths = append(paths, path)
		}
		return nil // what cannot be read holds no lock that we could name
	})
	slices.Sort(paths)
	var locks []*LockedError
	for _, path := range slices.Compact(paths) {
		info, err := os.Lstat(path)
		if err != nil || slices.ContainsFunc(own, func(o fs.FileInfo) bool { return os.SameFile(o, info) }) {
			continue
		}
		locks = append(locks, &LockedError{Path: path, Since: info.ModTime()})
	}
	return locks
}

func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// edited lists the files below dirs that are not as the tip of branch has them.
func (r *Repo) edited(ctx context.Context, branch string, dirs []string) ([]string, error) {
	tip, err := r.Tip(branch)
	if err != nil {
		return nil, err
	}
	commit, err := r.Commit(tip)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(r.worktree)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	w := &worktree{repo: r, root: root}
	for _, dir := range dirs {
		for entry, err := range r.Walk(commit.Tree, dir) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, err
			}
			if entry.Mode.IsFile() {
				w.changes = append(w.changes, change{path: entry.Path, old: entry.Hash, new: entry.Hash})
			}
		}
	}
	if w.index, err = readIndex(filepath.Join(r.dir, "index")); err != nil {
		return nil, err
	}
	return w.dirty()
}
