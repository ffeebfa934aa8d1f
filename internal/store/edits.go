package store

import (
	"bytes"
	"errors"
	"path"
	"slices"
	"strings"

	"github.com/oklog/ulid/v2"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/git"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/strictyaml"
)

// editor turns a change into edits of files on one tip.
type editor struct {
	tip    *Snapshot
	repo   *git.Repo
	change Change
	writer string

	edits  []git.Edit
	sealed []ledger.Event
}

func (e *editor) run() error {
	for _, step := range []func() error{e.entities, e.resources, e.files, e.request, e.events} {
		if err := step(); err != nil {
			return err
		}
	}
	// The order of maps must not show in the pack.
	slices.SortStableFunc(e.edits, func(a, b git.Edit) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

func (e *editor) put(name string, data []byte) {
	e.edits = append(e.edits, git.Edit{Path: name, Data: data})
}

func (e *editor) drop(name string) {
	e.edits = append(e.edits, git.Edit{Path: name, Delete: true})
}

func (e *editor) entities() error {
	for _, entity := range e.change.Put {
		name, err := entityPath(entity.Ref())
		if err != nil {
			return &ChangeError{entity.Ref().String(), err.Error()}
		}
		if err := entity.Validate(); err != nil {
			return &ChangeError{name, err.Error()}
		}
		data, err := entity.Marshal()
		if err != nil {
			return &ChangeError{name, err.Error()}
		}
		e.put(name, data)
	}
	for _, ref := range e.change.Delete {
		name, err := entityPath(ref)
		if err != nil {
			return &ChangeError{ref.String(), err.Error()}
		}
		e.drop(name)
	}
	return nil
}

func entityPath(ref backstage.Ref) (string, error) {
	return platform.EntityPath(ref.Kind, ref.Namespace, ref.Name)
}

func (e *editor) resources() error {
	if r := e.change.Resource; r != nil {
		if err := checkKey(ResourceKey{r.Environment, r.Name}); err != nil {
			return err
		}
		dir := platform.ResourceDir(r.Environment, r.Name)
		record := r.Record
		record.APIVersion, record.Kind, record.Metadata.Name = platform.APIVersion, kindResource, r.Name
		record.Spec.Inputs, _ = strictyaml.Verbatim(record.Spec.Inputs).(map[string]any)
		data, err := strictyaml.Encode(record)
		if err != nil {
			return &ChangeError{dir, err.Error()}
		}
		e.put(path.Join(dir, recordFile), data)
		for name, data := range map[string][]byte{mainFile: r.Main, variablesFile: r.Variables, lockFile: r.Lock} {
			if data == nil {
				e.drop(path.Join(dir, name))
			} else {
				e.put(path.Join(dir, name), data)
			}
		}
	}
	for _, key := range e.change.DropResources {
		if err := checkKey(key); err != nil {
			return err
		}
		for entry, err := range e.tip.walk(platform.ResourceDir(key.Environment, key.Name)) {
			if err != nil {
				return err
			}
			e.drop(entry.Path)
		}
	}
	return nil
}

// checkKey keeps names that would lead elsewhere out of paths.
func checkKey(key ResourceKey) error {
	if err := platform.CheckName("environment", key.Environment); err != nil {
		return &ChangeError{platform.ResourcesDir, err.Error()}
	}
	if err := platform.CheckName("name", key.Name); err != nil {
		return &ChangeError{platform.ResourcesDir, err.Error()}
	}
	return nil
}

func (e *editor) files() error {
	for name, data := range e.change.Files {
		top, _, _ := strings.Cut(name, "/")
		if slices.Contains([]string{platform.CatalogDir, platform.ResourcesDir, platform.RequestsDir, platform.LedgerDir}, top) {
			return &ChangeError{name, "belongs to the record, which files cannot write"}
		}
		if name == platform.ConfigFile {
			if _, err := platform.ParseConfig(name, data); err != nil {
				return &ChangeError{name, err.Error()}
			}
		}
		if data == nil {
			e.drop(name)
		} else {
			e.put(name, data)
		}
	}
	return nil
}

func (e *editor) request() error {
	r := e.change.Request
	if r == nil {
		return nil
	}
	name, err := requestPath(r.ID)
	if err != nil {
		return &ChangeError{platform.RequestsDir, "its id is no ULID"}
	}
	spec := *r
	spec.Inputs, _ = strictyaml.Verbatim(spec.Inputs).(map[string]any)
	data, err := strictyaml.Encode(requestFile{APIVersion: platform.APIVersion, Kind: kindRequest, Spec: spec})
	if err != nil {
		return &ChangeError{name, err.Error()}
	}
	old, found, err := e.tip.read(name)
	if err != nil {
		return err
	}
	if found && !bytes.Equal(old, data) {
		return &ChangeError{name, "is recorded already"}
	}
	e.put(name, data)
	return nil
}

// requestPath takes the month from the ULID, so that the id alone finds the
// file.
func requestPath(id string) (string, error) {
	parsed, err := ulid.ParseStrict(id)
	if err != nil {
		return "", err
	}
	if parsed.String() != id {
		return "", errors.New("not in upper case")
	}
	return platform.RequestPath(id, ulid.Time(parsed.Time())), nil
}

// events appends to the newest file of the writer's chain, or begins that of
// the month. A clock that goes back does not reorder the chain.
func (e *editor) events() error {
	if len(e.change.Events) == 0 {
		return nil
	}
	name := platform.LedgerPath(e.writer, e.change.Time)
	last, head, err := e.tip.head(e.writer)
	if err != nil {
		return err
	}
	name = max(name, last)
	old, _, err := e.tip.read(name)
	if err != nil {
		return err
	}
	data := bytes.Clone(old)
	for _, event := range e.change.Events {
		event.Writer = e.writer
		if event.Time.IsZero() {
			event.Time = e.change.Time
		}
		sealed, line, err := ledger.Seal(head, event)
		if err != nil {
			return &ChangeError{name, err.Error()}
		}
		head = ledger.Head{Seq: sealed.Seq, Digest: sealed.Digest}
		e.sealed = append(e.sealed, sealed)
		data = append(data, line...)
	}
	e.put(name, data)
	return nil
}
