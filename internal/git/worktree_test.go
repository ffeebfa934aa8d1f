package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/git"
)

func write(t testing.TB, dir, name, data string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// state is all that a refused commit must leave alone.
func state(t testing.TB, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || strings.HasPrefix(name, ".git/platformctl") || name == ".git" {
			return err
		}
		out.WriteString(name + " " + info.Mode().String())
		if info.Mode().IsRegular() {
			out.WriteString(" " + read(t, dir, name))
		}
		out.WriteString("\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestDirtyPathsAreRefused(t *testing.T) {
	tests := map[string]struct {
		person func(t *testing.T, dir string)
		want   []string
	}{
		"edited":            {func(t *testing.T, dir string) { write(t, dir, "dir/file", "theirs") }, []string{"dir/file"}},
		"edited and staged": {func(t *testing.T, dir string) { write(t, dir, "dir/file", "theirs"); run(t, dir, "add", ".") }, []string{"dir/file"}},
		"staged, then put back": {func(t *testing.T, dir string) {
			write(t, dir, "dir/file", "theirs")
			run(t, dir, "add", ".")
			write(t, dir, "dir/file", "1")
		}, []string{"dir/file"}},
		"deleted":        {func(t *testing.T, dir string) { remove(t, dir, "dir/file") }, []string{"dir/file"}},
		"deleted in git": {func(t *testing.T, dir string) { run(t, dir, "rm", "-q", "dir/file") }, []string{"dir/file"}},
		"both": {func(t *testing.T, dir string) {
			write(t, dir, "dir/file", "theirs")
			write(t, dir, "new/file", "theirs")
		}, []string{"dir/file", "new/file"}},
		"untracked in the way": {func(t *testing.T, dir string) { write(t, dir, "new/file", "theirs") }, []string{"new/file"}},
		"file for a directory": {func(t *testing.T, dir string) { write(t, dir, "new", "theirs") }, []string{"new"}},
		"directory for a file": {func(t *testing.T, dir string) { write(t, dir, "new/file/x", "theirs") }, []string{"new/file"}},
		"staged for a directory": {func(t *testing.T, dir string) {
			write(t, dir, "new", "x")
			run(t, dir, "add", "new")
			remove(t, dir, "new")
		}, []string{"new/file"}},
		"link for a directory": {func(t *testing.T, dir string) {
			if err := os.Symlink(t.TempDir(), filepath.Join(dir, "new")); err != nil {
				t.Fatal(err)
			}
		}, []string{"new"}},
		"link for a file": {func(t *testing.T, dir string) {
			remove(t, dir, "dir/file")
			if err := os.Symlink("../other", filepath.Join(dir, "dir", "file")); err != nil {
				t.Fatal(err)
			}
		}, []string{"dir/file"}},
		"meant to be added": {func(t *testing.T, dir string) { write(t, dir, "new/file", "x"); run(t, dir, "add", "-N", "new/file") }, []string{"new/file"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, dir := repository(t, false)
			commit(t, r, put("dir/file", "1"), put("other", "1"))
			test.person(t, dir)
			before := state(t, dir)
			_, err := tryCommit(t, r, edit(t, r, put("dir/file", "2"), put("new/file", "2")))
			dirty, ok := errors.AsType[*git.DirtyError](err)
			if !ok {
				t.Fatalf("commit = %v, want a DirtyError", err)
			}
			if diff := cmp.Diff(test.want, dirty.Paths); diff != "" {
				t.Errorf("paths (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, state(t, dir)); diff != "" {
				t.Errorf("the refused commit changed (-before +after):\n%s", diff)
			}
		})
	}
}

func remove(t testing.TB, dir, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
		t.Fatal(err)
	}
}

func TestOtherEditsAreLeftAlone(t *testing.T) {
	r, dir := repository(t, false)
	commit(t, r, put("dir/file", "1"), put("dir/theirs", "1"), put("gone", "1"), put("staged", "1"))
	write(t, dir, "dir/theirs", "theirs")
	write(t, dir, "staged", "theirs")
	run(t, dir, "add", "staged")
	write(t, dir, "dir/untracked", "theirs")
	remove(t, dir, "gone")
	before := run(t, dir, "status", "--porcelain")

	commit(t, r, put("dir/file", "2"), put("dir/sub/file", "2"))

	if diff := cmp.Diff(before, run(t, dir, "status", "--porcelain")); diff != "" {
		t.Errorf("git status (-before +after):\n%s", diff)
	}
	if got := read(t, dir, "dir/theirs") + read(t, dir, "staged") + read(t, dir, "dir/untracked"); got != "theirstheirstheirs" {
		t.Errorf("a person's edits became %q", got)
	}
	if got := read(t, dir, "dir/file") + read(t, dir, "dir/sub/file"); got != "22" {
		t.Errorf("our files hold %q", got)
	}
	run(t, dir, "commit", "-q", "-a", "-m", "theirs")
	if got := run(t, dir, "show", "HEAD:dir/file"); got != "2" {
		t.Errorf("a person's commit took dir/file back to %q", got)
	}
}

func TestAlreadyAsWanted(t *testing.T) {
	r, dir := repository(t, false)
	commit(t, r, put("file", "1"))
	write(t, dir, "file", "2")
	commit(t, r, put("file", "2"))
	if status := run(t, dir, "status", "--porcelain"); status != "" {
		t.Errorf("git status:\n%s", status)
	}
}

func TestLineEndsOfACheckout(t *testing.T) {
	r, dir := repository(t, false)
	commit(t, r, put("file", "1\n2\n"))
	run(t, dir, "config", "core.autocrlf", "true")
	remove(t, dir, "file")
	run(t, dir, "checkout", "-q", "--", "file")
	if got := read(t, dir, "file"); got != "1\r\n2\r\n" {
		t.Fatalf("git checked out %q", got)
	}
	commit(t, r, put("file", "1\n3\n"))
	if status := run(t, dir, "status", "--porcelain"); status != "" {
		t.Errorf("git status:\n%s", status)
	}
}

func TestIndexVersions(t *testing.T) {
	for _, version := range []string{"2", "3", "4"} {
		t.Run(version, func(t *testing.T) {
			r, dir := repository(t, false)
			commit(t, r, put("a/one", "1"), put("a/two", "1"), put("b", "1"), put("long/"+strings.Repeat("name", 40), "1"))
			run(t, dir, "update-index", "--index-version", version)
			if version == "3" { // which git uses for entries with more flags
				run(t, dir, "update-index", "--skip-worktree", "b")
			}
			commit(t, r, put("a/two", "2"), put("a/zwei", "2"), git.Edit{Path: "a/one", Delete: true})
			if status := run(t, dir, "status", "--porcelain"); status != "" {
				t.Errorf("git status:\n%s", status)
			}
			run(t, dir, "fsck", "--strict", "--no-dangling")
			if got, want := run(t, dir, "ls-files"), run(t, dir, "ls-tree", "-r", "--name-only", "HEAD"); got != want {
				t.Errorf("index holds %q, the commit %q", got, want)
			}
		})
	}
	t.Run("split", func(t *testing.T) {
		r, dir := repository(t, false)
		commit(t, r, put("file", "1"))
		run(t, dir, "update-index", "--split-index")
		before := state(t, dir)
		_, err := tryCommit(t, r, edit(t, r, put("file", "2")))
		if _, ok := errors.AsType[*git.FormatError](err); !ok {
			t.Errorf("commit = %v, want a FormatError", err)
		}
		if diff := cmp.Diff(before, state(t, dir)); diff != "" {
			t.Errorf("the refused commit changed (-before +after):\n%s", diff)
		}
	})
}

func TestPersonsWorkIsNotDisturbed(t *testing.T) {
	conflict := func(t *testing.T, dir string) {
		t.Helper()
		run(t, dir, "checkout", "-q", "-b", "theirs")
		write(t, dir, "file", "theirs")
		run(t, dir, "commit", "-q", "-a", "-m", "theirs")
		run(t, dir, "checkout", "-q", "main")
		write(t, dir, "file", "main")
		run(t, dir, "commit", "-q", "-a", "-m", "main")
	}
	fails := func(t *testing.T, dir string, args ...string) {
		t.Helper()
		if out, err := command(t, dir, args...).CombinedOutput(); err == nil {
			t.Fatalf("git %v succeeded:\n%s", args, out)
		}
	}
	isBusy := func(err error) bool { var e *git.BusyError; return errors.As(err, &e) }
	isBranch := func(err error) bool { var e *git.BranchError; return errors.As(err, &e) }
	tests := map[string]struct {
		person func(t *testing.T, dir string)
		want   func(error) bool
	}{
		"another branch": {func(t *testing.T, dir string) { run(t, dir, "checkout", "-q", "-b", "x") }, isBranch},
		"detached":       {func(t *testing.T, dir string) { run(t, dir, "checkout", "-q", "--detach") }, isBranch},
		"merge":          {func(t *testing.T, dir string) { conflict(t, dir); fails(t, dir, "merge", "theirs") }, isBusy},
		"rebase":         {func(t *testing.T, dir string) { conflict(t, dir); fails(t, dir, "rebase", "theirs") }, isBusy},
		"cherry-pick":    {func(t *testing.T, dir string) { conflict(t, dir); fails(t, dir, "cherry-pick", "theirs") }, isBusy},
		"bisection":      {func(t *testing.T, dir string) { run(t, dir, "bisect", "start") }, isBusy},
		"git commit": {func(t *testing.T, dir string) { write(t, dir, ".git/index.lock", "") }, func(err error) bool {
			var e *git.LockedError
			return errors.As(err, &e)
		}},
		"git fetch": {func(t *testing.T, dir string) { write(t, dir, ".git/refs/heads/main.lock", "") }, func(err error) bool {
			var e *git.LockedError
			return errors.As(err, &e)
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, dir := repository(t, false)
			commit(t, r, put("file", "1"))
			test.person(t, dir)
			before := run(t, dir, "rev-parse", "main") + run(t, dir, "status", "--porcelain")
			if _, err := tryCommit(t, r, edit(t, r, put("new", "2"))); !test.want(err) {
				t.Errorf("commit = %v", err)
			}
			if diff := cmp.Diff(before, run(t, dir, "rev-parse", "main")+run(t, dir, "status", "--porcelain")); diff != "" {
				t.Errorf("the refused commit changed (-before +after):\n%s", diff)
			}
			run(t, dir, "fsck", "--strict", "--no-dangling")
		})
	}
}

// TestTrial finds out what a commit would say and changes nothing.
func TestTrial(t *testing.T) {
	r, dir := repository(t, false)
	commit(t, r, put("dir/file", "1"))
	before := state(t, dir)
	trial := edit(t, r, put("dir/file", "2"))
	trial.Trial = true
	if _, err := tryCommit(t, r, trial); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, state(t, dir)); diff != "" {
		t.Error(diff)
	}
	write(t, dir, "dir/file", "theirs")
	if _, err := tryCommit(t, r, trial); err == nil {
		t.Error("a path that a person edited would be overwritten")
	}
}
