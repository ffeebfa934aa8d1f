package git

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-git/go-git/v5/plumbing"
)

// Edit writes or deletes one file. Path is slash-separated.
type Edit struct {
	Path   string
	Data   []byte
	Delete bool // deleting what is not there is no error
}

// NewCommit is a commit to be made on the tip of Branch.
type NewCommit struct {
	Branch string
	// Parent is the tip that the edits were made for; zero for the first
	// commit of a branch.
	Parent Hash
	Edits  []Edit
	// Name and Email are the author's and the committer's.
	Name, Email string
	// Time is recorded in whole seconds and in UTC.
	Time    time.Time
	Message string
	// Trial only finds out whether the commit could be made: the errors are
	// those of a commit, and nothing is written.
	Trial bool
}

// PathError says why a path cannot be written.
type PathError struct {
	Path, Problem string
}

func (e *PathError) Error() string { return fmt.Sprintf("path %q %s", e.Path, e.Problem) }

// built is a commit that is not stored yet: its new objects, the commit last.
type built struct {
	commit, tree Hash
	objects      []packed
	changes      []change
}

// packed is an object with its name.
type packed struct {
	hash Hash
	object
}

// change is what a commit does to one file. A version that is absent has the
// zero Hash.
type change struct {
	path     string
	old, new Hash
	mode     Mode
	data     []byte // of new
}

// builder collects the objects of a commit.
type builder struct {
	repo    *Repo
	objects []packed
	added   map[Hash]bool // an object may be in a pack once
	changes []change
}

// build makes the objects of a commit in memory. Only the trees on the way to
// the edited paths are read and made anew.
func (r *Repo) build(c NewCommit) (built, error) {
	if err := checkEdits(c.Edits); err != nil {
		return built{}, err
	}
	if err := checkText(c); err != nil {
		return built{}, err
	}
	var root Hash
	if !c.Parent.IsZero() {
		parent, err := r.Commit(c.Parent)
		if err != nil {
			return built{}, err
		}
		root = parent.Tree
	}
	// What is stored already is not stored again; git may have tidied since
	// the packs were listed.
	if _, err := r.objects.list(true); err != nil {
		return built{}, err
	}
	b := &builder{repo: r, added: map[Hash]bool{}}
	tree, err := b.dir("", root, c.Edits)
	if err != nil {
		return built{}, err
	}
	if tree.IsZero() { // the empty tree is an object like any other
		tree = b.add(plumbing.TreeObject, nil)
	}
	commit := b.add(plumbing.CommitObject, encodeCommit(c, tree))
	return built{commit: commit, tree: tree, objects: b.objects, changes: b.changes}, nil
}

func (b *builder) add(kind plumbing.ObjectType, data []byte) Hash {
	h := plumbing.ComputeHash(kind, data)
	if !b.added[h] && !b.repo.objects.packed(h) {
		b.added[h] = true
		b.objects = append(b.objects, packed{h, object{kind, data}})
	}
	return h
}

// dir applies edits to the directory called prefix (empty, or ending in a
// slash), whose tree is old, and returns its new tree, zero when it is empty.
// A file and a directory cannot take each other's place in one commit: the
// order in which a working tree follows would matter.
func (b *builder) dir(prefix string, old Hash, edits []Edit) (Hash, error) {
	entries, err := b.entries(old)
	if err != nil {
		return Hash{}, err
	}
	below := map[string][]Edit{}
	var leaves []Edit
	for _, edit := range edits {
		name, _, deeper := strings.Cut(edit.Path[len(prefix):], "/")
		switch {
		case deeper:
			below[name] = append(below[name], edit)
		case edit.Delete:
			if err := b.remove(entries, prefix, name); err != nil {
				return Hash{}, err
			}
		default:
			leaves = append(leaves, edit)
		}
	}
	for _, name := range sortedKeys(below) {
		if err := b.enter(entries, prefix, name, below[name]); err != nil {
			return Hash{}, err
		}
	}
	for _, edit := range leaves {
		if err := b.write(entries, prefix, edit); err != nil {
			return Hash{}, err
		}
	}
	raw := entries.encode()
	if len(raw) == 0 {
		return Hash{}, nil
	}
	if plumbing.ComputeHash(plumbing.TreeObject, raw) == old {
		return old, nil
	}
	return b.add(plumbing.TreeObject, raw), nil
}

func (b *builder) entries(tree Hash) (*treeEdit, error) {
	t := &treeEdit{changed: map[string]*Entry{}}
	if tree.IsZero() {
		return t, nil
	}
	var err error
	t.old, err = b.repo.tree(tree)
	return t, err
}

func (b *builder) remove(t *treeEdit, prefix, name string) error {
	old, found := t.old.find(name)
	switch {
	case !found:
		return nil
	case !old.Mode.IsFile():
		return &PathError{prefix + name, "is no regular file"}
	}
	b.changes = append(b.changes, change{path: prefix + name, old: old.Hash, mode: old.Mode})
	t.changed[name] = nil
	return nil
}

func (b *builder) enter(t *treeEdit, prefix, name string, edits []Edit) error {
	old, found := t.old.find(name)
	if found && old.Mode != ModeDir {
		return &PathError{edits[0].Path, fmt.Sprintf("is below %q, which is no directory", prefix+name)}
	}
	tree, err := b.dir(prefix+name+"/", old.Hash, edits)
	if err != nil {
		return err
	}
	if tree.IsZero() {
		t.changed[name] = nil
	} else {
		t.changed[name] = &Entry{Path: name, Mode: ModeDir, Hash: tree}
	}
	return nil
}

func (b *builder) write(t *treeEdit, prefix string, edit Edit) error {
	name := edit.Path[len(prefix):]
	old, found := t.old.find(name)
	mode := ModeFile
	if found {
		if !old.Mode.IsFile() {
			return &PathError{edit.Path, "is no regular file"}
		}
		mode = old.Mode
	}
	hash := plumbing.ComputeHash(plumbing.BlobObject, edit.Data)
	if found && hash == old.Hash {
		return nil
	}
	b.add(plumbing.BlobObject, edit.Data)
	b.changes = append(b.changes, change{path: edit.Path, old: old.Hash, new: hash, mode: mode, data: edit.Data})
	t.changed[name] = &Entry{Path: name, Mode: mode, Hash: hash}
	return nil
}

// treeEdit is a stored tree and what changes in it; nil removes an entry.
type treeEdit struct {
	old     rawTree
	changed map[string]*Entry
}

func (t *treeEdit) encode() rawTree {
	var added []Entry
	for _, name := range sortedKeys(t.changed) {
		if e := t.changed[name]; e != nil {
			added = append(added, *e)
		}
	}
	slices.SortFunc(added, compareEntries)
	var out bytes.Buffer
	out.Grow(len(t.old) + 64*len(added))
	write := func(e Entry) {
		fmt.Fprintf(&out, "%o %s\x00", uint32(e.Mode), e.Path)
		out.Write(e.Hash[:])
	}
	for rest := t.old; len(rest) > 0; {
		raw, next, _ := rest.next()
		entry := raw.entry()
		for len(added) > 0 && compareEntries(added[0], entry) < 0 {
			write(added[0])
			added = added[1:]
		}
		if _, replaced := t.changed[entry.Path]; !replaced {
			out.Write(rest[:len(rest)-len(next)])
		}
		rest = next
	}
	for _, e := range added {
		write(e)
	}
	return out.Bytes()
}

// compareEntries is the order of git: a directory sorts as if its name ended
// in a slash.
func compareEntries(a, b Entry) int {
	x, y := a.Path, b.Path
	if a.Mode == ModeDir {
		x += "/"
	}
	if b.Mode == ModeDir {
		y += "/"
	}
	return strings.Compare(x, y)
}

func encodeCommit(c NewCommit, tree Hash) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "tree %s\n", tree)
	if !c.Parent.IsZero() {
		fmt.Fprintf(&out, "parent %s\n", c.Parent)
	}
	for _, role := range []string{"author", "committer"} {
		fmt.Fprintf(&out, "%s %s <%s> %d +0000\n", role, c.Name, c.Email, c.Time.Unix())
	}
	fmt.Fprintf(&out, "\n%s\n", strings.TrimRight(c.Message, "\n"))
	return out.Bytes()
}

// checkText refuses what would make a commit that git finds broken.
func checkText(c NewCommit) error {
	clean := func(s string) bool {
		return s != "" && strings.TrimSpace(s) == s && !strings.ContainsAny(s, "<>") && strings.IndexFunc(s, unicode.IsControl) < 0
	}
	switch {
	case !clean(c.Name) || !utf8.ValidString(c.Name):
		return fmt.Errorf("%q is no name of an author", c.Name)
	case !clean(c.Email) || !utf8.ValidString(c.Email):
		return fmt.Errorf("%q is no address of an author", c.Email)
	case strings.TrimSpace(c.Message) == "" || strings.ContainsRune(c.Message, 0) || !utf8.ValidString(c.Message):
		return fmt.Errorf("%q is no message of a commit", c.Message)
	case c.Time.Unix() < 0:
		return fmt.Errorf("%s is before 1970", c.Time)
	}
	return nil
}

func checkEdits(edits []Edit) error {
	seen := map[string]bool{}
	for _, edit := range edits {
		if problem := pathProblem(edit.Path); problem != "" {
			return &PathError{edit.Path, problem}
		}
		if seen[edit.Path] {
			return &PathError{edit.Path, "is edited twice"}
		}
		seen[edit.Path] = true
	}
	return nil
}

// pathProblem says why a path is unsafe in a checkout on some system, "" when
// it is safe. It refuses more than git does: a record needs no odd names.
func pathProblem(path string) string {
	if len(path) > 4000 || !utf8.ValidString(path) {
		return "is too long or not UTF-8"
	}
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "" || part == "." || part == ".." || len(part) > 255:
			return "has an empty, relative or overlong part"
		case strings.ContainsAny(part, `\:`) || strings.IndexFunc(part, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0:
			return "has a character that is not portable"
		case strings.HasSuffix(part, ".") || strings.HasSuffix(part, " "):
			return "has a part that ends in a dot or a space"
		case strings.EqualFold(part, ".git") || strings.HasPrefix(strings.ToLower(part), "git~"):
			return "leads into the repository itself"
		}
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
