package terraform_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/terraform"
)

// secretModule uses our provider and needs no server.
const secretModule = `
terraform {
  required_providers {
    platformctl = {
      source  = "platformctl.local/platform/platformctl"
      version = ">= 1.0"
    }
  }
}

variable "ref" {
  type = string
}

ephemeral "platformctl_secret" "password" {
  ref = var.ref
}

resource "terraform_data" "ref" {
  input = var.ref

  provisioner "local-exec" {
    command     = "test $${#PASSWORD} = 32"
    environment = { PASSWORD = ephemeral.platformctl_secret.password.value }
  }
}

output "ref" {
  value = terraform_data.ref.output
}
`

// own is a run directory of secretModule and the store of its secrets.
func own(t *testing.T, e terraform.Engine) (dir string, secrets secret.Store, m terraform.Module, binary string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	store := filepath.Join(t.TempDir(), "secrets")
	if err := os.Mkdir(store, 0o700); err != nil {
		t.Fatal(err)
	}
	if secrets, err = secret.Open(store, ""); err != nil {
		t.Fatal(err)
	}
	m = local("./secret", map[string]any{"ref": "team/db"}, "main.tf", secretModule)
	m.Own = map[string]any{"secrets": store, "mark": "managed-by: platformctl"}
	dir = filepath.Join(t.TempDir(), "run")
	if _, err := e.Prepare(t.Context(), dir, m, binary); err != nil {
		t.Fatal(err)
	}
	return dir, secrets, m, binary
}

func reattach(secrets secret.Store, starts *int) func(context.Context) (terraform.Reattach, func(), error) {
	return func(ctx context.Context) (terraform.Reattach, func(), error) {
		*starts++
		return provider.InProcess(ctx, provider.Options{Secrets: secrets})
	}
}

// After our run with the provider in this process, a person's own commands work
// in the directory, with no variable and no file of configuration.
func TestPlainTerraform(t *testing.T) {
	e := engine(t)
	dir, secrets, m, binary := own(t, e)
	starts := 0
	run := terraform.Run{Reattach: reattach(secrets, &starts)}
	p := plan(t, e, dir, run)
	if p.Add != 1 {
		t.Errorf("plan = %+v, want 1 to add", p)
	}
	if _, err := e.Apply(t.Context(), dir, run); err != nil {
		t.Fatal(err)
	}
	if p := plan(t, e, dir, run); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
	if starts != 3 {
		t.Errorf("%d provider servers, want one for each of 3 runs", starts)
	}
	value, err := secrets.Get("team/db")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range tree(t, dir) {
		if strings.Contains(content, value) {
			t.Errorf("the secret is in %s", name)
		}
	}

	plain := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), e.Path, args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "CHECKPOINT_DISABLE=1"}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("terraform %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if out := plain("plan", "-no-color", "-detailed-exitcode"); !strings.Contains(out, "No changes.") {
		t.Errorf("terraform plan:\n%s", out)
	}
	plain("init", "-input=false")
	plain("plan", "-detailed-exitcode")
	plain("validate")
	// What init wrote is as good as what we write.
	before := mtimes(t, dir)
	if _, err := e.Prepare(t.Context(), dir, m, binary); err != nil {
		t.Fatal(err)
	}
	for name, time := range mtimes(t, dir) {
		if before[name] != time {
			t.Errorf("%s was written again", name)
		}
	}
	// And without any of what a person may delete.
	for _, name := range []string{".terraform", ".terraform.lock.hcl"} {
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	plain("init", "-input=false")
	plain("plan", "-detailed-exitcode")
}

// Without a server of ours the engine starts the provider binary.
func TestMirror(t *testing.T) {
	e := engine(t)
	dir, secrets, _, _ := own(t, e)
	if out := apply(t, e, dir); out["ref"] != `"team/db"` {
		t.Errorf("outputs = %v", out)
	}
	if _, err := secrets.Get("team/db"); err != nil {
		t.Error(err)
	}
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
	if err := e.Destroy(t.Context(), dir, terraform.Run{}); err != nil {
		t.Fatal(err)
	}
	if n, err := terraform.Objects(dir); n != 0 || err != nil {
		t.Errorf("Objects = %d, %v, want 0", n, err)
	}
}

// The binary was replaced, as an upgrade does.
func TestProviderBinaryChanges(t *testing.T) {
	e := engine(t)
	dir, _, m, binary := own(t, e)
	apply(t, e, dir)
	data, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "platformctl")
	write(t, other, string(data)+"x", 0o700)
	if err := os.Remove(filepath.Join(dir, ".terraform.lock.hcl")); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Prepare(t.Context(), dir, m, other); err != nil {
		t.Fatal(err)
	}
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
	if _, err := e.Prepare(t.Context(), dir, m, filepath.Join(t.TempDir(), "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Prepare with a missing binary = %v", err)
	}
}

func TestReattachFails(t *testing.T) {
	e := engine(t)
	dir, _, _, _ := own(t, e)
	broken := errors.New("broken")
	for name, start := range map[string]func(context.Context) (terraform.Reattach, func(), error){
		"no server": func(context.Context) (terraform.Reattach, func(), error) { return nil, nil, broken },
	} {
		if _, err := e.Plan(t.Context(), dir, terraform.Run{Reattach: start}); !errors.Is(err, broken) {
			t.Errorf("%s: Plan = %v, want the error of the server", name, err)
		}
	}
	stopped := 0
	gone := func(context.Context) (terraform.Reattach, func(), error) {
		return terraform.Reattach(`{"` + provider.Address + `": {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": 1, "Test": true, "Addr": {"Network": "unix", "String": "/nowhere"}}}`),
			func() { stopped++ }, nil
	}
	var failed *terraform.RunError
	if _, err := e.Plan(t.Context(), dir, terraform.Run{Reattach: gone}); !errors.As(err, &failed) || stopped != 1 {
		t.Errorf("Plan = %v, stopped %d times, want a *RunError and once", err, stopped)
	}
}

// The module that ships: its plan needs no server.
func TestShippedModule(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := terraform.Module{
		Source: "./modules/postgresql", Local: os.DirFS("../../catalog/capabilities/database/modules/postgresql"),
		Variables: map[string]any{"name": "orders", "password_ref": "local/orders/password"},
		Own:       map[string]any{"connection": filepath.Join(dir, "no-such-file")},
	}
	r, err := e.Prepare(t.Context(), dir, m, binary)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"postgresql"}, r.Needs); diff != "" {
		t.Errorf("Needs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"database", "host", "password_ref", "port", "sslmode", "username"}, r.OutputsDeclared); diff != "" {
		t.Errorf("OutputsDeclared (-want +got):\n%s", diff)
	}
	starts := 0
	p := plan(t, e, dir, terraform.Run{Reattach: reattach(secret.Overlay(nil), &starts), RefreshOff: true})
	if p.Add != 2 || p.Change != 0 || p.Destroy != 0 {
		t.Errorf("plan = %+v, want 2 to add", p)
	}
}
