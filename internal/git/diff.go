package git

import (
	"maps"
	"slices"
	"strings"
)

// Difference is a file that two trees hold in different versions. The side
// that lacks it has the zero Hash.
type Difference struct {
	Path     string
	Old, New Hash
	Mode     Mode // of the new version, or of the old one when it is gone
}

// Diff lists the files that differ between the trees of two commits, sorted by
// path. Directories that are the same are not read. The zero Hash is a commit
// without files.
func (r *Repo) Diff(from, to Hash) ([]Difference, error) {
	var trees [2]Hash
	for i, h := range []Hash{from, to} {
		if h.IsZero() {
			continue
		}
		c, err := r.Commit(h)
		if err != nil {
			return nil, err
		}
		trees[i] = c.Tree
	}
	var out []Difference
	if err := r.diff("", trees[0], trees[1], &out); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b Difference) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func (r *Repo) diff(prefix string, from, to Hash, out *[]Difference) error {
	if from == to {
		return nil
	}
	old, err := r.entriesOf(from)
	if err != nil {
		return err
	}
	now, err := r.entriesOf(to)
	if err != nil {
		return err
	}
	names := maps.Clone(old)
	maps.Copy(names, now)
	for name := range names {
		a, b := old[name], now[name]
		if a == b {
			continue
		}
		if err := r.diffEntry(prefix+name, a, b, out); err != nil {
			return err
		}
	}
	return nil
}

// diffEntry compares two things of one name, which need not be of one kind.
func (r *Repo) diffEntry(path string, a, b Entry, out *[]Difference) error {
	var dirs, files [2]Hash
	mode := a.Mode
	for i, e := range []Entry{a, b} {
		if e.Mode == ModeDir {
			dirs[i] = e.Hash
			continue
		}
		files[i] = e.Hash
		if !e.Hash.IsZero() {
			mode = e.Mode
		}
	}
	if files != [2]Hash{} {
		*out = append(*out, Difference{Path: path, Old: files[0], New: files[1], Mode: mode})
	}
	return r.diff(path+"/", dirs[0], dirs[1], out)
}

func (r *Repo) entriesOf(tree Hash) (map[string]Entry, error) {
	entries := map[string]Entry{}
	if tree.IsZero() {
		return entries, nil
	}
	raw, err := r.tree(tree)
	if err != nil {
		return nil, err
	}
	for entry := range raw.all() {
		entries[entry.Path] = entry
	}
	return entries, nil
}
