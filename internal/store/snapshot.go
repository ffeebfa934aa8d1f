package store

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/git"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/strictyaml"
)

// Snapshot is the record at one commit. It never changes, and is safe for
// concurrent use.
type Snapshot struct {
	repo   *git.Repo // nil: an empty record
	commit git.Hash
	tree   git.Hash
	config platform.Config
}

// Problem is a file of the record that cannot be read. The others can.
type Problem struct {
	Path string
	Err  error
}

func (p Problem) Error() string {
	if e, ok := errors.AsType[*strictyaml.Error](p.Err); ok && e.File == p.Path {
		return p.Err.Error() // it begins with the path
	}
	return fmt.Sprintf("%s: %v", p.Path, p.Err)
}

// Unwrap returns what is wrong with the file.
func (p Problem) Unwrap() error { return p.Err }

// Chain is the ledger of one writer. Problems are files of it that cannot be
// read, or not to their end; whether the chain holds is for [ledger.Check].
type Chain struct {
	Writer   string
	Events   []ledger.Event
	Problems []Problem
}

// Empty returns the record of a platform that does not exist yet.
func Empty(config platform.Config) *Snapshot {
	return &Snapshot{config: config}
}

// readSnapshot reads the record at a commit. Without a platform.yaml it is
// usable, but the error is ErrNoPlatform.
func readSnapshot(repo *git.Repo, tip git.Hash) (*Snapshot, error) {
	commit, err := repo.Commit(tip)
	if err != nil {
		return nil, err
	}
	s := &Snapshot{repo: repo, commit: tip, tree: commit.Tree}
	data, found, err := s.read(platform.ConfigFile)
	if err != nil {
		return nil, err
	}
	if !found {
		return s, fmt.Errorf("no %s is committed: %w", platform.ConfigFile, ErrNoPlatform)
	}
	s.config, err = platform.ParseConfig(platform.ConfigFile, data)
	return s, err
}

// Hash returns the commit in hexadecimal, empty for an empty record.
func (s *Snapshot) Hash() string {
	if s.commit.IsZero() {
		return ""
	}
	return s.commit.String()
}

// Config returns platform.yaml.
func (s *Snapshot) Config() platform.Config { return s.config }

// Entity looks up the entity with the reference, whatever the case of its
// parts. A file that cannot be read is a [Problem].
func (s *Snapshot) Entity(ref backstage.Ref) (backstage.Entity, bool, error) {
	name, err := entityPath(ref)
	if err != nil {
		return backstage.Entity{}, false, nil //nolint:nilerr // no entity has such a name
	}
	data, found, err := s.read(name)
	if err != nil || !found {
		return backstage.Entity{}, false, err
	}
	entity, err := parseEntity(name, data)
	return entity, err == nil, err
}

// Entities yields every entity that can be read, in the order of their files.
// Files that cannot be parsed are passed over; [Snapshot.Problems] lists them.
// An error is one of the repository and ends the walk.
func (s *Snapshot) Entities() iter.Seq2[backstage.Entity, error] {
	return good(s.entities())
}

// entities also yields each file that cannot be read, as a [Problem].
func (s *Snapshot) entities() iter.Seq2[backstage.Entity, error] {
	return each(s, platform.CatalogDir, parseEntity)
}

// parseEntity reads a file, which must hold the one entity that its path names.
func parseEntity(name string, data []byte) (backstage.Entity, error) {
	entities, err := backstage.Parse(name, data)
	if err == nil && len(entities) != 1 {
		err = fmt.Errorf("holds %d entities, not one", len(entities))
	}
	if err != nil {
		return backstage.Entity{}, Problem{name, err}
	}
	ref := entities[0].Ref()
	if want, err := entityPath(ref); err != nil || want != name {
		return backstage.Entity{}, Problem{name, fmt.Errorf("holds %s, which belongs elsewhere", ref)}
	}
	return entities[0], nil
}

// FS returns a directory of the record as a file system, which is empty when
// there is no such directory. Only regular files and directories show.
func (s *Snapshot) FS(dir string) (fs.FS, error) {
	if !fs.ValidPath(dir) {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrInvalid}
	}
	return treeFS{snapshot: s, dir: dir}, nil
}

// read returns a file of the record.
func (s *Snapshot) read(name string) ([]byte, bool, error) {
	if s.repo == nil || s.tree.IsZero() {
		return nil, false, nil
	}
	entry, found, err := s.repo.Find(s.tree, name)
	if err != nil || !found || !entry.Mode.IsFile() {
		return nil, false, err
	}
	data, err := s.repo.Blob(entry.Hash)
	return data, err == nil, err
}

// list returns the entries of a directory of the record.
func (s *Snapshot) list(dir string) ([]git.Entry, error) {
	if s.repo == nil || s.tree.IsZero() {
		return nil, nil
	}
	return s.repo.List(s.tree, dir)
}

// walk yields the files below a directory of the record.
func (s *Snapshot) walk(dir string) iter.Seq2[git.Entry, error] {
	if s.repo == nil || s.tree.IsZero() {
		return func(func(git.Entry, error) bool) {}
	}
	return s.repo.Walk(s.tree, dir)
}

// each parses the YAML files below a directory. What parse finds wrong is
// yielded as it is and does not end the walk.
func each[T any](s *Snapshot, dir string, parse func(name string, data []byte) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		for entry, err := range s.walk(dir) {
			if err == nil && path.Ext(entry.Path) != ".yaml" {
				continue
			}
			if err == nil && !entry.Mode.IsFile() {
				if !yield(zero, Problem{entry.Path, errors.New("is a link, not a file")}) {
					return
				}
				continue
			}
			var data []byte
			if err == nil {
				data, err = s.repo.Blob(entry.Hash)
			}
			if err != nil {
				yield(zero, err)
				return
			}
			if !yield(parse(entry.Path, data)) {
				return
			}
		}
	}
}

// good leaves out what cannot be parsed.
func good[T any](all iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for v, err := range all {
			if _, broken := errors.AsType[Problem](err); broken {
				continue
			}
			if !yield(v, err) {
				return
			}
		}
	}
}
