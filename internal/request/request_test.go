package request_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

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
          region: {type: string, default: here, x-immutable: true}
      tiers:
        development: {set: {}}
        production: {set: {size: 9}, lock: [size], deletion: {protect: true}}
      implementations:
        - match: {target: local}
          module: {source: ./module, variables: {name: "${request.name}", size: "${inputs.size}", region: "${inputs.region}"}}
      outputs:
        id: {from: id}
        token: {from: token_ref, secret: true}
      env: {TOKEN: "${secrets.token}"}
`

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
		Gates:     []request.Gate{request.DeletionProtection},
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
	failBefore, after error
}

func (r *record) Snapshot(ctx context.Context) (*store.Snapshot, error) {
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
	if r.failBefore != nil {
		return store.Receipt{}, r.failBefore
	}
	receipt, err := r.store.Commit(ctx, change)
	return receipt, errors.Join(err, r.after)
}

// engine keeps the applied variables of a run directory in a file, as Terraform
// keeps a state.
type engine struct {
	secrets             secret.Store
	failBefore, failure error // before and after the apply has made its object
	applies             int
	forget              bool // somebody deleted what was made
	replace             bool // the next plan replaces it
}

func (e *engine) Prepare(_ context.Context, dir string, m request.Module) (request.Rendered, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return request.Rendered{}, err
	}
	variables, err := json.Marshal(m.Variables)
	if err != nil {
		return request.Rendered{}, err
	}
	return request.Rendered{Main: []byte("{}"), Variables: variables, Needs: []string{"postgresql"}},
		os.WriteFile(filepath.Join(dir, "variables"), variables, 0o600)
}

func (e *engine) Plan(_ context.Context, dir string, _ request.Run) (request.Changes, error) {
	if e.forget {
		return counts(1, 0, 0), nil
	}
	if e.replace {
		return counts(1, 0, 1), nil
	}
	have, err := os.ReadFile(filepath.Join(dir, "terraform.tfstate"))
	if errors.Is(err, fs.ErrNotExist) {
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
	variables, err := os.ReadFile(filepath.Join(dir, "variables"))
	if err != nil {
		return nil, err
	}
	if _, err := run.Secrets.GetOrCreate("local/note/token"); err != nil {
		return nil, err
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
	if _, err := os.Stat(filepath.Join(dir, "terraform.tfstate")); errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	return map[string]json.RawMessage{"id": []byte(`"n-1"`), "token_ref": []byte(`"local/note/token"`)}, 1, nil
}

type target struct {
	failCheck, failStart error
	starts               int
}

func (t *target) Check(context.Context, []string) error { return t.failCheck }
func (t *target) Running(context.Context) bool          { return true }
func (t *target) Own() map[string]any                   { return map[string]any{} }
func (t *target) Start(context.Context, []string) error { t.starts++; return t.failStart }

func ask() request.Ask {
	return request.Ask{Capability: "note", Type: "text", Tier: "development", Team: "shop"}
}

const name = "shop-text"

func TestRunAppliesOnce(t *testing.T) {
	f := newFixture(t)
	first := f.mustRun(ask())
	if first.State != request.Applied || first.Name != name || first.EntityRef != "resource:default/shop-text" {
		t.Errorf("first run = %+v", first)
	}
	if diff := cmp.Diff(map[string]any{"id": "n-1"}, first.Outputs); diff != "" {
		t.Error(diff)
	}
	second := f.mustRun(ask())
	if second.State != request.Unchanged || second.RequestID != first.RequestID || f.engine.applies != 1 {
		t.Errorf("second run = %+v after %d applies", second, f.engine.applies)
	}
	if got := f.registered(name); got != [4]int{1, 1, 1, 1} {
		t.Errorf("entity, resource, requests, ledger lines = %v", got)
	}
}

// TestRunAgainFinishes cuts a request short at every place with a side effect.
// The same ask must then end with one of everything.
func TestRunAgainFinishes(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		cut, mend func(*fixture)
		want      [4]int // registered after the cut
		open      bool   // shown as unfinished after the cut
		applies   int
	}{
		"making the platform": {
			cut:  func(f *fixture) { f.record.failEnsure = broken },
			mend: func(f *fixture) { f.record.failEnsure = nil }, applies: 1,
		},
		"starting the server": {
			cut:  func(f *fixture) { f.target.failStart = broken },
			mend: func(f *fixture) { f.target.failStart = nil }, applies: 1,
		},
		"apply, nothing made": {
			cut:  func(f *fixture) { f.engine.failBefore = broken },
			mend: func(f *fixture) { f.engine.failBefore = nil }, applies: 1,
		},
		"apply, something made": {
			cut:  func(f *fixture) { f.engine.failure = broken },
			mend: func(f *fixture) { f.engine.failure = nil }, open: true, applies: 2,
		},
		"before the commit": {
			cut:  func(f *fixture) { f.record.failBefore = broken },
			mend: func(f *fixture) { f.record.failBefore = nil }, open: true, applies: 2,
		},
		"after the commit": {
			cut:  func(f *fixture) { f.record.after = broken },
			mend: func(f *fixture) { f.record.after = nil }, want: [4]int{1, 1, 1, 1}, open: true, applies: 1,
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			test.cut(f)
			_, err := f.run(ask())
			if !errors.Is(err, broken) {
				t.Fatalf("cut run: %v", err)
			}
			var unfinished *request.UnfinishedError
			if errors.As(err, &unfinished) != test.open {
				t.Errorf("error is unfinished: %v, want %v: %v", !test.open, test.open, err)
			}
			if got := f.registered(name); got != test.want {
				t.Errorf("registered after the cut: %v, want %v", got, test.want)
			}
			list, err := request.ListUnfinished(f.service.Paths.Requests())
			if err != nil || (len(list) == 1) != test.open {
				t.Errorf("ListUnfinished = %+v, %v", list, err)
			}
			test.mend(f)
			result := f.mustRun(ask())
			if test.open && result.RequestID != unfinished.RequestID {
				t.Errorf("request %s was finished as %s", unfinished.RequestID, result.RequestID)
			}
			if got := f.registered(name); got != [4]int{1, 1, 1, 1} {
				t.Errorf("registered in the end: %v", got)
			}
			if list, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(list) != 0 {
				t.Errorf("still unfinished: %+v, %v", list, err)
			}
			if again := f.mustRun(ask()); again.State != request.Unchanged {
				t.Errorf("and again: %s", again.State)
			}
		})
	}
}

func TestRunRefusesWithoutATrace(t *testing.T) {
	tests := map[string]struct {
		change func(*request.Ask)
		as     any
	}{
		"capability":        {func(a *request.Ask) { a.Capability = "nte" }, new(*capability.UnknownError)},
		"type":              {func(a *request.Ask) { a.Type = "txt" }, new(*platform.UnknownError)},
		"tier":              {func(a *request.Ask) { a.Tier = "prod" }, new(*platform.UnknownError)},
		"no tier":           {func(a *request.Ask) { a.Tier = "" }, new(*request.MissingError)},
		"no team":           {func(a *request.Ask) { a.Team = "" }, new(*request.MissingError)},
		"team":              {func(a *request.Ask) { a.Team = "../x" }, new(*platform.NameError)},
		"name":              {func(a *request.Ask) { a.Name = "CON" }, new(*platform.NameError)},
		"environment":       {func(a *request.Ask) { a.Environment = "moon" }, new(*platform.UnknownError)},
		"component":         {func(a *request.Ask) { a.For = "component:none" }, new(*platform.UnknownError)},
		"unknown input":     {func(a *request.Ask) { a.Inputs = map[string]any{"sze": 1} }, new(*capability.InputError)},
		"type of an input":  {func(a *request.Ask) { a.Inputs = map[string]any{"size": "x"} }, new(*capability.InputError)},
		"locked input":      {func(a *request.Ask) { a.Tier = "production"; a.Inputs = map[string]any{"size": int64(2)} }, new(*capability.LockedError)},
		"a name of 64 team": {func(a *request.Ask) { a.Team = "a23456789-123456789-123456789-1234567890" }, new(*platform.NameError)},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			a := ask()
			test.change(&a)
			_, err := f.run(a)
			if !errors.As(err, test.as) {
				t.Fatalf("error is %T: %v", err, err)
			}
			for _, dir := range []string{"platform", "state", "data"} {
				if _, err := os.Stat(filepath.Join(f.home, dir)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s was made", dir)
				}
			}
		})
	}
}

func TestRunConflicts(t *testing.T) {
	tests := map[string]struct {
		change func(*request.Ask, *fixture)
		as     any
	}{
		"tier":            {func(a *request.Ask, _ *fixture) { a.Tier = "production" }, new(*request.ConflictError)},
		"team":            {func(a *request.Ask, _ *fixture) { a.Team, a.Name = "search", name }, new(*request.ConflictError)},
		"immutable input": {func(a *request.Ask, _ *fixture) { a.Inputs = map[string]any{"region": "there"} }, new(*request.ConflictError)},
		"other machine":   {func(_ *request.Ask, f *fixture) { f.service.Machine = "there" }, new(*request.ElsewhereError)},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			f.mustRun(ask())
			a := ask()
			test.change(&a, f)
			if _, err := f.run(a); !errors.As(err, test.as) {
				t.Fatalf("error is %T: %v", err, err)
			}
			if f.engine.applies != 1 {
				t.Errorf("%d applies", f.engine.applies)
			}
		})
	}
}

func TestRunRepairs(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	f.engine.forget = true
	if result := f.mustRun(ask()); result.State != request.Applied || result.Counts.Add != 1 {
		t.Errorf("after the loss: %+v", result)
	}
	if got := f.registered(name); got != [4]int{1, 1, 2, 2} {
		t.Errorf("registered: %v", got)
	}
}

func TestRunKeepsEarlierInputs(t *testing.T) {
	f := newFixture(t)
	a := ask()
	a.Inputs = map[string]any{"size": int64(4)}
	f.mustRun(a)
	if result := f.mustRun(ask()); result.State != request.Unchanged {
		t.Errorf("without --set it is %s", result.State)
	}
	a.Inputs = map[string]any{"size": int64(5)}
	if result := f.mustRun(a); result.State != request.Applied || result.Counts.Change != 1 {
		t.Errorf("with another size: %+v", result)
	}
}

func TestDryRunLeavesNothing(t *testing.T) {
	f := newFixture(t)
	a := ask()
	a.DryRun = true
	if result := f.mustRun(a); result.State != request.Planned || result.Counts.Add != 1 || f.engine.applies != 0 {
		t.Errorf("dry run: %+v", result)
	}
	entries, err := os.ReadDir(f.home)
	if err != nil || len(entries) != 0 {
		t.Errorf("there is %v, %v", entries, err)
	}
}

func TestDeletionProtection(t *testing.T) {
	f := newFixture(t)
	a := ask()
	a.Tier = "production"
	f.mustRun(a)
	f.engine.replace = true
	var refused *request.RefusedError
	if _, err := f.run(a); !errors.As(err, &refused) || f.engine.applies != 1 {
		t.Errorf("after %d applies: %v", f.engine.applies, err)
	}
}

func TestDeclineLeavesNothing(t *testing.T) {
	f := newFixture(t)
	f.service.Confirm = func(context.Context, request.Plan) error { return request.ErrDeclined }
	if _, err := f.run(ask()); !errors.Is(err, request.ErrDeclined) {
		t.Fatal(err)
	}
	if f.record.store != nil || f.engine.applies != 0 {
		t.Error("something was made")
	}
	if _, err := os.Stat(f.service.Paths.Runs("local", name)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the run directory was left behind")
	}
}

// TestAnotherAskTakesOver corrects an input of a request that failed half way.
func TestAnotherAskTakesOver(t *testing.T) {
	f := newFixture(t)
	f.engine.failure = errors.New("broken")
	var unfinished *request.UnfinishedError
	if _, err := f.run(ask()); !errors.As(err, &unfinished) {
		t.Fatal(err)
	}
	f.engine.failure = nil
	a := ask()
	a.Inputs = map[string]any{"size": int64(3)}
	result := f.mustRun(a)
	if result.State != request.Applied || result.RequestID == unfinished.RequestID {
		t.Errorf("result = %+v", result)
	}
	if got := f.registered(name); got != [4]int{1, 1, 1, 1} {
		t.Errorf("registered: %v", got)
	}
}
