package terraform_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
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

const failingModule = `
variable "name" {}
resource "terraform_data" "good" { input = var.name }
resource "terraform_data" "bad" {
  depends_on = [terraform_data.good]
  provisioner "local-exec" {
    command = "echo what went wrong >&2; exit 7"
  }
}
output "name" { value = terraform_data.good.output }
`

// What was made before a failure is in the state, and the state is recorded.
func TestApplyFails(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	prepare(t, e, dir, local("./failing", map[string]any{"name": "x"}, "main.tf", failingModule))
	plan(t, e, dir, terraform.Run{})
	var kinds []terraform.EventKind
	_, err := e.Apply(t.Context(), dir, terraform.Run{Progress: func(e terraform.Event) { kinds = append(kinds, e.Kind) }})
	var failed *terraform.RunError
	if !errors.As(err, &failed) || failed.Verb != "apply" || errors.Is(err, context.Canceled) {
		t.Fatalf("Apply = %v, want a *RunError", err)
	}
	if len(failed.Diagnostics) != 1 || failed.Diagnostics[0].Severity != "error" || failed.Diagnostics[0].Address != "module.this.terraform_data.bad" {
		t.Errorf("diagnostics = %+v, want one error about the bad resource", failed.Diagnostics)
	}
	if !strings.HasPrefix(err.Error(), "terraform apply: local-exec provisioner error: ") || !strings.Contains(err.Error(), "what went wrong") {
		t.Errorf("error = %q", err)
	}
	if n := len(kinds); n == 0 || kinds[n-1] != terraform.EventError {
		t.Errorf("events = %v, want an error at the end", kinds)
	}
	info, err := terraform.StateInfo(dir)
	if err != nil || info.Serial == 0 {
		t.Errorf("StateInfo = %+v, %v", info, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "state.json")); err != nil {
		t.Errorf("the state was not recorded: %v", err)
	}
	prepare(t, e, dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule))
	if p := plan(t, e, dir, terraform.Run{}); p.Add != 1 || p.Destroy != 2 {
		t.Errorf("plan = %+v, want 1 to add and 2 to destroy", p)
	}
}

func TestPlanFails(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	m := local("./data", map[string]any{"name": []any{"a", "list"}}, "main.tf", dataModule)
	prepare(t, e, dir, m)
	_, err := e.Plan(t.Context(), dir, terraform.Run{})
	var failed *terraform.RunError
	if !errors.As(err, &failed) || failed.Verb != "plan" {
		t.Fatalf("Plan = %v, want a *RunError", err)
	}
	if got, want := err.Error(), "terraform plan: Invalid value for input variable: "; !strings.HasPrefix(got, want) {
		t.Errorf("error = %q, want %q...", got, want)
	}
	if _, err := e.Apply(t.Context(), dir, terraform.Run{}); !errors.Is(err, terraform.ErrNoPlan) {
		t.Errorf("Apply after a failed plan = %v, want ErrNoPlan", err)
	}
}

// B98: only the plan that was shown is applied, and only on the state that it
// was made for.
func TestStalePlans(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	module := func(name string) terraform.Module {
		return local("./data", map[string]any{"name": name}, "main.tf", dataModule)
	}
	prepare(t, e, dir, module("one"))
	shown := plan(t, e, dir, terraform.Run{})
	saved := read(t, dir, "plan.tfplan")
	prepare(t, e, dir, module("two"))
	plan(t, e, dir, terraform.Run{})
	if _, err := e.Apply(t.Context(), dir, terraform.Run{PlanDigest: shown.Digest}); !errors.Is(err, terraform.ErrPlanStale) {
		t.Errorf("Apply of another plan = %v, want ErrPlanStale", err)
	}
	if out := apply(t, e, dir); out["name"] != `"two"` {
		t.Errorf("outputs = %v", out)
	}
	write(t, filepath.Join(dir, "plan.tfplan"), saved, 0o600)
	_, err := e.Apply(t.Context(), dir, terraform.Run{PlanDigest: shown.Digest})
	if !errors.Is(err, terraform.ErrPlanStale) {
		t.Errorf("Apply of a plan for an older state = %v, want ErrPlanStale", err)
	}
	if out, err := terraform.Outputs(dir); string(out["name"]) != `"two"` || err != nil {
		t.Errorf("outputs = %s, %v", out["name"], err)
	}
	write(t, filepath.Join(dir, "plan.tfplan"), "", 0o600)
	if _, err := e.Apply(t.Context(), dir, terraform.Run{}); !errors.Is(err, terraform.ErrNoPlan) {
		t.Errorf("Apply of an empty plan = %v, want ErrNoPlan", err)
	}
	write(t, filepath.Join(dir, "plan.tfplan"), "no plan", 0o600)
	var failed *terraform.RunError
	if _, err := e.Apply(t.Context(), dir, terraform.Run{}); !errors.As(err, &failed) {
		t.Errorf("Apply of no plan = %v, want a *RunError", err)
	}
}

func TestDestroy(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	prepare(t, e, dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule))
	apply(t, e, dir)
	shown := plan(t, e, dir, terraform.Run{Destroy: true})
	if shown.Destroy != 1 || shown.Empty() || shown.Changes[0].Action != "delete" {
		t.Errorf("plan = %+v, want 1 to destroy", shown)
	}
	if err := e.Destroy(t.Context(), dir, terraform.Run{}); err != nil {
		t.Fatal(err)
	}
	if out, err := terraform.Outputs(dir); len(out) != 0 || err != nil {
		t.Errorf("outputs = %v, %v, want none", out, err)
	}
	if err := e.Destroy(t.Context(), dir, terraform.Run{}); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if p := plan(t, e, dir, terraform.Run{}); p.Add != 1 {
		t.Errorf("plan = %+v, want 1 to add", p)
	}
}

// Ephemeral values are given at plan and at apply, and kept nowhere.
func TestEphemeralVariable(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	m := local("./x", map[string]any{"name": "x", "password": "geheim"}, "main.tf", dataModule+`
variable "password" {
  ephemeral = true
}
resource "terraform_data" "used" {
  provisioner "local-exec" {
    command     = "test $${#PASSWORD} = 6"
    environment = { PASSWORD = var.password }
  }
}
`)
	prepare(t, e, dir, m)
	apply(t, e, dir)
	for name, content := range tree(t, dir) {
		if strings.Contains(content, "geheim") && name != "terraform.tfvars.json" {
			t.Errorf("the value is in %s", name)
		}
	}
}
