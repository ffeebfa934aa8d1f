package terraform

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	mockDir  = "tests"
	mockFile = mockDir + "/plan.tftest.hcl"
)

// PlanMocked plans in dir as [Engine.Plan] does, from nothing, with the named
// providers ([Rendered].Providers) mocked: their schemas count, and nothing is
// asked of what they stand for. They are installed nevertheless: an engine knows
// no schema without the provider. Only Add is told.
func (e Engine) PlanMocked(ctx context.Context, dir string, run Run, providers []string) (Plan, error) {
	var text strings.Builder
	for _, name := range providers {
		name, alias, hasAlias := strings.Cut(name, ".")
		fmt.Fprintf(&text, "mock_provider %q {\n", name)
		if hasAlias {
			fmt.Fprintf(&text, "  alias = %q\n", alias)
		}
		text.WriteString("}\n")
	}
	text.WriteString("run \"plan\" {\n  command = plan\n}\n")
	if err := os.MkdirAll(filepath.Join(dir, mockDir), 0o700); err != nil {
		return Plan{}, err
	}
	if err := os.WriteFile(filepath.Join(dir, mockFile), []byte(text.String()), 0o600); err != nil {
		return Plan{}, err
	}
	defer func() { _ = os.RemoveAll(filepath.Join(dir, mockDir)) }()
	set := map[string]string{"TF_CLI_ARGS_test": "-verbose"}
	if run.Reattach != nil {
		attach, stop, err := run.Reattach(context.WithoutCancel(ctx))
		if err != nil {
			return Plan{}, err
		}
		defer stop()
		set["TF_REATTACH_PROVIDERS"] = string(attach)
	}
	tf, err := e.command(dir, run.Env, set)
	if err != nil {
		return Plan{}, err
	}
	out := &stream{}
	err = onOneThread(func() error { return tf.Test(ctx, out) })
	out.flush()
	if err != nil {
		return Plan{}, runError(ctx, "test", out, err)
	}
	return Plan{Changes: out.mocked, Add: len(out.mocked), Changed: len(out.mocked) > 0, Warnings: out.warnings()}, nil
}

// mockedPlan is what `test -verbose` says of a plan.
type mockedPlan struct {
	Changes []struct {
		Address, Type string
		Mode          string
		Change        struct{ Actions []string }
	} `json:"resource_changes"`
}

// changes are the objects that would be made.
func (p *mockedPlan) changes() []Change {
	list := []Change{}
	for _, c := range p.Changes {
		if c.Mode == "managed" && len(c.Change.Actions) == 1 && c.Change.Actions[0] == "create" {
			list = append(list, Change{Address: c.Address, Type: c.Type, Action: "create"})
		}
	}
	return list
}
