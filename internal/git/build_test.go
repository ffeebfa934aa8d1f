package git_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/git"
)

// names sort differently as files and as directories.
var names = []string{"a", "a-b", "a.b", "a0", "ab", "b", "ä", "A", "a b"}

// randomEdits makes edits that a tree can take: a name is a directory at
// depths below 3 when dir says so, else a file, for all time.
func randomEdits(random *rand.Rand, n int) []git.Edit {
	edits := map[string]git.Edit{}
	for range n {
		var parts []string
		for {
			name := names[random.IntN(len(names))]
			dir := len(parts) < 3 && random.IntN(2) == 0
			if dir {
				name += "d"
			}
			parts = append(parts, name)
			if !dir {
				break
			}
		}
		path := strings.Join(parts, "/")
		edits[path] = git.Edit{Path: path, Data: fmt.Append(nil, random.IntN(5)), Delete: random.IntN(3) == 0}
	}
	var list []git.Edit
	for _, e := range edits {
		list = append(list, e)
	}
	return list
}

// FuzzTrees holds the trees that edits make against those that git makes.
func FuzzTrees(f *testing.F) {
	for seed := range uint64(6) {
		f.Add(seed, uint8(20))
	}
	f.Fuzz(func(t *testing.T, seed uint64, size uint8) {
		random := rand.New(rand.NewPCG(seed, 0))
		r, dir := repository(t, true)
		index := filepath.Join(t.TempDir(), "index")
		for range 3 {
			edits := randomEdits(random, int(size))
			var input strings.Builder
			for _, e := range edits {
				hash := strings.Repeat("0", 40)
				mode := "0"
				if !e.Delete {
					mode, hash = "100644", blob(t, dir, e.Data)
				}
				fmt.Fprintf(&input, "%s %s\t%s\n", mode, hash, e.Path)
			}
			gitIn(t, dir, index, input.String(), "update-index", "--add", "--index-info")
			want := strings.TrimSpace(gitIn(t, dir, index, "", "write-tree"))
			if got := commitTree(t, r, edits...); got.String() != want {
				t.Fatalf("tree = %s, git makes %s of\n%s", got, want, input.String())
			}
		}
		run(t, dir, "fsck", "--strict", "--no-dangling")
	})
}

func blob(t *testing.T, dir string, data []byte) string {
	t.Helper()
	return strings.TrimSpace(gitIn(t, dir, "", string(data), "hash-object", "-w", "--stdin"))
}

func gitIn(t *testing.T, dir, index, input string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(input)
	cmd.Env = append(os.Environ(), "GIT_INDEX_FILE="+index)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func TestFilesAndDirectoriesChangePlaces(t *testing.T) {
	for name, bare := range map[string]bool{"bare": true, "with a working tree": false} {
		t.Run(name, func(t *testing.T) {
			r, dir := repository(t, bare)
			commit(t, r, put("x", "1"), put("d/a", "1"), put("d/b", "1"))
			x, a, b := git.Edit{Path: "x", Delete: true}, git.Edit{Path: "d/a", Delete: true}, git.Edit{Path: "d/b", Delete: true}
			for _, edits := range [][]git.Edit{{x, put("x/y", "2")}, {a, b, put("d", "2")}} {
				var wrong *git.PathError
				if _, err := tryCommit(t, r, edit(t, r, edits...)); !errors.As(err, &wrong) {
					t.Errorf("one took the place of the other: %v, want a PathError", err)
				}
			}
			commit(t, r, x, a, b)
			commit(t, r, put("x/y", "2"), put("d", "2"))
			if got, want := run(t, dir, "ls-tree", "-r", "--name-only", "main"), "d\nx/y\n"; got != want {
				t.Errorf("files = %q, want %q", got, want)
			}
			run(t, dir, "fsck", "--strict", "--no-dangling")
			if !bare {
				if status := run(t, dir, "status", "--porcelain"); status != "" {
					t.Errorf("git status:\n%s", status)
				}
			}
		})
	}
}

func TestModesAreKept(t *testing.T) {
	r, dir := repository(t, false)
	commit(t, r, put("tool", "1"))
	if err := os.Chmod(filepath.Join(dir, "tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "commit", "-q", "-a", "-m", "executable")
	commit(t, r, put("tool", "2"))
	if got := run(t, dir, "ls-tree", "main", "tool"); !strings.HasPrefix(got, "100755") {
		t.Errorf("tool = %s, want mode 100755", got)
	}
	if status := run(t, dir, "status", "--porcelain"); status != "" {
		t.Errorf("git status:\n%s", status)
	}
}

func TestRefusedEdits(t *testing.T) {
	r, dir := repository(t, false)
	base := commit(t, r, put("file", "1"), put("dir/file", "1"))
	if err := os.Symlink("file", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "add", "link")
	run(t, dir, "commit", "-q", "-m", "link")
	_ = base
	tip, err := r.Tip("main")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"", "/", "/etc/passwd", "a//b", "a/", "../x", "a/../b", ".", "a/./b",
		".git/config", ".GIT/config", "a/.git", "git~1/config", ".g\u200cit/config", ".git /x", "a.",
		`a\b`, "c:x", "a\x1bb", "a\x00b", "a\nb", "a\xffb", strings.Repeat("a", 256), strings.Repeat("a/", 2001) + "a",
		"file/below", "dir", "link", "link/below",
	} {
		_, err := tryCommit(t, r, edit(t, r, put(path, "x")))
		if _, ok := errors.AsType[*git.PathError](err); !ok {
			t.Errorf("writing %q = %v, want a PathError", path, err)
		}
	}
	_, err = tryCommit(t, r, edit(t, r, put("twice", "1"), put("twice", "2")))
	if _, ok := errors.AsType[*git.PathError](err); !ok {
		t.Errorf("writing a path twice = %v, want a PathError", err)
	}
	for _, change := range []func(*git.NewCommit){
		func(c *git.NewCommit) { c.Message = " \n" },
		func(c *git.NewCommit) { c.Message = "a\x00b" },
		func(c *git.NewCommit) { c.Name = "a <b>" },
		func(c *git.NewCommit) { c.Name = "" },
		func(c *git.NewCommit) { c.Email = "a\nb" },
		func(c *git.NewCommit) { c.Time = noon.AddDate(-100, 0, 0) },
	} {
		c := edit(t, r, put("new", "x"))
		change(&c)
		if _, err := tryCommit(t, r, c); err == nil {
			t.Errorf("commit %+v was made", c)
		}
	}
	if now, err := r.Tip("main"); now != tip || err != nil {
		t.Errorf("the branch moved to %s, %v", now, err)
	}
	if status := run(t, dir, "status", "--porcelain"); status != "" {
		t.Errorf("git status:\n%s", status)
	}
}

func TestNothingToDo(t *testing.T) {
	r, _ := repository(t, false)
	one := commit(t, r, put("file", "1"))
	if two := commit(t, r, put("file", "1"), git.Edit{Path: "absent/file", Delete: true}); two != one {
		t.Errorf("edits that change nothing made commit %s", two)
	}
}

func TestMovedBranch(t *testing.T) {
	for name, bare := range map[string]bool{"bare": true, "with a working tree": false} {
		t.Run(name, func(t *testing.T) {
			r, _ := repository(t, bare)
			commit(t, r, put("file", "1"))
			stale := edit(t, r, put("file", "mine"))
			tip := commit(t, r, put("file", "2"))
			if _, err := tryCommit(t, r, stale); !errors.Is(err, git.ErrMoved) {
				t.Errorf("commit on an old tip = %v, want %v", err, git.ErrMoved)
			}
			if now, err := r.Tip("main"); now != tip || err != nil {
				t.Errorf("the branch moved to %s, %v", now, err)
			}
			first := stale
			first.Parent = git.Hash{}
			if _, err := tryCommit(t, r, first); !errors.Is(err, git.ErrMoved) {
				t.Errorf("a second first commit = %v, want %v", err, git.ErrMoved)
			}
		})
	}
}

// TestGolden: the same input and clock give the same commit, here and on any
// machine.
func TestGolden(t *testing.T) {
	r, _ := repository(t, true)
	commit(t, r, put("platform.yaml", "a: 1\n"))
	got := commit(t, r, put("catalog/x.yaml", "b: 2\n"), put("platform.yaml", "a: 2\n"))
	if want := "100c518022cf858b568ff1a5c1f9ba1c14e5d416"; got.String() != want {
		t.Errorf("commit = %s, want %s", got, want)
	}
}
