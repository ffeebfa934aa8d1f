package capability

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Set is what capabilities there are. Definitions are read when asked for.
type Set struct {
	found map[string]source
}

// source is where a capability lies.
type source struct {
	fsys fs.FS
	own  bool
}

// LoadAll finds the capabilities of two trees, each with one directory per
// capability; either may be nil or lack its root. One of own hides the
// built-in one of its name. A broken one is no error here: Get returns it.
func LoadAll(builtin, own fs.FS) (Set, error) {
	set := Set{found: map[string]source{}}
	for _, s := range []source{{builtin, false}, {own, true}} {
		if s.fsys == nil {
			continue
		}
		entries, err := fs.ReadDir(s.fsys, ".")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Set{}, fmt.Errorf("list capabilities: %w", err)
		}
		for _, entry := range entries {
			if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") {
				set.found[entry.Name()] = s
			}
		}
	}
	return set, nil
}

// Names returns the names of all capabilities, broken ones included, sorted.
func (s Set) Names() []string { return sortedKeys(s.found) }

// Get returns a capability, *UnknownError when there is none of that name, or
// what is wrong with it.
func (s Set) Get(name string) (*Definition, error) {
	at, ok := s.found[name]
	if !ok {
		return nil, &UnknownError{What: "capability", Name: name, Known: s.Names()}
	}
	return Load(at.fsys, name)
}

// Entry is one capability of a listing.
type Entry struct {
	Name       string
	Definition *Definition // nil when broken
	Err        error       // what is wrong with a broken one
	Own        bool        // of the organization, not built in
}

// Entries returns all capabilities, sorted by name.
func (s Set) Entries() []Entry {
	entries := make([]Entry, 0, len(s.found))
	for _, name := range s.Names() {
		def, err := s.Get(name)
		entries = append(entries, Entry{Name: name, Definition: def, Err: err, Own: s.found[name].own})
	}
	return entries
}
