package request_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
)

func (f *fixture) destroy(ask request.DestroyAsk) (request.Destroyed, error) {
	f.t.Helper()
	if ask.Name == "" {
		ask.Name = name
	}
	return f.service.Destroy(f.t.Context(), ask)
}

// nothingLeft checks that the resource is gone from engine, machine and catalog,
// and that requests and ledger tell of as many ends as wanted.
func (f *fixture) nothingLeft(ends int) {
	f.t.Helper()
	if _, err := f.service.Secrets.Get(tokenRef); !errors.Is(err, secret.ErrNotFound) {
		f.t.Errorf("the secret: %v", err)
	}
	runs, err := os.ReadDir(filepath.Dir(f.service.Paths.Runs("local", name)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) || len(runs) != 0 {
		f.t.Errorf("run directories: %v, %v", runs, err)
	}
	if list, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(list) != 0 {
		f.t.Errorf("unfinished: %+v, %v", list, err)
	}
	if got := f.registered(name); got[0] != 0 || got[1] != 0 {
		f.t.Errorf("entity, resource = %v", got)
	}
	if got := f.ends(); got != [2]int{ends, ends} {
		f.t.Errorf("requests with this outcome, ledger lines = %v, want %d each", got, ends)
	}
}

// ends counts the requests and the ledger lines that tell of a destroy.
func (f *fixture) ends() [2]int {
	f.t.Helper()
	snapshot, err := f.record.Snapshot(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	var n [2]int
	for r, err := range snapshot.Requests() {
		if err != nil {
			f.t.Fatal(err)
		}
		if r.Outcome == request.Removed {
			n[0]++
		}
	}
	chains, err := snapshot.Chains()
	if err != nil {
		f.t.Fatal(err)
	}
	for _, chain := range chains {
		for _, event := range chain.Events {
			if event.Type == request.EventDestroyed {
				n[1]++
			}
		}
	}
	return n
}

func TestDestroy(t *testing.T) {
	f := newFixture(t)
	first := f.mustRun(ask())
	result, err := f.destroy(request.DestroyAsk{})
	if err != nil {
		t.Fatal(err)
	}
	if result.State != request.Removed || result.Counts.Destroy != 1 || !result.Registered || result.RequestID == first.RequestID {
		t.Errorf("result = %+v", result)
	}
	f.nothingLeft(1)
	if got := f.registered(name); got != [4]int{0, 0, 2, 1} {
		t.Errorf("entity, resource, requests, ledger lines of the request = %v", got)
	}
	var unknown *platform.UnknownError
	if _, err := f.destroy(request.DestroyAsk{}); !errors.As(err, &unknown) {
		t.Errorf("again: %v", err)
	}
	again := f.mustRun(ask())
	if again.State != request.Applied || again.RequestID == first.RequestID {
		t.Errorf("the name is not free again: %+v", again)
	}
	// The id of a destroy is no id for a request.
	used := ask()
	used.RequestID = result.RequestID
	var usedID *request.UsedIDError
	if _, err := f.run(used); !errors.As(err, &usedID) {
		t.Errorf("with the id of the destroy: %v", err)
	}
}

// TestDestroyAgainFinishes cuts a destroy short at every place with a side
// effect. The same destroy must then end with nothing, told once.
func TestDestroyAgainFinishes(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		cut, mend func(*fixture)
		open      bool // shown as unfinished after the cut
		gone      bool // from the record after the cut
	}{
		"what a person left in the way": {
			cut:  func(f *fixture) { f.record.failTrial = broken },
			mend: func(f *fixture) { f.record.failTrial = nil },
		},
		"starting the server": {
			cut:  func(f *fixture) { f.target.failStart = broken },
			mend: func(f *fixture) { f.target.failStart = nil },
		},
		"apply, nothing destroyed": {
			cut:  func(f *fixture) { f.engine.failBefore = broken },
			mend: func(f *fixture) { f.engine.failBefore = nil },
		},
		"apply, something destroyed": {
			cut:  func(f *fixture) { f.engine.failure = broken },
			mend: func(f *fixture) { f.engine.failure = nil }, open: true,
		},
		"removing the secret": {
			cut:  func(f *fixture) { f.service.Secrets = stuck{f.engine.secrets, broken} },
			mend: func(f *fixture) { f.service.Secrets = f.engine.secrets }, open: true,
		},
		"before the commit": {
			cut:  func(f *fixture) { f.record.failBefore = broken },
			mend: func(f *fixture) { f.record.failBefore = nil }, open: true,
		},
		"after the commit": {
			cut:  func(f *fixture) { f.record.after = broken },
			mend: func(f *fixture) { f.record.after = nil }, open: true, gone: true,
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			f.mustRun(ask())
			test.cut(f)
			_, err := f.destroy(request.DestroyAsk{})
			if !errors.Is(err, broken) {
				t.Fatalf("cut destroy: %v", err)
			}
			var unfinished *request.UnfinishedError
			if errors.As(err, &unfinished) != test.open || test.open && !unfinished.Destroy {
				t.Errorf("error is unfinished: %v, want %v: %v", !test.open, test.open, err)
			}
			if got := f.registered(name); (got[0]+got[1] == 0) != test.gone {
				t.Errorf("registered after the cut: %v", got)
			}
			list, err := request.ListUnfinished(f.service.Paths.Requests())
			if err != nil || (len(list) == 1) != test.open || test.open && list[0].Verb() != "destroy" {
				t.Errorf("ListUnfinished = %+v, %v", list, err)
			}
			test.mend(f)
			result, err := f.destroy(request.DestroyAsk{})
			if err != nil || result.State != request.Removed {
				t.Fatalf("again: %+v, %v", result, err)
			}
			if test.open && result.RequestID != unfinished.RequestID {
				t.Errorf("destroy %s was finished as %s", unfinished.RequestID, result.RequestID)
			}
			f.nothingLeft(1)
		})
	}
}

// stuck is a store of secrets from which none can be removed.
type stuck struct {
	secret.Store
	err error
}

func (s stuck) Delete(string) error { return s.err }

func TestDestroyIsRefused(t *testing.T) {
	tests := map[string]struct {
		spoil func(*fixture, *request.Ask)
		ask   request.DestroyAsk
		as    any
	}{
		"protected":     {spoil: func(_ *fixture, a *request.Ask) { a.Tier = "production" }, as: new(*request.RefusedError)},
		"a beginning":   {ask: request.DestroyAsk{Name: "shop"}, as: new(*platform.UnknownError)},
		"no name":       {ask: request.DestroyAsk{Name: "../x"}, as: new(*platform.UnknownError)},
		"other machine": {as: new(*request.ElsewhereError)},
		"no state":      {as: new(*request.NoStateError)},
		"empty state":   {as: new(*request.NoStateError)},
		"another home":  {as: new(*request.NoStateError)},
		"not found":     {as: new(*request.LostError)},
		"other server":  {as: new(*movedError)},
	}
	after := map[string]func(*fixture) error{
		"other machine": func(f *fixture) error { f.service.Machine = "there"; return nil },
		"not found":     func(f *fixture) error { f.engine.lost = true; return nil },
		"other server":  func(f *fixture) error { f.target.elsewhere = &movedError{}; return nil },
		"no state":      func(f *fixture) error { return os.RemoveAll(f.service.Paths.Runs("local", name)) },
		"another home": func(f *fixture) error { // where there never was a server
			f.target.gone = true
			return os.RemoveAll(f.service.Paths.Runs("local", name))
		},
		"empty state": func(f *fixture) error {
			return os.WriteFile(filepath.Join(f.service.Paths.Runs("local", name), "terraform.tfstate"), nil, 0o600)
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			a := ask()
			if test.spoil != nil {
				test.spoil(f, &a)
			}
			f.mustRun(a)
			if spoil := after[title]; spoil != nil {
				if err := spoil(f); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := f.destroy(test.ask); !errors.As(err, test.as) {
				t.Fatalf("error is %T: %v", err, err)
			}
			if got := f.registered(name); got != [4]int{1, 1, 1, 1} || f.ends() != [2]int{} {
				t.Errorf("registered: %v, ends: %v", got, f.ends())
			}
			if list, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(list) != 0 {
				t.Errorf("unfinished: %+v, %v", list, err)
			}
		})
	}
}

func TestDestroyProtectedOnRequest(t *testing.T) {
	f := newFixture(t)
	a := ask()
	a.Tier = "production"
	f.mustRun(a)
	if _, err := f.destroy(request.DestroyAsk{AllowProtected: true}); err != nil {
		t.Fatal(err)
	}
	f.nothingLeft(1)
}

// TestDestroyWithoutItsServer finds the server deleted with all that was on it:
// the engine has nothing to do.
func TestDestroyWithoutItsServer(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	f.target.gone = true
	starts := f.target.starts
	result, err := f.destroy(request.DestroyAsk{})
	if err != nil || result.Counts.Destroy != 0 || f.target.starts != starts {
		t.Errorf("result = %+v, %v, %d starts", result, err, f.target.starts-starts)
	}
	f.nothingLeft(1)
}

// TestDestroyNeedsNoSecret has a secret that cannot be read any more.
func TestDestroyNeedsNoSecret(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	file := filepath.Join(f.service.Paths.Secrets(), "local", name, "token.plain")
	if err := os.WriteFile(file, []byte("a\x00b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.destroy(request.DestroyAsk{}); err != nil {
		t.Fatal(err)
	}
	f.nothingLeft(1)
}

func TestDestroyDependents(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	component := backstage.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "Component",
		Metadata: backstage.Metadata{Name: "checkout", Namespace: "default"},
		Spec: map[string]any{
			"type": "service", "lifecycle": "production", "owner": "group:default/shop",
			"dependsOn": []any{"resource:other", "Resource:shop-text"},
		},
	}
	put := func() {
		t.Helper()
		if _, err := f.record.store.Commit(t.Context(), store.Change{Message: "other", Put: []backstage.Entity{component}}); err != nil {
			t.Fatal(err)
		}
	}
	// It comes into the catalog while the person thinks, and then is there.
	f.service.Confirm = func(context.Context, request.Plan) error { put(); return nil }
	for range 2 {
		var refused *request.RefusedError
		if _, err := f.destroy(request.DestroyAsk{}); !errors.As(err, &refused) || refused.Verdicts[0].Gate != request.GateDependents {
			t.Fatal(err)
		}
	}
	f.service.Confirm = nil
	// Somebody else writes the component while it is detached.
	f.record.between = func() {
		f.record.between = nil
		component.Metadata.Title = "Checkout"
		put()
	}
	result, err := f.destroy(request.DestroyAsk{Detach: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"component:default/checkout"}, result.Dependents); diff != "" {
		t.Error(diff)
	}
	snapshot, err := f.record.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := snapshot.Entity(component.Ref())
	if err != nil || got.Metadata.Title != "Checkout" {
		t.Errorf("%+v, %v", got, err)
	}
	if diff := cmp.Diff([]string{"resource:other"}, got.SpecStrings("dependsOn")); diff != "" {
		t.Error(diff)
	}
	f.nothingLeft(1)
}

func TestDestroyDeclinedOrDry(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	applies := f.engine.applies
	f.service.Confirm = func(context.Context, request.Plan) error { return request.ErrDeclined }
	if _, err := f.destroy(request.DestroyAsk{}); !errors.Is(err, request.ErrDeclined) {
		t.Fatal(err)
	}
	dry, err := f.destroy(request.DestroyAsk{DryRun: true})
	if err != nil || dry.State != request.Planned || dry.Counts.Destroy != 1 {
		t.Errorf("dry run: %+v, %v", dry, err)
	}
	if result := f.mustRun(ask()); result.State != request.Unchanged || f.engine.applies != applies {
		t.Errorf("afterwards: %+v, %d applies", result, f.engine.applies)
	}
}

// TestDestroyMovedRecord has somebody else change the resource between plan and
// commit: what they made of it is not taken out of the record.
func TestDestroyMovedRecord(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	f.record.between = func() {
		snapshot, err := f.record.store.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		resource, _, err := snapshot.ResourceByName(name)
		if err != nil {
			t.Fatal(err)
		}
		resource.Record.Spec.Request = "01ARZ3NDEKTSV4RRFFQ69G9999"
		if _, err := f.record.store.Commit(t.Context(), store.Change{Message: "other", Resource: &resource}); err != nil {
			t.Fatal(err)
		}
	}
	var changed *request.ChangedError
	if _, err := f.destroy(request.DestroyAsk{}); !errors.As(err, &changed) {
		t.Errorf("error is %v", err)
	}
	if got := f.registered(name); got[1] != 1 {
		t.Errorf("registered: %v", got)
	}
}
