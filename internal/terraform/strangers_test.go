package terraform_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/platformctl/platformctl/internal/terraform"
)

// What a person put beside our files would be read with them.
func TestPrepareRefusesStrangers(t *testing.T) {
	e := engine(t)
	for _, name := range []string{"extra.tf", "extra.tf.json", "override.tf", "extra.tofu", "terraform.tfvars", "x.auto.tfvars", "x.auto.tfvars.json"} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), "", 0o600)
		_, err := e.Prepare(t.Context(), dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule), "")
		var refused *terraform.ModuleError
		if !errors.As(err, &refused) || refused.Path != filepath.Join(dir, name) {
			t.Errorf("Prepare beside %s = %v, want a *ModuleError about it", name, err)
		}
	}
}

// A person selected a workspace: our state is the default one all the same.
func TestWorkspaceIsIgnored(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	prepare(t, e, dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule))
	apply(t, e, dir)
	cmd := exec.CommandContext(t.Context(), "terraform", "workspace", "new", "other")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
}
