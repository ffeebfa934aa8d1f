package index

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
	"github.com/platformctl/platformctl/internal/store"
)

// Resource is a line of the list of resources: what the record knows of one,
// without its inputs and its Terraform.
type Resource struct {
	Environment, Name                                     string
	Capability, Tier, Team, Request, Machine, Writer, For string
	Needs                                                 []string
	Created, Updated                                      time.Time
}

// NewCached is [New] with a directory that what was read is kept in. It may be
// deleted at any time, and need not exist: then nothing is kept.
func NewCached(source Source, dir string) *Index { return &Index{source: source, cache: dir} }

// resourcesFile holds the list of resources as of some commit.
const resourcesFile = "resources.gob"

// worthKeeping is how many resources are read again rather than kept anew: a
// write costs more than to read these.
const worthKeeping = 32

// kept is the content of resourcesFile. Versions are those of the store, so
// what is kept is right or is not used, whatever the times of files are.
type kept struct {
	Format    int
	Version   string
	Versions  []string // of each of Resources
	Resources []Resource
}

// format is that of kept: another one is not read.
const format = 1

// Resources returns the resources of the record, by environment and name. Those
// that cannot be read are left out; the snapshot's Problems name them.
func (x *Index) Resources(ctx context.Context) ([]Resource, error) {
	snapshot, err := x.source.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	version, versions, err := snapshot.ResourceVersions()
	if err != nil {
		return nil, err
	}
	have := x.keptResources()
	if have.Version == version && version != "" {
		return have.Resources, nil
	}
	known := make(map[string]int, len(have.Versions))
	for i, v := range have.Versions {
		known[v] = i
	}
	now := kept{Format: format, Version: version}
	read := 0
	for _, v := range versions {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		i, found := known[v.Version]
		if found && have.Resources[i].Name == v.Key.Name && have.Resources[i].Environment == v.Key.Environment {
			now.Versions, now.Resources = append(now.Versions, v.Version), append(now.Resources, have.Resources[i])
			continue
		}
		read++
		record, found, err := snapshot.Record(v)
		if _, broken := errors.AsType[store.Problem](err); broken || err == nil && !found {
			continue
		}
		if err != nil {
			return nil, err
		}
		now.Versions, now.Resources = append(now.Versions, v.Version), append(now.Resources, resourceOf(v.Key, record.Spec))
	}
	if read > worthKeeping {
		x.keep(now)
	}
	return now.Resources, nil
}

func resourceOf(key store.ResourceKey, spec store.ResourceSpec) Resource {
	return Resource{
		Environment: key.Environment, Name: key.Name, Capability: spec.Capability, Tier: spec.Tier, Team: spec.Team,
		Request: spec.Request, Machine: spec.Machine, Writer: spec.Writer, For: spec.For, Needs: slices.Clone(spec.Needs),
		Created: spec.Created, Updated: spec.Updated,
	}
}

// keptResources is what was kept, or nothing when it cannot be used.
func (x *Index) keptResources() kept {
	if x.cache == "" {
		return kept{}
	}
	data, err := durable.ReadFile(filepath.Join(x.cache, resourcesFile), durable.Large)
	if err != nil {
		return kept{}
	}
	var k kept
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&k); err != nil || k.Format != format || len(k.Versions) != len(k.Resources) {
		return kept{}
	}
	return k
}

// keep writes what was read. That it could not be is no error: it is read again.
func (x *Index) keep(k kept) {
	if x.cache == "" {
		return
	}
	var data bytes.Buffer
	if err := gob.NewEncoder(&data).Encode(k); err != nil {
		return
	}
	if err := os.MkdirAll(x.cache, 0o700); err != nil {
		return
	}
	_ = durable.WriteFile(filepath.Join(x.cache, resourcesFile), data.Bytes(), 0o600)
}
