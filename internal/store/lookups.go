package store

import (
	"bytes"
	"cmp"
	"errors"
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/git"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/strictyaml"
)

// Resource looks up a resource. A resource.yaml that cannot be read is a
// [Problem].
func (s *Snapshot) Resource(environment, name string) (Resource, bool, error) {
	if checkKey(ResourceKey{environment, name}) != nil {
		return Resource{}, false, nil //nolint:nilerr // no resource has such a name
	}
	dir := platform.ResourceDir(environment, name)
	file := path.Join(dir, recordFile)
	data, found, err := s.read(file)
	if err != nil || !found {
		return Resource{}, false, err
	}
	r := Resource{Environment: environment, Name: name}
	if r.Record, err = parseRecord(file, data); err != nil {
		return Resource{}, false, err
	}
	if r.Main, _, err = s.read(path.Join(dir, mainFile)); err != nil {
		return Resource{}, false, err
	}
	if r.Variables, _, err = s.read(path.Join(dir, variablesFile)); err != nil {
		return Resource{}, false, err
	}
	r.Lock, _, err = s.read(path.Join(dir, lockFile))
	return r, err == nil, err
}

func parseRecord(name string, data []byte) (ResourceRecord, error) {
	var record ResourceRecord
	if err := strictyaml.Decode(name, data, &record); err != nil {
		return ResourceRecord{}, Problem{name, err}
	}
	dir := platform.ResourceDir(record.Spec.Environment, record.Metadata.Name)
	if record.APIVersion != platform.APIVersion || record.Kind != kindResource || path.Dir(name) != dir {
		return ResourceRecord{}, Problem{name, errors.New("does not describe the resource of its directory")}
	}
	return record, nil
}

// ResourceByName looks a resource up in every environment: names are unique in
// a platform.
func (s *Snapshot) ResourceByName(name string) (Resource, bool, error) {
	environments, err := s.list(platform.ResourcesDir)
	if err != nil {
		return Resource{}, false, err
	}
	for _, environment := range environments {
		r, found, err := s.Resource(environment.Path, name)
		if err != nil || found {
			return r, found, err
		}
	}
	return Resource{}, false, nil
}

// Resources returns every resource that can be read, by environment and name.
func (s *Snapshot) Resources() ([]Resource, error) {
	var out []Resource
	var dir string
	var files map[string][]byte
	flush := func() {
		if record, err := parseRecord(path.Join(dir, recordFile), files[recordFile]); err == nil {
			out = append(out, Resource{
				Environment: record.Spec.Environment, Name: record.Metadata.Name, Record: record,
				Main: files[mainFile], Variables: files[variablesFile], Lock: files[lockFile],
			})
		}
	}
	// The files of a resource follow each other, so no directory is searched.
	for entry, err := range s.walk(platform.ResourcesDir) {
		if err != nil {
			return nil, err
		}
		if at := path.Dir(entry.Path); at != dir {
			flush()
			dir, files = at, map[string][]byte{}
		}
		if !entry.Mode.IsFile() {
			continue
		}
		if files[path.Base(entry.Path)], err = s.repo.Blob(entry.Hash); err != nil {
			return nil, err
		}
	}
	flush()
	slices.SortFunc(out, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// ResourceVersion is a resource of the record, unread. Two snapshots that give
// the same Version of a Key hold the same resource.
type ResourceVersion struct {
	Key     ResourceKey
	Version string
}

// ResourceVersions returns the resources without reading them, and a version of
// them all.
func (s *Snapshot) ResourceVersions() (version string, list []ResourceVersion, err error) {
	if s.repo == nil || s.tree.IsZero() {
		return "", nil, nil
	}
	all, found, err := s.repo.Find(s.tree, platform.ResourcesDir)
	if err != nil || !found || all.Mode != git.ModeDir {
		return "", nil, err
	}
	environments, err := s.repo.List(all.Hash, ".")
	if err != nil {
		return "", nil, err
	}
	for _, environment := range environments {
		if environment.Mode != git.ModeDir {
			continue // somebody's file
		}
		resources, err := s.repo.List(environment.Hash, ".")
		if err != nil {
			return "", nil, err
		}
		for _, r := range resources {
			if r.Mode != git.ModeDir {
				continue
			}
			list = append(list, ResourceVersion{ResourceKey{environment.Path, r.Path}, string(r.Hash[:])})
		}
	}
	return string(all.Hash[:]), list, nil
}

func (s *Snapshot) records() iter.Seq2[ResourceRecord, error] {
	return each(s, platform.ResourcesDir, parseRecord)
}

// Record reads what is known of a resource, without its Terraform files. A
// resource.yaml that cannot be read is a [Problem].
func (s *Snapshot) Record(of ResourceVersion) (ResourceRecord, bool, error) {
	if checkKey(of.Key) != nil || len(of.Version) != len(git.Hash{}) {
		return ResourceRecord{}, false, nil //nolint:nilerr // no resource has such a name
	}
	// By the hash of its directory: to search one of thousands takes longer.
	entry, found, err := s.repo.Find(git.Hash([]byte(of.Version)), recordFile)
	if err != nil || !found || !entry.Mode.IsFile() {
		return ResourceRecord{}, false, err
	}
	data, err := s.repo.Blob(entry.Hash)
	if err != nil {
		return ResourceRecord{}, false, err
	}
	record, err := parseRecord(path.Join(platform.ResourceDir(of.Key.Environment, of.Key.Name), recordFile), data)
	return record, err == nil, err
}

// Request looks up a request by its ULID.
func (s *Snapshot) Request(id string) (Request, bool, error) {
	name, err := requestPath(id)
	if err != nil {
		return Request{}, false, nil //nolint:nilerr // no request has such an id
	}
	data, found, err := s.read(name)
	if err != nil || !found {
		return Request{}, false, err
	}
	r, err := parseRequest(name, data)
	return r, err == nil, err
}

// Requests yields every request that can be read, the oldest first. An error
// is one of the repository and ends the walk.
func (s *Snapshot) Requests() iter.Seq2[Request, error] { return good(s.requests()) }

func (s *Snapshot) requests() iter.Seq2[Request, error] {
	return each(s, platform.RequestsDir, parseRequest)
}

func parseRequest(name string, data []byte) (Request, error) {
	var file requestFile
	if err := strictyaml.Decode(name, data, &file); err != nil {
		return Request{}, Problem{name, err}
	}
	want, err := requestPath(file.Spec.ID)
	if err != nil || want != name || file.APIVersion != platform.APIVersion || file.Kind != kindRequest {
		return Request{}, Problem{name, errors.New("does not hold the request of its name")}
	}
	return file.Spec, nil
}

// Chains returns the ledger, one chain per writer, sorted by writer.
func (s *Snapshot) Chains() ([]Chain, error) {
	writers, err := s.list(platform.LedgerDir)
	if err != nil {
		return nil, err
	}
	chains := make([]Chain, 0, len(writers))
	for _, writer := range writers {
		files, err := s.ledgerFiles(writer.Path)
		if err != nil {
			return nil, err
		}
		chain := Chain{Writer: writer.Path}
		for _, file := range files {
			data, _, err := s.read(file)
			if err != nil {
				return nil, err
			}
			events, err := ledger.Parse(data)
			if err != nil {
				chain.Problems = append(chain.Problems, Problem{file, err})
			}
			chain.Events = append(chain.Events, events...)
		}
		chains = append(chains, chain)
	}
	return chains, nil
}

// ledgerFiles lists the files of a chain, the oldest first.
func (s *Snapshot) ledgerFiles(writer string) ([]string, error) {
	dir := path.Join(platform.LedgerDir, writer)
	entries, err := s.list(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, entry := range entries {
		if entry.Mode.IsFile() && strings.HasSuffix(entry.Path, ".ndjson") {
			files = append(files, path.Join(dir, entry.Path))
		}
	}
	return files, nil
}

// head returns the newest file of a chain, "" when there is none, and where
// the chain ends. Only its last line is read: whether the chain holds is for
// others to say.
func (s *Snapshot) head(writer string) (string, ledger.Head, error) {
	files, err := s.ledgerFiles(writer)
	if err != nil || len(files) == 0 {
		return "", ledger.Head{}, err
	}
	last := files[len(files)-1]
	data, _, err := s.read(last)
	if err != nil {
		return "", ledger.Head{}, err
	}
	line := data[bytes.LastIndexByte(bytes.TrimSuffix(data, []byte("\n")), '\n')+1:]
	events, err := ledger.Parse(line)
	if err == nil && len(events) != 1 {
		err = errors.New("holds no event in its last line")
	}
	if err != nil {
		return "", ledger.Head{}, Problem{last, err}
	}
	return last, ledger.Last(events), nil
}

// Problems lists the files of catalog, resources, requests and ledger that
// cannot be read.
func (s *Snapshot) Problems() ([]Problem, error) {
	var all []Problem
	for _, found := range []func() ([]Problem, error){
		func() ([]Problem, error) { return problems(s.entities()) },
		func() ([]Problem, error) { return problems(s.requests()) },
		func() ([]Problem, error) { return problems(s.records()) },
	} {
		list, err := found()
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	chains, err := s.Chains()
	for _, chain := range chains {
		all = append(all, chain.Problems...)
	}
	return all, err
}

func problems[T any](all iter.Seq2[T, error]) ([]Problem, error) {
	var list []Problem
	for _, err := range all {
		if err == nil {
			continue
		}
		problem, broken := errors.AsType[Problem](err)
		if !broken {
			return nil, err
		}
		list = append(list, problem)
	}
	return list, nil
}
