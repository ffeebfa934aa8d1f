package git

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/platformctl/platformctl/internal/durable"
)

// worktree brings the files of one commit along. While it is open it holds
// git's lock of the index: a person who commits from an index that lacks our
// commit would undo it.
//
// The working tree of a bare repository is nil; its methods do nothing.
type worktree struct {
	repo    *Repo
	root    *os.Root
	index   *gitIndex
	changes []change
}

// prepare makes sure that changes can be brought along, and holds the index.
func (s *Session) prepare(ctx context.Context, c NewCommit, changes []change) (*worktree, error) {
	r := s.repo
	if r.worktree == "" {
		return nil, nil
	}
	if err := r.ready(c.Branch); err != nil {
		return nil, err
	}
	w, err := r.openTree(ctx, changes)
	if err != nil {
		return nil, err
	}
	// A person's commit moves branch and files together, under the lock that
	// is held from here on.
	if tip, _ := r.Tip(c.Branch); tip != c.Parent {
		w.close()
		return nil, ErrMoved
	}
	dirty, err := w.dirty()
	if err == nil && len(dirty) > 0 {
		err = &DirtyError{Paths: dirty}
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

// ready says whether a person's work stands in the way of a commit.
func (r *Repo) ready(branch string) error {
	for _, operation := range []struct{ file, name string }{
		{"rebase-merge", "rebase"},
		{"rebase-apply", "rebase"},
		{"MERGE_HEAD", "merge"},
		{"CHERRY_PICK_HEAD", "cherry-pick"},
		{"REVERT_HEAD", "revert"},
		{"BISECT_LOG", "bisection"},
	} {
		if _, err := os.Lstat(filepath.Join(r.dir, operation.file)); err == nil {
			return &BusyError{Dir: r.worktree, Operation: operation.name}
		}
	}
	head, err := r.head()
	if err != nil {
		return err
	}
	if head != branch {
		return &BranchError{Dir: r.worktree, Head: head, Branch: branch}
	}
	return nil
}

func (r *Repo) openTree(ctx context.Context, changes []change) (*worktree, error) {
	root, err := os.OpenRoot(r.worktree)
	if err != nil {
		return nil, err
	}
	w := &worktree{repo: r, root: root, changes: changes}
	if err := w.lockIndex(ctx); err != nil {
		_ = root.Close()
		return nil, err
	}
	if w.index, err = readIndex(filepath.Join(r.dir, "index")); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *worktree) lockIndex(ctx context.Context) error {
	own := w.repo.ownTree(indexFile)
	if err := durable.MkdirAll(filepath.Dir(own), 0o777); err != nil {
		return err
	}
	if err := os.Remove(own); err != nil && !isAbsent(err) {
		return err
	}
	if err := writeSynced(own, nil); err != nil {
		return err
	}
	if err := takeLock(ctx, own, w.indexLock()); err != nil {
		_ = os.Remove(own)
		return err
	}
	return nil
}

func (w *worktree) indexLock() string { return filepath.Join(w.repo.dir, "index.lock") }

// close gives the index free.
func (w *worktree) close() {
	if w != nil {
		_ = dropLock(w.repo.ownTree(indexFile), w.indexLock())
		_ = w.root.Close()
	}
}

// dirty lists what a person did to the paths of the changes and did not
// commit. What is there already as the commit wants it is no obstacle.
func (w *worktree) dirty() ([]string, error) {
	var paths []string
	for _, c := range w.changes {
		now, err := w.look(c.path)
		if err != nil {
			return nil, err
		}
		staged, ok := w.index.at(c.path)
		switch {
		case now.blocked != "":
			paths = append(paths, now.blocked)
		case !now.is(c.old) && !now.is(c.new), !ok, staged != c.old && staged != c.new:
			paths = append(paths, c.path)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// seen is what is at a path of the working tree.
type seen struct {
	blocked string // what stands there, or above, and is neither file nor directory
	hash    Hash   // zero: nothing
	unix    Hash   // of the content with CR LF as LF: git may convert on checkout
}

func (s seen) is(h Hash) bool { return s.blocked == "" && (s.hash == h || s.unix == h) }

// look follows no link: what is behind one is not in the repository.
func (w *worktree) look(name string) (seen, error) {
	for i := range name {
		if name[i] != '/' {
			continue
		}
		info, err := w.root.Lstat(name[:i])
		switch {
		case isAbsent(err):
			return seen{}, nil
		case err != nil:
			return seen{}, err
		case !info.IsDir():
			return seen{blocked: name[:i]}, nil
		}
	}
	info, err := w.root.Lstat(name)
	switch {
	case isAbsent(err):
		return seen{}, nil
	case err != nil:
		return seen{}, err
	case !info.Mode().IsRegular() || info.Size() > maxObject:
		return seen{blocked: name}, nil
	}
	data, err := w.root.ReadFile(name)
	if err != nil {
		return seen{}, err
	}
	now := seen{hash: plumbing.ComputeHash(plumbing.BlobObject, data)}
	now.unix = now.hash
	if bytes.Contains(data, []byte("\r\n")) {
		now.unix = plumbing.ComputeHash(plumbing.BlobObject, bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	}
	return now, nil
}

// announce records which commit is about to be brought along, so that a
// session after a kill can tell files that stayed behind from a person's edits.
func (w *worktree) announce(from, to Hash) error {
	if w == nil {
		return nil
	}
	return durable.WriteFile(w.repo.ownTree(pendFile), fmt.Appendf(nil, "%s %s\n", from, to), 0o666)
}

// withdraw takes the announcement back when the branch did not move.
func (w *worktree) withdraw(branch string, commit Hash) error {
	if w == nil {
		return nil
	}
	if tip, err := w.repo.Tip(branch); tip == commit || err != nil && !errors.Is(err, ErrNoCommit) {
		return err // the next session settles it
	}
	if err := os.Remove(w.repo.ownTree(pendFile)); !isAbsent(err) {
		return err
	}
	return nil
}

// bring writes the changed files and the index.
func (w *worktree) bring() error {
	if w == nil {
		return nil
	}
	if err := w.apply(w.changes...); err != nil {
		return fmt.Errorf("bring the working tree along: %w", err)
	}
	for _, c := range w.changes {
		if err := w.stage(c); err != nil {
			return err
		}
	}
	return w.finish()
}

// finish writes the index, as git does it, and ends the announcement.
func (w *worktree) finish() error {
	f, err := os.OpenFile(w.repo.ownTree(indexFile), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(writeAll(f, w.index.encode()), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(w.indexLock(), filepath.Join(w.repo.dir, "index")); err != nil {
		return err
	}
	return errors.Join(os.Remove(w.repo.ownTree(indexFile)), os.Remove(w.repo.ownTree(pendFile)))
}

// stage puts the new version of a file into the index.
func (w *worktree) stage(c change) error {
	if c.new.IsZero() {
		w.index.remove(c.path)
		return nil
	}
	stat, err := statOf(filepath.Join(w.repo.worktree, filepath.FromSlash(c.path)))
	if err != nil {
		return fmt.Errorf("lstat %q: %w", c.path, err)
	}
	w.index.set(c.path, c.mode, c.new, stat)
	return nil
}

// remove removes a file and the directories that are empty then.
func (w *worktree) remove(name string) error {
	if err := w.root.Remove(name); err != nil && !isAbsent(err) {
		return err
	}
	dir := path.Dir(name)
	for dir != "." && w.root.Remove(dir) == nil {
		dir = path.Dir(dir)
	}
	return nil
}

// apply writes and removes files. A reader sees the old or the new one of each.
func (w *worktree) apply(changes ...change) error {
	var written []change
	for _, c := range changes {
		if !c.new.IsZero() {
			written = append(written, c)
		} else if err := w.remove(c.path); err != nil {
			return err
		}
	}
	return parallel(written, w.write)
}

func (w *worktree) write(c change) error {
	if err := w.root.MkdirAll(path.Dir(c.path), 0o777); err != nil {
		return err
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	temp := path.Join(path.Dir(c.path), durable.TempPrefix+hex.EncodeToString(random))
	perm := fs.FileMode(0o666)
	if c.mode == ModeExecutable {
		perm = 0o777
	}
	f, err := w.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	err = errors.Join(writeAll(f, c.data), f.Sync(), f.Close())
	if err == nil {
		err = w.root.Rename(temp, c.path)
	}
	if err != nil {
		_ = w.root.Remove(temp)
	}
	return err
}
