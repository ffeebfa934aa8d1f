package store

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/git"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
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

func (p Problem) Error() string { return fmt.Sprintf("%s: %v", p.Path, p.Err) }

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

// Hash returns the commit in hexadecimal, empty for an empty record.
func (s *Snapshot) Hash() string { return "" }

// Config returns platform.yaml.
func (s *Snapshot) Config() platform.Config { return s.config }

// Entity looks up the entity with the reference, whatever the case of its
// parts. A file that cannot be read is a [Problem].
func (s *Snapshot) Entity(ref backstage.Ref) (backstage.Entity, bool, error) {
	return backstage.Entity{}, false, errors.ErrUnsupported
}

// Entities yields every entity that can be read, in the order of their files.
// Files that cannot be parsed are passed over; [Snapshot.Problems] lists them.
// An error is one of the repository and ends the walk.
func (s *Snapshot) Entities() iter.Seq2[backstage.Entity, error] {
	return func(func(backstage.Entity, error) bool) {}
}

// Problems lists the files of catalog, resources, requests and ledger that
// cannot be read.
func (s *Snapshot) Problems() ([]Problem, error) { return nil, errors.ErrUnsupported }

// Resource looks up a resource. A resource.yaml that cannot be read is a
// [Problem].
func (s *Snapshot) Resource(environment, name string) (Resource, bool, error) {
	return Resource{}, false, errors.ErrUnsupported
}

// ResourceByName looks a resource up in every environment: names are unique in
// a platform.
func (s *Snapshot) ResourceByName(name string) (Resource, bool, error) {
	return Resource{}, false, errors.ErrUnsupported
}

// Resources returns every resource that can be read, by environment and name.
func (s *Snapshot) Resources() ([]Resource, error) { return nil, errors.ErrUnsupported }

// Request looks up a request by its ULID.
func (s *Snapshot) Request(id string) (Request, bool, error) {
	return Request{}, false, errors.ErrUnsupported
}

// Requests yields every request that can be read, the oldest first.
func (s *Snapshot) Requests() iter.Seq2[Request, error] {
	return func(func(Request, error) bool) {}
}

// Chains returns the ledger, one chain per writer, sorted by writer.
func (s *Snapshot) Chains() ([]Chain, error) { return nil, errors.ErrUnsupported }

// FS returns a directory of the record as a file system, which is empty when
// there is no such directory.
func (s *Snapshot) FS(dir string) (fs.FS, error) { return nil, errors.ErrUnsupported }
