package terraform_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/terraform"
)

func TestLife(t *testing.T) {
	e := engine(t)
	dir := filepath.Join(t.TempDir(), "run")
	m := local("./modules/data", map[string]any{"name": "first"}, "main.tf", dataModule)
	prepare(t, e, dir, m)

	var events []terraform.Event
	run := terraform.Run{Progress: func(e terraform.Event) {
		e.Elapsed = 0
		events = append(events, e)
	}}
	p := plan(t, e, dir, run)
	want := terraform.Plan{
		Add: 1, OutputsChanged: true, Changed: true, Digest: p.Digest,
		Changes: []terraform.Change{{Address: "module.this.terraform_data.one", Type: "terraform_data", Action: "create"}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("Plan (-want +got):\n%s", diff)
	}
	out, err := e.Apply(t.Context(), dir, run)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(out["name"]); got != `"first"` {
		t.Errorf("output = %s, want \"first\"", got)
	}
	about := terraform.Event{Address: "module.this.terraform_data.one", Type: "terraform_data", Action: "create"}
	var wantEvents []terraform.Event
	for _, kind := range []terraform.EventKind{terraform.EventPlanned, terraform.EventPlanned, terraform.EventStart, terraform.EventComplete} {
		about.Kind = kind
		wantEvents = append(wantEvents, about)
	}
	if diff := cmp.Diff(wantEvents, events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}
