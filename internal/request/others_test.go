package request_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
)

// TestCommitKeepsWhatOthersWrote has somebody else change the component that
// will use the resource between reading and writing it.
func TestCommitKeepsWhatOthersWrote(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	component := backstage.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "Component",
		Metadata: backstage.Metadata{Name: "checkout", Namespace: "default"},
		Spec:     map[string]any{"type": "service", "lifecycle": "production", "owner": "group:default/shop"},
	}
	put := func() {
		t.Helper()
		if _, err := f.record.store.Commit(t.Context(), store.Change{Message: "other", Put: []backstage.Entity{component}}); err != nil {
			t.Fatal(err)
		}
	}
	put()
	f.record.between = func() {
		f.record.between = nil
		component.Spec["dependsOn"] = []any{"resource:default/shop-text"}
		put()
	}
	a := ask()
	a.Name, a.For = "second-note", "component:checkout"
	f.mustRun(a)
	snapshot, err := f.record.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := snapshot.Entity(component.Ref())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"resource:default/shop-text", "resource:default/second-note"}
	if diff := cmp.Diff(want, got.SpecStrings("dependsOn")); diff != "" {
		t.Error(diff)
	}
}

// TestRunKeepsWhatOthersAsked has another request change the resource while this
// one waits for it: what this one does not name stays as the other asked.
func TestRunKeepsWhatOthersAsked(t *testing.T) {
	f := newFixture(t)
	first := ask()
	first.Inputs = map[string]any{"size": int64(2)}
	f.mustRun(first)
	f.record.read = 0
	f.record.reading = func(n int) {
		if n != 2 { // the first is read before the lock is held
			return
		}
		snapshot, err := f.record.store.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		resource, _, err := snapshot.ResourceByName(name)
		if err != nil {
			t.Fatal(err)
		}
		resource.Record.Spec.Inputs = map[string]any{"size": int64(7)}
		if _, err := f.record.store.Commit(t.Context(), store.Change{Message: "other", Resource: &resource}); err != nil {
			t.Fatal(err)
		}
	}
	a := ask()
	a.Inputs = map[string]any{"color": "red"}
	result := f.mustRun(a)
	if diff := cmp.Diff(map[string]any{"size": int64(7), "color": "red", "region": "here"}, result.Inputs); diff != "" {
		t.Error(diff)
	}
}

// TestFailedAgainStaysUnfinished resumes a request whose killed apply may have
// made things that the state does not know of.
func TestFailedAgainStaysUnfinished(t *testing.T) {
	f := newFixture(t)
	f.engine.failure = errors.New("killed")
	var unfinished *request.UnfinishedError
	if _, err := f.run(ask()); !errors.As(err, &unfinished) {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.service.Paths.Runs("local", name), "terraform.tfstate")); err != nil {
		t.Fatal(err)
	}
	f.engine.failure, f.engine.failBefore = nil, errors.New("no server")
	if _, err := f.run(ask()); !errors.As(err, &unfinished) {
		t.Errorf("the second failure is %v", err)
	}
	if list, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(list) != 1 {
		t.Errorf("unfinished: %+v, %v", list, err)
	}
}

// TestFailedLeavesNoSecret fails after the secret was made and before anything
// else was.
func TestFailedLeavesNoSecret(t *testing.T) {
	f := newFixture(t)
	f.engine.failSecret = errors.New("refused")
	if _, err := f.run(ask()); !errors.Is(err, f.engine.failSecret) {
		t.Fatal(err)
	}
	if value, err := f.service.Secrets.Get(tokenRef); !errors.Is(err, secret.ErrNotFound) {
		t.Errorf("the secret is %q, %v", value, err)
	}
}
