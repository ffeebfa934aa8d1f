package git

import (
	"bytes"
	"fmt"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// Mode is what kind of thing an entry of a tree is.
type Mode uint32

// The modes that git writes.
const (
	ModeDir        Mode = 0o040000
	ModeFile       Mode = 0o100644
	ModeExecutable Mode = 0o100755
	ModeLink       Mode = 0o120000
	ModeModule     Mode = 0o160000
)

// IsFile reports whether the entry is a regular file.
func (m Mode) IsFile() bool { return m&0o170000 == 0o100000 }

// Entry is one entry of a tree. Path is its path from the root of the tree that
// it was read from, or its name where one directory is listed.
type Entry struct {
	Path string
	Mode Mode
	Hash Hash
}

// Commit is what this package reads of a commit.
type Commit struct {
	Hash, Tree Hash
	Parents    []Hash
	Message    string
	Time       time.Time // of the committer
}

// Commit reads the commit h.
func (r *Repo) Commit(h Hash) (Commit, error) {
	data, err := r.readKind(h, plumbing.CommitObject)
	if err != nil {
		return Commit{}, err
	}
	head, message, _ := strings.Cut(string(data), "\n\n")
	c := Commit{Hash: h, Message: message}
	for line := range strings.Lines(head) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "tree":
			c.Tree = plumbing.NewHash(value)
		case "parent":
			c.Parents = append(c.Parents, plumbing.NewHash(value))
		case "committer":
			fields := strings.Fields(value[strings.LastIndex(value, ">")+1:])
			if len(fields) > 0 {
				seconds, _ := strconv.ParseInt(fields[0], 10, 64)
				c.Time = time.Unix(seconds, 0).UTC()
			}
		}
	}
	return c, nil
}

// Blob returns the content of a file. It must not be changed.
func (r *Repo) Blob(h Hash) ([]byte, error) { return r.readKind(h, plumbing.BlobObject) }

// Find looks up the file or directory at a slash-separated path below the tree
// root; the path "" or "." is root itself.
func (r *Repo) Find(root Hash, name string) (Entry, bool, error) {
	found := Entry{Path: name, Mode: ModeDir, Hash: root}
	if name == "" || name == "." {
		return found, true, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if found.Mode != ModeDir {
			return Entry{}, false, nil
		}
		entries, err := r.tree(found.Hash)
		if err != nil {
			return Entry{}, false, err
		}
		next, ok := entries.find(part)
		if !ok {
			return Entry{}, false, nil
		}
		found.Mode, found.Hash = next.Mode, next.Hash
	}
	return found, true, nil
}

// List returns the entries of one directory, by name, and nothing when there is
// no such directory.
func (r *Repo) List(root Hash, dir string) ([]Entry, error) {
	at, found, err := r.Find(root, dir)
	if err != nil || !found || at.Mode != ModeDir {
		return nil, err
	}
	raw, err := r.tree(at.Hash)
	if err != nil {
		return nil, err
	}
	entries := slices.Collect(raw.all())
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return entries, nil
}

// Walk yields everything below dir that is no directory, in the order of git,
// without reading it. Nothing is yielded when there is no such directory. An
// error ends the walk.
func (r *Repo) Walk(root Hash, dir string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		at, found, err := r.Find(root, dir)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		if found && at.Mode == ModeDir {
			r.walk(at.Hash, strings.TrimPrefix(dir, "."), yield)
		}
	}
}

func (r *Repo) walk(tree Hash, dir string, yield func(Entry, error) bool) bool {
	entries, err := r.tree(tree)
	if err != nil {
		return yield(Entry{}, err) && false
	}
	for entry := range entries.all() {
		entry.Path = path.Join(dir, entry.Path)
		if entry.Mode == ModeDir {
			if !r.walk(entry.Hash, entry.Path, yield) {
				return false
			}
		} else if !yield(entry, nil) {
			return false
		}
	}
	return true
}

func (r *Repo) readKind(h Hash, kind plumbing.ObjectType) ([]byte, error) {
	obj, err := r.objects.read(h)
	if err != nil {
		return nil, err
	}
	if obj.kind != kind {
		return nil, &CorruptError{h.String(), fmt.Sprintf("it is a %s, not a %s", obj.kind, kind)}
	}
	return obj.data, nil
}

func (r *Repo) tree(h Hash) (rawTree, error) {
	data, err := r.readKind(h, plumbing.TreeObject)
	if err != nil {
		return nil, err
	}
	tree := rawTree(data)
	if !tree.valid() {
		return nil, &CorruptError{h.String(), "it is no tree"}
	}
	return tree, nil
}

// rawTree is a tree as it is stored: "<octal mode> <name>\0<hash>" for each
// entry. Large trees are searched often and changed in one place, so they are
// not taken apart.
type rawTree []byte

func (t rawTree) valid() bool {
	for len(t) > 0 {
		var ok bool
		if _, t, ok = t.next(); !ok {
			return false
		}
	}
	return true
}

// next splits off the first entry.
func (t rawTree) next() (rawEntry, rawTree, bool) {
	space := bytes.IndexByte(t, ' ')
	null := bytes.IndexByte(t, 0)
	if space < 1 || null < space+2 || len(t) < null+1+hashSize {
		return rawEntry{}, nil, false
	}
	return rawEntry{mode: t[:space], name: t[space+1 : null], hash: t[null+1 : null+1+hashSize]},
		t[null+1+hashSize:], true
}

func (t rawTree) find(name string) (Entry, bool) {
	for len(t) > 0 {
		var e rawEntry
		e, t, _ = t.next()
		if string(e.name) == name {
			return e.entry(), true
		}
	}
	return Entry{}, false
}

func (t rawTree) all() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for len(t) > 0 {
			var e rawEntry
			e, t, _ = t.next()
			if !yield(e.entry()) {
				return
			}
		}
	}
}

type rawEntry struct {
	mode, name, hash []byte
}

func (e rawEntry) entry() Entry {
	mode, _ := strconv.ParseUint(string(e.mode), 8, 32)
	return Entry{Path: string(e.name), Mode: Mode(mode), Hash: Hash(e.hash)}
}
