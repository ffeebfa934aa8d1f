package request_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
)

const definition = `apiVersion: platformctl.io/v1
kind: Capability
metadata: {name: note, title: Note, owner: group:default/platform}
spec:
  version: 1.0.0
  lifecycle: production
  types:
    text:
      inputs:
        type: object
        properties:
          size: {type: integer, default: 1}
          color: {type: string, default: blue}
          region: {type: string, default: here, x-immutable: true}
      tiers:
        development: {set: {}}
        production: {set: {size: 9}, lock: [size], deletion: {protect: true}}
      implementations:
        - match: {target: local}
          module: {source: ./module, variables: {name: "${request.name}", size: "${inputs.size}", region: "${inputs.region}", color: "${inputs.color}"}}
      outputs:
        id: {from: id}
        token: {from: token_ref, secret: true}
      env: {TOKEN: "${secrets.token}"}
`

// tokenRef is the secret of the resource that ask asks for.
const tokenRef = "local/" + name + "/token"

// fixture is a platform with a real record and journal, and a fake engine: the
// real one is driven by the stories in e2e.
type fixture struct {
	t       *testing.T
	record  *record
	engine  *engine
	target  *target
	service *request.Service
	shown   []request.Plan
	home    string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, home: t.TempDir()}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	location := platform.Location{Dir: filepath.Join(f.home, "platform")}
	paths := platform.Paths{
		Data: filepath.Join(f.home, "data"), State: filepath.Join(f.home, "state"), Cache: filepath.Join(f.home, "cache"),
	}
	clock := func() time.Time { now = now.Add(time.Second); return now }
	f.record = &record{options: store.Options{Location: location, Paths: paths, Now: clock, Writer: "0123456789ab"}}
	f.engine = &engine{}
	f.target = &target{}
	secrets, err := secret.Open(paths.Secrets(), "")
	if err != nil {
		t.Fatal(err)
	}
	id := 0
	f.service = &request.Service{
		Record: f.record,
		Capabilities: func(*store.Snapshot) (capability.Set, error) {
			return capability.LoadAll(fstest.MapFS{
				"note/capability.yaml": {Data: []byte(definition)},
				"note/module/main.tf":  {Data: []byte("# a module\n")},
			}, nil)
		},
		Paths:     paths,
		Terraform: f.engine,
		Target:    func(platform.Environment) (request.Target, error) { return f.target, nil },
		Secrets:   secrets,
		Actor:     func(bool) (string, error) { return "user-1", nil },
		Machine:   "here",
		Writer:    func(create bool) (string, error) { return store.Writer(f.record.options, create) },
		Gates:     []request.Gate{request.DeletionProtection, request.Dependents},
		Show:      func(p request.Plan) { f.shown = append(f.shown, p) },
		Now:       clock,
		NewID:     func() string { id++; return fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G%04d", id) },
		TempDir:   func() (string, func(), error) { return t.TempDir(), func() {}, nil },
	}
	f.engine.secrets = secrets
	return f
}

func (f *fixture) run(ask request.Ask) (request.Result, error) {
	f.t.Helper()
	return f.service.Run(f.t.Context(), ask)
}

func (f *fixture) mustRun(ask request.Ask) request.Result {
	f.t.Helper()
	result, err := f.run(ask)
	if err != nil {
		f.t.Fatal(err)
	}
	return result
}

// registered counts what the record holds of the resource: entity, resource,
// requests and ledger lines.
func (f *fixture) registered(name string) [4]int {
	f.t.Helper()
	snapshot, err := f.record.Snapshot(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	var n [4]int
	for e, err := range snapshot.Entities() {
		if err != nil {
			f.t.Fatal(err)
		}
		if e.Kind == "Resource" && e.Metadata.Name == name {
			n[0]++
		}
	}
	if _, found, err := snapshot.ResourceByName(name); err != nil {
		f.t.Fatal(err)
	} else if found {
		n[1]++
	}
	for r, err := range snapshot.Requests() {
		if err != nil {
			f.t.Fatal(err)
		}
		if r.Name == name {
			n[2]++
		}
	}
	chains, err := snapshot.Chains()
	if err != nil {
		f.t.Fatal(err)
	}
	for _, chain := range chains {
		for _, event := range chain.Events {
			if event.Type == request.EventApplied && event.Subject == "resource:default/"+name {
				n[3]++
			}
		}
	}
	return n
}

// record is the store, made at the first write, that can fail before or after
// a commit.
type record struct {
	options           store.Options
	store             *store.Store
	failEnsure        error
	failTrial         error
	failBefore, after error
	between           func()    // runs between reading and committing
	reading           func(int) // runs before the n-th snapshot
	read              int
	trials            int
}

func (r *record) Snapshot(ctx context.Context) (*store.Snapshot, error) {
	r.read++
	if r.reading != nil {
		r.reading(r.read)
	}
	if r.store == nil {
		return store.Empty(platform.DefaultConfig("platform")), nil
	}
	return r.store.Snapshot(ctx)
}

func (r *record) Ensure(ctx context.Context) error {
	if r.store != nil || r.failEnsure != nil {
		return r.failEnsure
	}
	config, err := platform.DefaultConfig("platform").Marshal()
	if err != nil {
		return err
	}
	r.store, err = store.Create(ctx, r.options, store.Change{
		Message: "create", Files: map[string][]byte{"platform.yaml": config},
	})
	return err
}

func (r *record) Commit(ctx context.Context, change store.Change) (store.Receipt, error) {
	if change.Trial {
		r.trials++
		_, err := r.store.Commit(ctx, change)
		return store.Receipt{}, errors.Join(err, r.failTrial)
	}
	if r.failBefore != nil {
		return store.Receipt{}, r.failBefore
	}
	if r.between != nil {
		r.between()
	}
	receipt, err := r.store.Commit(ctx, change)
	return receipt, errors.Join(err, r.after)
}

func (r *record) Reserve(reservation store.Reservation) error { return r.store.Reserve(reservation) }
func (r *record) Release(name string) error                   { return r.store.Release(name) }

// engine keeps the applied variables of a run directory in a file, as Terraform
// keeps a state.
type engine struct {
	secrets             secret.Store
	failBefore, failure error // before and after the apply has made its object
	failSecret          error // after it has made its secret
	applies             int
	mark                any  // of the last module that was prepared
	forget              bool // somebody deleted what was made
	replace             bool // the next plan replaces it
	missing             error
	destroys            bool   // the last plan was to destroy
	shared              string // reference of a secret that others use as well
	lost                bool   // a plan to destroy finds nothing
}

func (e *engine) Inspect(context.Context, request.Module) ([]string, error) {
	return []string{"postgresql"}, e.missing
}

func (e *engine) Prepare(_ context.Context, dir string, m request.Module) (request.Rendered, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return request.Rendered{}, err
	}
	e.mark = m.Own["mark"]
	variables, err := json.Marshal(m.Variables)
	if err != nil {
		return request.Rendered{}, err
	}
	return request.Rendered{Main: []byte("{}"), Variables: variables, Needs: []string{"postgresql"}},
		os.WriteFile(filepath.Join(dir, "variables"), variables, 0o600)
}

func (e *engine) Plan(_ context.Context, dir string, run request.Run) (request.Changes, error) {
	if _, err := run.Secrets.GetOrCreate(tokenRef); err != nil {
		return request.Changes{}, err
	}
	if e.shared != "" {
		if _, err := run.Secrets.GetOrCreate(e.shared); err != nil {
			return request.Changes{}, err
		}
	}
	if e.destroys = run.Destroy; run.Destroy {
		_, objects, err := e.Outputs(dir)
		if e.lost {
			objects = 0
		}
		return counts(0, 0, objects), err
	}
	if e.forget {
		return counts(1, 0, 0), nil
	}
	if e.replace {
		return counts(1, 0, 1), nil
	}
	have, err := os.ReadFile(filepath.Join(dir, "terraform.tfstate"))
	if len(have) == 0 {
		return counts(1, 0, 0), nil
	}
	want, errWant := os.ReadFile(filepath.Join(dir, "variables"))
	if string(have) != string(want) {
		return counts(0, 1, 0), errors.Join(err, errWant)
	}
	return request.Changes{}, errors.Join(err, errWant)
}

func counts(add, change, destroy int) request.Changes {
	return request.Changes{Counts: request.Counts{Add: add, Change: change, Destroy: destroy}}
}

func (e *engine) Apply(_ context.Context, dir string, run request.Run) (map[string]json.RawMessage, error) {
	if e.failBefore != nil {
		return nil, e.failBefore
	}
	if e.destroys {
		return nil, errors.Join(os.WriteFile(filepath.Join(dir, "terraform.tfstate"), nil, 0o600), e.failure)
	}
	variables, err := os.ReadFile(filepath.Join(dir, "variables"))
	if err != nil {
		return nil, err
	}
	if _, err := run.Secrets.GetOrCreate(tokenRef); err != nil {
		return nil, err
	}
	if e.failSecret != nil {
		return nil, e.failSecret
	}
	if err := os.WriteFile(filepath.Join(dir, "terraform.tfstate"), variables, 0o600); err != nil {
		return nil, err
	}
	e.applies++
	e.forget, e.replace = false, false
	if e.failure != nil {
		return nil, e.failure
	}
	outputs, _, err := e.Outputs(dir)
	return outputs, err
}

func (e *engine) Outputs(dir string) (map[string]json.RawMessage, int, error) {
	if state, _ := os.ReadFile(filepath.Join(dir, "terraform.tfstate")); len(state) == 0 {
		return nil, 0, nil
	}
	return map[string]json.RawMessage{"id": []byte(`"n-1"`), "token_ref": []byte(`"` + tokenRef + `"`)}, 1, nil
}

type target struct {
	failCheck, failStart error
	starts               int
	gone                 bool
	elsewhere            error // what there is, is on another server
}

func (t *target) Check(context.Context, []string) error  { return t.failCheck }
func (t *target) Running(context.Context, []string) bool { return true }
func (t *target) Gone(context.Context, []string) bool    { return t.gone }
func (t *target) Holds(string) error                     { return t.elsewhere }
func (t *target) Own() map[string]any                    { return map[string]any{} }
func (t *target) Start(context.Context, []string) error  { t.starts++; return t.failStart }
