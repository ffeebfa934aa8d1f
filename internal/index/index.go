// Package index answers questions about the catalog. It is derived from the
// record and never written through.
package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/store"
)

// Source gives the record to read.
type Source interface {
	Snapshot(ctx context.Context) (*store.Snapshot, error)
}

// Index reads the catalog of one source.
type Index struct {
	source Source
}

// New returns the index of source.
func New(source Source) *Index { return &Index{source: source} }

// Filter selects entities: every field that is set must match. Values are
// compared without regard to case. Owner and System may be full references or
// names, as an entity may give them.
type Filter struct {
	Kind, Owner, Type, System, Lifecycle, Tag string
}

// Relation is one edge of the catalog's graph, seen from an entity: Type is
// such as ownedBy or ownerOf. Missing says that no entity has the reference.
type Relation struct {
	Type    string
	Target  backstage.Ref
	Missing bool
}

// Detail is an entity and what it is connected with, in both directions.
type Detail struct {
	Entity    backstage.Entity
	Relations []Relation
}

// NotFoundError says that no entity has the reference.
type NotFoundError struct {
	Ref backstage.Ref
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("no entity %q", e.Ref) }

// List returns the entities that match, sorted by reference.
func (x *Index) List(ctx context.Context, filter Filter) ([]backstage.Entity, error) {
	return nil, errors.ErrUnsupported
}

// Show returns the entity with the reference, or a [*NotFoundError].
func (x *Index) Show(ctx context.Context, ref backstage.Ref) (Detail, error) {
	return Detail{}, errors.ErrUnsupported
}
