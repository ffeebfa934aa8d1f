package git_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/git"
)

// history makes a repository with git itself: files that grow and change over
// 60 commits, so that packs hold deltas of deltas.
func history(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repo")
	run(t, ".", "init", "-q", "-b", "main", dir)
	var in bytes.Buffer
	random := rand.New(rand.NewPCG(1, 2))
	var ledger strings.Builder
	for i := range 60 {
		fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nx\n", 1700000000+i)
		fmt.Fprintf(&ledger, "line %d %d\n", i, random.Uint64())
		fmt.Fprintf(&in, "M 100644 inline ledger/w/2026-03.ndjson\ndata %d\n%s\n", ledger.Len(), ledger.String())
		for range 3 {
			text := fmt.Sprintf("name: %d\n%s", random.Uint64(), strings.Repeat("x", random.IntN(3000)))
			fmt.Fprintf(&in, "M 100644 inline catalog/default/%02x/e%d.yaml\ndata %d\n%s\n", random.IntN(20), random.IntN(100), len(text), text)
		}
	}
	cmd := exec.CommandContext(t.Context(), "git", "fast-import", "--quiet")
	cmd.Dir, cmd.Stdin = dir, &in
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return dir
}

func TestReadsWhatGitWrote(t *testing.T) {
	layouts := map[string]func(t *testing.T, dir string) string{
		"pack of fast-import": func(_ *testing.T, dir string) string { return dir },
		"after gc": func(t *testing.T, dir string) string {
			run(t, dir, "gc", "-q", "--aggressive")
			return dir
		},
		"reference deltas": func(t *testing.T, dir string) string {
			run(t, dir, "-c", "repack.useDeltaBaseOffset=false", "repack", "-q", "-a", "-d", "-f")
			return dir
		},
		"bare": func(t *testing.T, dir string) string {
			run(t, ".", "clone", "-q", "--bare", dir, dir+".git")
			return dir + ".git"
		},
		"borrowing": func(t *testing.T, dir string) string {
			run(t, ".", "clone", "-q", "--shared", dir, dir+"-shared")
			return dir + "-shared"
		},
		"linked working tree": func(t *testing.T, dir string) string {
			run(t, dir, "checkout", "-q", "-b", "other")
			run(t, dir, "worktree", "add", "-q", dir+"-linked", "main")
			return dir + "-linked"
		},
	}
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			dir := layout(t, history(t))
			wantAllReadable(t, dir)
		})
	}
	t.Run("loose", func(t *testing.T) {
		dir := history(t)
		pack, err := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.pack"))
		if err != nil || len(pack) != 1 {
			t.Fatalf("packs %v, %v", pack, err)
		}
		away := filepath.Join(t.TempDir(), "pack")
		for from, to := range map[string]string{pack[0]: away, strings.TrimSuffix(pack[0], ".pack") + ".idx": away + ".idx"} {
			if err := os.Rename(from, to); err != nil {
				t.Fatal(err)
			}
		}
		in, err := os.Open(away)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		cmd := exec.CommandContext(t.Context(), "git", "unpack-objects", "-q")
		cmd.Dir, cmd.Stdin = dir, in
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		wantAllReadable(t, dir)
	})
}

// wantAllReadable holds every file of the tip against git.
func wantAllReadable(t *testing.T, dir string) {
	t.Helper()
	r, err := git.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	tip, err := r.Tip("main")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSpace(run(t, dir, "rev-parse", "main")); tip.String() != want {
		t.Fatalf("Tip(main) = %s, want %s", tip, want)
	}
	var commits int
	for h := tip; ; commits++ {
		c, err := r.Commit(h)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for entry, err := range r.Walk(c.Tree, "") {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "%o blob %s\t%s\n", entry.Mode, entry.Hash, entry.Path)
			if _, err := r.Blob(entry.Hash); err != nil { // checks the hash
				t.Fatal(err)
			}
		}
		if commits%20 == 0 {
			if diff := cmp.Diff(run(t, dir, "ls-tree", "-r", h.String()), got.String()); diff != "" {
				t.Fatalf("tree of %s (-git +ours):\n%s", h, diff)
			}
		}
		if len(c.Parents) == 0 {
			break
		}
		h = c.Parents[0]
	}
	if commits != 59 {
		t.Errorf("walked %d commits before the first, want 59", commits)
	}
}

func TestFindAndList(t *testing.T) {
	r, dir := repository(t, false)
	tree := commitTree(t, r, put("a/b/c", "1"), put("a/b.yaml", "2"), put("a-b", "3"), put("z", "4"))
	for path, want := range map[string]bool{
		"": true, ".": true, "a": true, "a/b": true, "a/b/c": true, "a/b.yaml": true, "a-b": true,
		"b": false, "a/c": false, "z/y": false, "a/b/c/d": false, "a//b": false, "/a": false,
	} {
		if _, found, err := r.Find(tree, path); found != want || err != nil {
			t.Errorf("Find(%q) = %v, %v, want %v", path, found, err, want)
		}
	}
	entries, err := r.List(tree, "a")
	if err != nil || len(entries) != 2 || entries[0].Path != "b" || entries[1].Path != "b.yaml" {
		t.Errorf("List(a) = %v, %v", entries, err)
	}
	for _, absent := range []string{"none", "z"} {
		if entries, err := r.List(tree, absent); len(entries) != 0 || err != nil {
			t.Errorf("List(%s) = %v, %v", absent, entries, err)
		}
	}
	run(t, dir, "fsck", "--strict")
}

func commitTree(t testing.TB, r *git.Repo, edits ...git.Edit) git.Hash {
	t.Helper()
	c, err := r.Commit(commit(t, r, edits...))
	if err != nil {
		t.Fatal(err)
	}
	return c.Tree
}

func TestDiff(t *testing.T) {
	r, dir := repository(t, true)
	one := commit(t, r, put("same/x", "1"), put("changed", "1"), put("gone/x", "1"), put("kind", "1"))
	commit(t, r, git.Edit{Path: "kind", Delete: true})
	two := commit(t, r, put("changed", "2"), git.Edit{Path: "gone/x", Delete: true}, put("new/x", "1"), put("kind/x", "1"))
	differences, err := r.Diff(one, two)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, d := range differences {
		letter := "M"
		if d.Old.IsZero() {
			letter = "A"
		} else if d.New.IsZero() {
			letter = "D"
		}
		fmt.Fprintf(&got, "%s\t%s\n", letter, d.Path)
	}
	want := run(t, dir, "diff-tree", "-r", "--no-renames", "--name-status", one.String(), two.String())
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("Diff (-git +ours):\n%s", diff)
	}
}

func TestDamageIsFound(t *testing.T) {
	r, dir := repository(t, true)
	text := strings.Repeat("some text that is not random\n", 50)
	tip := commit(t, r, put("file", text))
	packs, err := filepath.Glob(filepath.Join(dir, "objects", "pack", "*.pack"))
	if err != nil || len(packs) != 1 {
		t.Fatalf("packs %v, %v", packs, err)
	}
	whole, err := os.ReadFile(packs[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(packs[0], 0o644); err != nil {
		t.Fatal(err)
	}
	readAll := func() error {
		r, err := git.Open(dir)
		if err != nil {
			return err
		}
		c, err := r.Commit(tip)
		if err != nil {
			return err
		}
		for entry, err := range r.Walk(c.Tree, "") {
			if err != nil {
				return err
			}
			if data, err := r.Blob(entry.Hash); err != nil || string(data) != text {
				return errors.Join(err, errors.New("wrong bytes"))
			}
		}
		return nil
	}
	if err := readAll(); err != nil {
		t.Fatal(err)
	}
	found := 0
	for i := 12; i < len(whole)-20; i++ { // header and checksum are git's to check
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x10
		if err := os.WriteFile(packs[0], damaged, 0o644); err != nil {
			t.Fatal(err)
		}
		err := readAll()
		var corrupt *git.CorruptError
		switch {
		case errors.As(err, &corrupt):
			found++
		case err != nil: // none: padding, which changes nothing
			t.Errorf("with byte %d flipped reading gives %v", i, err)
		}
	}
	if found < (len(whole)-32)*9/10 {
		t.Errorf("%d of %d flips were found", found, len(whole)-32)
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	tests := map[string]struct {
		args []string
		want func(error) bool
	}{
		"sha256": {
			[]string{"init", "-q", "--object-format=sha256"},
			func(err error) bool { var e *git.FormatError; return errors.As(err, &e) },
		},
		"no repository": {
			[]string{"version"},
			func(err error) bool { return errors.Is(err, git.ErrNotRepository) },
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			run(t, dir, test.args...)
			if _, err := git.Open(dir); !test.want(err) {
				t.Errorf("Open() = %v", err)
			}
		})
	}
}

func TestBranch(t *testing.T) {
	tests := map[string]struct {
		prepare [][]string
		want    string
	}{
		"fresh":             {[][]string{{"init", "-q", "-b", "trunk"}}, "trunk"},
		"main":              {[][]string{{"init", "-q", "-b", "main"}, commitArgs}, "main"},
		"master":            {[][]string{{"init", "-q", "-b", "master"}, commitArgs}, "master"},
		"main from another": {[][]string{{"init", "-q", "-b", "main"}, commitArgs, {"checkout", "-q", "-b", "x"}}, "main"},
		"main, packed":      {[][]string{{"init", "-q", "-b", "main"}, commitArgs, {"pack-refs", "--all"}}, "main"},
		"detached":          {[][]string{{"init", "-q", "-b", "x"}, commitArgs, {"checkout", "-q", "--detach"}}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, args := range test.prepare {
				run(t, dir, args...)
			}
			r, err := git.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Branch()
			if got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("Branch() = %q, %v, want %q", got, err, test.want)
			}
		})
	}
}
