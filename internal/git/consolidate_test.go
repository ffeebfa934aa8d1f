package git

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

func packCount(t *testing.T, dir string) int {
	t.Helper()
	packs, err := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	return len(packs)
}

func TestPacksAreConsolidated(t *testing.T) {
	dir := startTree(t)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := Open(dir) // has read before, and goes on reading
	if err != nil {
		t.Fatal(err)
	}
	first, err := reader.Tip("main")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Commit(first); err != nil {
		t.Fatal(err)
	}
	var ledger strings.Builder
	for i := range 3*maxPacks + 5 {
		fmt.Fprintf(&ledger, "line %d\n", i)
		commitTo(t, r,
			Edit{Path: "ledger", Data: []byte(ledger.String())},
			Edit{Path: fmt.Sprintf("dir/%d", i), Data: []byte(strings.Repeat("x", i%7))})
		if n := packCount(t, dir); n > maxPacks+1 {
			t.Fatalf("%d packs after %d commits", n, i)
		}
	}
	gitOutput(t, dir, "fsck", "--strict", "--full")
	if status := gitOutput(t, dir, "status", "--porcelain"); status != "" {
		t.Errorf("git status:\n%s", status)
	}
	if n := strings.Count(gitOutput(t, dir, "log", "--format=%H"), "\n"); n != 3*maxPacks+6 {
		t.Errorf("%d commits, want %d", n, 3*maxPacks+6)
	}
	if _, err := reader.Blob(mustFind(t, reader, "ledger")); err != nil {
		t.Errorf("a reader from before cannot read: %v", err)
	}
	deltas := gitOutput(t, dir, "cat-file", "--batch-all-objects", "--batch-check=%(deltabase)")
	if n := strings.Count(deltas, strings.Repeat("0", 40)); n > len(strings.Split(deltas, "\n"))*3/4 {
		t.Errorf("%d of %d objects are no deltas", n, len(strings.Split(deltas, "\n")))
	}
}

func mustFind(t *testing.T, r *Repo, path string) Hash {
	t.Helper()
	tip, err := r.Tip("main")
	if err != nil {
		t.Fatal(err)
	}
	c, err := r.Commit(tip)
	if err != nil {
		t.Fatal(err)
	}
	entry, found, err := r.Find(c.Tree, path)
	if err != nil || !found {
		t.Fatalf("Find(%q) = %v, %v", path, found, err)
	}
	return entry.Hash
}

// TestPacksOfGitAreLeft: a pack about which git keeps more files is git's.
func TestPacksOfGitAreLeft(t *testing.T) {
	dir := startTree(t)
	gitOutput(t, dir, "-c", "pack.writeReverseIndex=true", "gc", "-q")
	kept, err := filepath.Glob(filepath.Join(dir, ".git", "objects", "pack", "*.rev"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("git made %v, %v", kept, err)
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxPacks + 2 {
		commitTo(t, r, Edit{Path: "file", Data: fmt.Append(nil, i)})
	}
	if n := packCount(t, dir); n > maxPacks {
		t.Errorf("%d packs are there, none was consolidated", n)
	}
	still, err := filepath.Glob(strings.TrimSuffix(kept[0], ".rev") + ".*")
	if err != nil || len(still) < 3 {
		t.Errorf("of git's pack %v is left, %v", still, err)
	}
	gitOutput(t, dir, "fsck", "--strict", "--full")
}

// FuzzDelta holds our deltas against go-git's reading of them.
func FuzzDelta(f *testing.F) {
	f.Add([]byte("the old text"), []byte("the new text"))
	f.Add([]byte(""), []byte("x"))
	f.Add([]byte("x"), []byte(""))
	f.Add([]byte("aaaa"), []byte("aaaaaa"))
	random := rand.New(rand.NewPCG(1, 1))
	large := make([]byte, 300_000)
	for i := range large {
		large[i] = byte(random.Uint32())
	}
	f.Add(large, append(bytes.Clone(large), "and a line\n"...))
	f.Add(large, append(append(bytes.Clone(large[:70_000]), "and a line\n"...), large[70_000:]...))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) == 0 && len(b) == 0 {
			return // never a delta
		}
		got, err := packfile.PatchDelta(a, delta(a, b))
		if err != nil && len(a) > 0 {
			t.Fatal(err)
		}
		if err == nil && !bytes.Equal(got, b) {
			t.Errorf("patching %q gave %q, want %q", a, got, b)
		}
	})
}

// grown is a repository with one large pack, whose path it returns without
// extension.
func grown(t *testing.T) (string, *Repo, string) {
	t.Helper()
	dir := startTree(t)
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxPacks {
		commitTo(t, r, Edit{Path: "file", Data: fmt.Append(nil, "text ", i)})
	}
	packs, err := r.objects.list(true)
	if err != nil || len(packs) != 1 {
		t.Fatalf("%d packs, %v, want one", len(packs), err)
	}
	for path, p := range packs {
		if p.count <= smallPack {
			t.Fatalf("the pack has only %d objects", p.count)
		}
		return dir, r, path
	}
	return "", nil, ""
}

func TestDamagedPackIsNotCopied(t *testing.T) {
	dir, r, path := grown(t)
	data, err := os.ReadFile(path + ".pack")
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := errors.Join(os.Chmod(path+".pack", 0o600), os.WriteFile(path+".pack", data, 0o600)); err != nil {
		t.Fatal(err)
	}
	s, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tip, err := r.Tip("main")
	if err != nil {
		t.Fatal(err)
	}
	var behind error
	for i := 0; i <= maxPacks && behind == nil; i++ {
		result, err := s.Commit(t.Context(), NewCommit{
			Branch: "main", Parent: tip, Edits: []Edit{{Path: "other", Data: fmt.Append(nil, i)}},
			Name: "a", Email: "b", Time: time.Unix(0, 0), Message: "m",
		})
		if err != nil {
			t.Fatal(err)
		}
		tip, behind = result.Commit, result.Behind
	}
	if _, ok := errors.AsType[*CorruptError](behind); !ok {
		t.Errorf("Behind = %v, want a CorruptError", behind)
	}
	if n := packCount(t, dir); n <= maxPacks {
		t.Errorf("%d packs are left: some were removed", n)
	}
	if now, err := r.Tip("main"); now != tip || err != nil {
		t.Errorf("the branch stands at %s, %v, want %s", now, err, tip)
	}
}

// TestOverlappingPacks: git may put an object into a second pack; ours must
// name it once.
func TestOverlappingPacks(t *testing.T) {
	dir, r, _ := grown(t)
	cmd := execGit(t, dir, "-c", "pack.writeReverseIndex=false", "pack-objects", "-q", ".git/objects/pack/pack")
	cmd.Stdin = strings.NewReader(gitOutput(t, dir, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := packCount(t, dir); n != 2 {
		t.Fatalf("%d packs, want 2", n)
	}
	for i := range maxPacks {
		commitTo(t, r, Edit{Path: "other", Data: fmt.Append(nil, i)})
	}
	if n := packCount(t, dir); n > 3 {
		t.Errorf("%d packs are left", n)
	}
	gitOutput(t, dir, "fsck", "--strict", "--full")
}
