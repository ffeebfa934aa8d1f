package git_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/platformctl/platformctl/internal/git"
)

// noon is when every commit of these tests is made.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// run runs the real git in dir.
func run(t testing.TB, dir string, args ...string) string {
	t.Helper()
	out, err := command(t, dir, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// command is the real git as a person who configured nothing runs it.
func command(t testing.TB, dir string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A Person", "GIT_AUTHOR_EMAIL=person@example.com",
		"GIT_COMMITTER_NAME=A Person", "GIT_COMMITTER_EMAIL=person@example.com")
	return cmd
}

// repository makes an empty one.
func repository(t testing.TB, bare bool) (*git.Repo, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repo")
	r, err := git.Init(dir, bare)
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

// edit is a commit of edits on the tip of main.
func edit(t testing.TB, r *git.Repo, edits ...git.Edit) git.NewCommit {
	t.Helper()
	parent, _ := r.Tip("main")
	return git.NewCommit{
		Branch: "main", Parent: parent, Edits: edits,
		Name: "platformctl", Email: "platformctl@localhost", Time: noon, Message: "change",
	}
}

func tryCommit(t testing.TB, r *git.Repo, c git.NewCommit) (git.Result, error) {
	t.Helper()
	s, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return s.Commit(t.Context(), c)
}

func commit(t testing.TB, r *git.Repo, edits ...git.Edit) git.Hash {
	t.Helper()
	result, err := tryCommit(t, r, edit(t, r, edits...))
	if err != nil {
		t.Fatal(err)
	}
	if result.Behind != nil {
		t.Fatalf("after the commit: %v", result.Behind)
	}
	return result.Commit
}

func put(path, data string) git.Edit { return git.Edit{Path: path, Data: []byte(data)} }

func TestGitAcceptsCommits(t *testing.T) {
	for name, bare := range map[string]bool{"bare": true, "with a working tree": false} {
		t.Run(name, func(t *testing.T) {
			r, dir := repository(t, bare)
			commit(t, r, put("platform.yaml", "a: 1\n"), put("catalog/default/group/0a/team.yaml", "kind: Group\n"))
			commit(t, r, put("catalog/default/group/0a/other.yaml", "kind: Group\n"), put("platform.yaml", "a: 2\n"))
			last := commit(t, r, git.Edit{Path: "catalog/default/group/0a/team.yaml", Delete: true})

			run(t, dir, "fsck", "--strict", "--full", "--no-dangling")
			if got := strings.Fields(run(t, dir, "log", "--format=%H")); len(got) != 3 || got[0] != last.String() {
				t.Errorf("git log = %v, want 3 commits, the last %s", got, last)
			}
			if !bare {
				if status := run(t, dir, "status", "--porcelain"); status != "" {
					t.Errorf("git status after commits:\n%s", status)
				}
			}
			clone := filepath.Join(t.TempDir(), "clone")
			run(t, ".", "clone", "-q", dir, clone)
			got := run(t, clone, "ls-files")
			if want := "catalog/default/group/0a/other.yaml\nplatform.yaml\n"; got != want {
				t.Errorf("clone holds\n%s, want\n%s", got, want)
			}
			data, err := os.ReadFile(filepath.Join(clone, "platform.yaml"))
			if err != nil || string(data) != "a: 2\n" {
				t.Errorf("platform.yaml in the clone = %q, %v", data, err)
			}
		})
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, bare := range []bool{true, false} {
		b.Run(fmt.Sprintf("bare=%v", bare), func(b *testing.B) {
			r, _ := repository(b, bare)
			i := 0
			for b.Loop() {
				i++
				commit(b, r, put(fmt.Sprintf("a/b/%d", i), "x"), put("ledger", strings.Repeat("line\n", i)))
			}
		})
	}
}

// commitArgs makes a commit with git.
var commitArgs = []string{"commit", "-q", "--allow-empty", "-m", "by a person"}
