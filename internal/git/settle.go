package git

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/platformctl/platformctl/internal/durable"
)

// settle clears up after a session that was killed, whose flock the kernel
// released: its locks, its temporary files, and a working tree that stayed
// behind the branch.
func (s *Session) settle(ctx context.Context) error {
	r := s.repo
	_, refErr := os.Lstat(r.own(refFile))
	_, indexErr := os.Lstat(r.ownTree(indexFile))
	_, pendErr := os.Lstat(r.ownTree(pendFile))
	if isAbsent(refErr) && isAbsent(indexErr) && isAbsent(pendErr) {
		return nil
	}
	branch, err := r.Branch()
	if err != nil {
		return err
	}
	if err := dropLock(r.own(refFile), r.refPath(branch)+".lock"); err != nil {
		return err
	}
	if err := dropLock(r.ownTree(indexFile), filepath.Join(r.dir, "index.lock")); err != nil {
		return err
	}
	if err := r.objects.removeTemps(); err != nil {
		return err
	}
	return s.settleTree(ctx, branch)
}

// dropLock removes our file and, if it is the same file, the lock of git.
func dropLock(own, lock string) error {
	ours, err := os.Lstat(own)
	if isAbsent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if theirs, err := os.Lstat(lock); err == nil && os.SameFile(ours, theirs) {
		if err := os.Remove(lock); err != nil {
			return err
		}
	}
	return os.Remove(own)
}

// settleTree finishes what a killed session announced. A file that is as the
// commit before had it stayed behind and is brought to the tip; any other is a
// person's and left alone.
func (s *Session) settleTree(ctx context.Context, branch string) error {
	r := s.repo
	data, err := durable.ReadFile(r.ownTree(pendFile), durable.Small)
	if isAbsent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	tip, err := r.Tip(branch)
	if err != nil && !errors.Is(err, ErrNoCommit) {
		return err
	}
	first, second, _ := strings.Cut(strings.TrimSpace(string(data)), " ")
	changes, err := r.behind(plumbing.NewHash(first), plumbing.NewHash(second), tip)
	if err != nil {
		return err
	}
	readyErr := r.ready(branch)
	if _, busy := errors.AsType[*BusyError](readyErr); busy {
		return nil // a commit will say so; this can wait
	}
	if readyErr != nil || len(changes) == 0 {
		return os.Remove(r.ownTree(pendFile))
	}
	w, err := r.openTree(ctx, changes)
	if err != nil {
		return err
	}
	defer w.close()
	return w.catchUp()
}

// behind lists what a commit changed, as changes to the tip of the branch. It
// is empty when the commit did not come to be.
func (r *Repo) behind(from, to, tip Hash) ([]change, error) {
	if tip == from || tip.IsZero() {
		return nil, nil
	}
	differences, err := r.Diff(from, to)
	if errors.Is(err, ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	commit, err := r.Commit(tip)
	if err != nil {
		return nil, err
	}
	var changes []change
	for _, d := range differences {
		now, found, err := r.Find(commit.Tree, d.Path)
		if err != nil {
			return nil, err
		}
		c := change{path: d.Path, old: d.Old, mode: d.Mode}
		if found && now.Mode.IsFile() {
			c.new, c.mode = now.Hash, now.Mode
			if c.data, err = r.Blob(now.Hash); err != nil {
				return nil, err
			}
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// removeTemps removes what the killed session left beside the files that it
// wrote.
func (w *worktree) removeTemps() error {
	for _, c := range w.changes {
		dir := path.Dir(c.path)
		entries, err := fs.ReadDir(w.root.FS(), dir)
		if err != nil && !isAbsent(err) {
			return err
		}
		for _, entry := range entries {
			if !strings.HasPrefix(entry.Name(), durable.TempPrefix) || !entry.Type().IsRegular() {
				continue
			}
			if err := w.root.Remove(path.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *worktree) catchUp() error {
	if err := w.removeTemps(); err != nil {
		return err
	}
	for _, c := range w.changes {
		// The index is written after all files: where it is not as before,
		// bringing along was finished, or a person has been here since.
		if staged, ok := w.index.at(c.path); !ok || staged != c.old {
			continue
		}
		now, err := w.look(c.path)
		if err != nil {
			return err
		}
		if now.is(c.old) && !now.is(c.new) {
			if err := w.apply(c); err != nil {
				return err
			}
			now.hash = c.new
		}
		switch {
		case now.is(c.new):
			if err := w.stage(c); err != nil {
				return err
			}
		case c.new.IsZero():
			w.index.remove(c.path)
		default:
			w.index.set(c.path, c.mode, c.new, fileStat{})
		}
	}
	return w.finish()
}
