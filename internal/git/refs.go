package git

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/platformctl/platformctl/internal/durable"
)

const (
	symbolic   = "ref: "
	headPrefix = "refs/heads/"
)

// Branch returns the branch that is the record: main when there is one, else
// master, else the one that HEAD names, which may have no commit yet. With
// HEAD detached and neither of the two the error is a [*BranchError].
func (r *Repo) Branch() (string, error) {
	for _, name := range []string{"main", "master"} {
		switch _, err := r.Tip(name); {
		case err == nil:
			return name, nil
		case !errors.Is(err, ErrNoCommit):
			return "", err
		}
	}
	head, err := r.head()
	if err != nil {
		return "", err
	}
	if head == "" {
		return "", &BranchError{Dir: r.dir, Branch: "main"}
	}
	return head, nil
}

// Tip returns the commit at the tip of branch, or ErrNoCommit.
func (r *Repo) Tip(branch string) (Hash, error) {
	name := headPrefix + branch
	data, err := durable.ReadFile(r.refPath(branch), durable.Small)
	switch {
	case err == nil:
		return parseHash(name, strings.TrimSpace(string(data)))
	case isAbsent(err):
		return r.packedRef(name)
	default:
		return Hash{}, err
	}
}

func (r *Repo) refPath(branch string) string {
	return filepath.Join(r.common, filepath.FromSlash(headPrefix+branch))
}

// swap moves branch from one commit to another, on disk before it returns. from is
// zero for a branch that has no commit. The lock is git's own, so that git
// takes part in the comparison: it appears with its whole content, is compared
// under, and becomes the branch by a rename.
func (s *Session) swap(ctx context.Context, branch string, from, to Hash) error {
	r := s.repo
	path, own := r.refPath(branch), r.own(refFile)
	if err := durable.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	// The file of an earlier commit is the branch itself by now: it must be
	// removed, never written.
	if err := os.Remove(own); err != nil && !isAbsent(err) {
		return err
	}
	defer func() { _ = os.Remove(own) }()
	if err := writeSynced(own, []byte(to.String()+"\n")); err != nil {
		return err
	}
	if err := takeLock(ctx, own, path+".lock"); err != nil {
		return err
	}
	tip, err := r.Tip(branch)
	if err == nil && tip != from || errors.Is(err, ErrNoCommit) && !from.IsZero() {
		err = ErrMoved
	}
	if err == nil || errors.Is(err, ErrNoCommit) {
		err = os.Rename(path+".lock", path)
	}
	if err != nil {
		_ = os.Remove(path + ".lock")
		return err
	}
	return durable.SyncDir(filepath.Dir(path))
}

// head returns the branch that HEAD names, empty when HEAD is detached.
func (r *Repo) head() (string, error) {
	data, err := durable.ReadFile(filepath.Join(r.dir, "HEAD"), durable.Small)
	if err != nil {
		return "", err
	}
	target, _ := strings.CutPrefix(strings.TrimSpace(string(data)), symbolic)
	branch, found := strings.CutPrefix(target, headPrefix)
	if !found {
		return "", nil
	}
	return branch, nil
}

// packedRef looks name up in the file that git moves refs into that are at
// rest.
func (r *Repo) packedRef(name string) (Hash, error) {
	data, err := durable.ReadFile(filepath.Join(r.common, "packed-refs"), durable.Large)
	if err != nil && !isAbsent(err) {
		return Hash{}, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		if hash, found := strings.CutSuffix(lines.Text(), " "+name); found {
			return parseHash(name, hash)
		}
	}
	return Hash{}, fmt.Errorf("branch %q: %w", strings.TrimPrefix(name, headPrefix), ErrNoCommit)
}

func parseHash(name, text string) (Hash, error) {
	if !plumbing.IsHash(text) {
		return Hash{}, &CorruptError{name, fmt.Sprintf("%.60q is no hash", text)}
	}
	return plumbing.NewHash(text), nil
}

// isAbsent also takes a parent that is a file: the path is not there either.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
