package git

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The steps of a commit, at each of which these tests stop as if killed.
const (
	stopPrepared = iota // git's index is locked
	stopAnnounced
	stopRefLocked
	stopMoved // the branch stands at the commit
	stopHalf  // one of two files is brought along
	stopFiles // both are, the index is not
	stopIndex // all is done but the announcement is there
	stops
)

// dieAt commits file and other as "2" and leaves what a kill would leave.
func dieAt(t *testing.T, dir string, stop int) {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // the kernel does that
	parent, err := r.Tip("main")
	if err != nil {
		t.Fatal(err)
	}
	c := NewCommit{
		Branch: "main", Parent: parent, Edits: []Edit{{Path: "file", Data: []byte("2")}, {Path: "new/other", Data: []byte("2")}},
		Name: "a", Email: "b", Time: time.Unix(0, 0), Message: "m",
	}
	b, err := r.build(c)
	if err != nil {
		t.Fatal(err)
	}
	w, err := s.prepare(t.Context(), c, b.changes)
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for step, act := range []func() error{
		stopAnnounced: func() error {
			return errors.Join(r.objects.writePack(b.objects), w.announce(parent, b.commit))
		},
		stopRefLocked: func() error {
			own := r.own(refFile)
			_ = os.Remove(own)
			return errors.Join(writeSynced(own, []byte(b.commit.String()+"\n")), os.Link(own, r.refPath("main")+".lock"))
		},
		stopMoved: func() error { return os.Rename(r.refPath("main")+".lock", r.refPath("main")) },
		stopHalf:  func() error { return w.apply(b.changes[0]) },
		stopFiles: func() error { return w.apply(b.changes[1]) },
		stopIndex: func() error {
			for _, c := range b.changes {
				if err := w.stage(c); err != nil {
					return err
				}
			}
			pending, err := os.ReadFile(r.ownTree(pendFile))
			return errors.Join(err, w.finish(), os.WriteFile(r.ownTree(pendFile), pending, 0o600))
		},
	} {
		if act != nil && step <= stop {
			if err := act(); err != nil {
				t.Fatal(err)
			}
			done++
		}
	}
	if done != stop {
		t.Fatalf("%d steps were taken, want %d", done, stop)
	}
}

func TestKilledSessionIsSettled(t *testing.T) {
	for stop := range stops {
		t.Run(string(rune('0'+stop)), func(t *testing.T) {
			dir := startTree(t)
			dieAt(t, dir, stop)
			next(t, dir, "third")
			want := "1"
			if stop >= stopMoved {
				want = "2"
			}
			if got := content(t, dir, "file"); got != want {
				t.Errorf("file holds %q, want %q", got, want)
			}
			if status := gitOutput(t, dir, "status", "--porcelain"); status != "" {
				t.Errorf("git status:\n%s", status)
			}
			gitOutput(t, dir, "fsck", "--strict")
			for _, leftover := range []string{"index.lock", "refs/heads/main.lock", "platformctl/ref", "platformctl/index", "platformctl/pending"} {
				if _, err := os.Lstat(filepath.Join(dir, ".git", leftover)); !isAbsent(err) {
					t.Errorf("%s is left: %v", leftover, err)
				}
			}
		})
	}
}

// TestEditsAfterAKillAreKept: what a person did to the files in between is
// never taken for a file that stayed behind.
func TestEditsAfterAKillAreKept(t *testing.T) {
	for stop := range stops {
		t.Run(string(rune('0'+stop)), func(t *testing.T) {
			dir := startTree(t)
			dieAt(t, dir, stop)
			if err := os.WriteFile(filepath.Join(dir, "file"), []byte("theirs"), 0o600); err != nil {
				t.Fatal(err)
			}
			next(t, dir, "third")
			if got := content(t, dir, "file"); got != "theirs" {
				t.Errorf("file holds %q, want what the person wrote", got)
			}
			if status, want := gitOutput(t, dir, "status", "--porcelain"), " M file\n"; status != want {
				t.Errorf("git status = %q, want %q", status, want)
			}
		})
	}
	t.Run("put back", func(t *testing.T) {
		dir := startTree(t)
		dieAt(t, dir, stopIndex)
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("1"), 0o600); err != nil {
			t.Fatal(err)
		}
		next(t, dir, "third")
		if got := content(t, dir, "file"); got != "1" {
			t.Errorf("file holds %q, want what the person put back", got)
		}
	})
	t.Run("committed", func(t *testing.T) {
		dir := startTree(t)
		dieAt(t, dir, stopFiles)
		_ = os.Remove(filepath.Join(dir, ".git", "index.lock")) // as git advises
		gitOutput(t, dir, "add", "-A")
		if err := os.WriteFile(filepath.Join(dir, "file"), []byte("theirs"), 0o600); err != nil {
			t.Fatal(err)
		}
		gitOutput(t, dir, "commit", "-q", "-a", "-m", "theirs")
		next(t, dir, "third")
		if got := content(t, dir, "file"); got != "theirs" {
			t.Errorf("file holds %q, want what the person committed", got)
		}
		if status := gitOutput(t, dir, "status", "--porcelain"); status != "" {
			t.Errorf("git status:\n%s", status)
		}
	})
}

func TestTheLockOfAnotherIsLeft(t *testing.T) {
	dir := startTree(t)
	dieAt(t, dir, stopAnnounced)
	lock := filepath.Join(dir, ".git", "refs", "heads", "main.lock")
	if err := os.WriteFile(lock, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := os.Lstat(lock); err != nil {
		t.Errorf("git's own lock is gone: %v", err)
	}
}

func TestLockIsExclusiveAndHeedsItsContext(t *testing.T) {
	r, err := Open(startTree(t))
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := r.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second Lock() = %v, want the deadline", err)
	}
	s.Close()
	again, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func startTree(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repo")
	r, err := Init(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	commitTo(t, r, Edit{Path: "file", Data: []byte("1")})
	return dir
}

func next(t *testing.T, dir, path string) {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	commitTo(t, r, Edit{Path: path, Data: []byte("3")})
}

func commitTo(t *testing.T, r *Repo, edits ...Edit) {
	t.Helper()
	s, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tip, err := r.Tip("main")
	if err != nil && !errors.Is(err, ErrNoCommit) {
		t.Fatal(err)
	}
	result, err := s.Commit(t.Context(), NewCommit{
		Branch: "main", Parent: tip, Edits: edits, Name: "a", Email: "b", Time: time.Unix(0, 0), Message: "m",
	})
	if err != nil || result.Behind != nil {
		t.Fatalf("Commit() = %+v, %v", result, err)
	}
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func gitOutput(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := execGit(t, dir, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// execGit is the real git.
func execGit(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=b"}, args...)...)
	cmd.Dir = dir
	return cmd
}
