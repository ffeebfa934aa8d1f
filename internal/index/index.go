// Package index answers questions about the catalog. It is derived from the
// record and never written through.
package index

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

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
	cache  string // directory for what was read; "" keeps nothing
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
	Type    string        `json:"type"`
	Target  backstage.Ref `json:"target"`
	Missing bool          `json:"missing,omitempty"`
}

// Detail is an entity and what it is connected with, in both directions.
type Detail struct {
	Entity    backstage.Entity `json:"entity"`
	Relations []Relation       `json:"relations"`
}

// NotFoundError says that no entity has the reference.
type NotFoundError struct {
	Ref backstage.Ref
}

func (e *NotFoundError) Error() string { return fmt.Sprintf("no entity %q", e.Ref) }

// List returns the entities that match, sorted by reference. A file that
// cannot be read is left out; the snapshot's Problems name it.
func (x *Index) List(ctx context.Context, filter Filter) ([]backstage.Entity, error) {
	all, err := x.all(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(e backstage.Entity) bool { return !filter.matches(e) }), nil
}

// all reads every entity, sorted by reference.
func (x *Index) all(ctx context.Context) ([]backstage.Entity, error) {
	snapshot, err := x.source.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	var all []backstage.Entity
	for entity, err := range snapshot.Entities() {
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		all = append(all, entity)
	}
	slices.SortFunc(all, func(a, b backstage.Entity) int { return strings.Compare(a.Ref().String(), b.Ref().String()) })
	return all, nil
}

func (f Filter) matches(e backstage.Entity) bool {
	for _, field := range []struct{ want, have string }{
		{f.Kind, e.Kind},
		{f.Type, e.SpecString("type")},
		{f.Lifecycle, e.SpecString("lifecycle")},
	} {
		if field.want != "" && !strings.EqualFold(field.want, field.have) {
			return false
		}
	}
	if f.Tag != "" && !slices.ContainsFunc(e.Metadata.Tags, func(tag string) bool { return strings.EqualFold(f.Tag, tag) }) {
		return false
	}
	return refers(f.Owner, e, "owner", backstage.KindGroup) && refers(f.System, e, "system", backstage.KindSystem)
}

// refers reports whether the reference in a field of the entity is the wanted
// one. In both, kind and namespace may be left out.
func refers(want string, e backstage.Entity, field, kind string) bool {
	if want == "" {
		return true
	}
	wanted, err := backstage.ParseRef(want, backstage.Ref{Kind: kind})
	if err != nil {
		return false
	}
	have, err := backstage.ParseRef(e.SpecString(field), backstage.Ref{Kind: kind, Namespace: e.Ref().Namespace})
	return err == nil && have.String() == wanted.String()
}

// Show returns the entity with the reference, or a [*NotFoundError]. Relations
// are sorted by type and target, each once however many entities declare it.
func (x *Index) Show(ctx context.Context, ref backstage.Ref) (Detail, error) {
	all, err := x.all(ctx)
	if err != nil {
		return Detail{}, err
	}
	known := map[string]backstage.Entity{}
	for _, e := range all {
		known[e.Ref().String()] = e
	}
	entity, found := known[ref.String()]
	if !found {
		return Detail{}, &NotFoundError{Ref: ref}
	}
	relations := map[string]Relation{}
	add := func(kind string, target backstage.Ref) {
		e, found := known[target.String()]
		if found {
			target = e.Ref() // as it spells itself
		}
		relations[kind+" "+target.String()] = Relation{Type: kind, Target: target, Missing: !found}
	}
	for _, r := range entity.Relations() {
		add(r.Type, r.Target)
	}
	for _, e := range all {
		for _, r := range e.Relations() {
			if reverse := backstage.Reverse(r.Type); reverse != "" && r.Target.String() == ref.String() {
				add(reverse, e.Ref())
			}
		}
	}
	detail := Detail{Entity: entity}
	for _, key := range slices.Sorted(maps.Keys(relations)) {
		detail.Relations = append(detail.Relations, relations[key])
	}
	return detail, nil
}
