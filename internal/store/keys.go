package store

import (
	"path"
	"strings"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
)

// ResourceKeys returns the keys of all resources by environment and name, from
// the names of their directories alone: none is read, so one of them may be
// broken.
func (s *Snapshot) ResourceKeys() ([]ResourceKey, error) {
	_, list, err := s.ResourceVersions()
	keys := make([]ResourceKey, len(list))
	for i, r := range list {
		keys[i] = r.Key
	}
	return keys, err
}

// EntityRefs returns the references of all entities of a kind in the order of
// their files, all parts in lower case, from the names of the files alone: none
// is read, so one of them may be broken.
func (s *Snapshot) EntityRefs(kind string) ([]backstage.Ref, error) {
	namespaces, err := s.list(platform.CatalogDir)
	if err != nil {
		return nil, err
	}
	var refs []backstage.Ref
	for _, namespace := range namespaces {
		dir := path.Join(platform.CatalogDir, namespace.Path, strings.ToLower(kind))
		for entry, err := range s.walk(dir) {
			if err != nil {
				return nil, err
			}
			name, isEntity := strings.CutSuffix(path.Base(entry.Path), ".yaml")
			if isEntity && entry.Mode.IsFile() {
				refs = append(refs, backstage.Ref{Kind: strings.ToLower(kind), Namespace: namespace.Path, Name: name})
			}
		}
	}
	return refs, nil
}

// EntityKinds returns the kinds that there are entities of, in lower case.
func (s *Snapshot) EntityKinds() ([]string, error) {
	namespaces, err := s.list(platform.CatalogDir)
	if err != nil {
		return nil, err
	}
	var kinds []string
	for _, namespace := range namespaces {
		entries, err := s.list(path.Join(platform.CatalogDir, namespace.Path))
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			kinds = append(kinds, entry.Path)
		}
	}
	return kinds, nil
}
