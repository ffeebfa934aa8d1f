package request

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/secret"
)

// Planner is the part of an engine that a trial needs.
type Planner interface {
	Prepare(ctx context.Context, dir string, m Module) (Rendered, error)
	Plan(ctx context.Context, dir string, run Run) (Changes, error)
	// Unreachable reports whether a plan failed because a provider could not be
	// configured, or not reach what it stands for.
	Unreachable(err error) bool
	// Mock plans from nothing with the named providers mocked.
	Mock(ctx context.Context, dir string, run Run, providers []string) (Changes, error)
}

// Tryout is a test of a definition, and the directory to plan it in: empty, or
// that of another Tryout.
type Tryout struct {
	Definition *capability.Definition
	Test       capability.Test
	Dir        string
}

// Trial is what came of planning a test of a definition.
type Trial struct {
	Changes Changes
	Lock    []byte   // pins the providers that the module brings
	Mocked  []string // providers that were mocked, because they could not be configured or reach their target
	Reason  error    // what they said; nil when nothing was mocked
}

// Try plans what a test asks, from nothing. It starts no server, asks none, and
// keeps secrets in memory. Errors: those of Definition.Resolve and of the engine.
func Try(ctx context.Context, planner Planner, t Tryout) (Trial, error) {
	dir := t.Dir
	resolution, err := t.Definition.Resolve(t.Test.Ask())
	if err != nil {
		return Trial{}, err
	}
	rendered, err := planner.Prepare(ctx, dir, Module{
		Module: resolution.Module, Outputs: resolution.TerraformOutputs, Lock: resolution.Module.Lock,
		Own: map[string]any{
			"connection": filepath.Join(dir, "connection.json"), "secrets": filepath.Join(dir, "secrets"), "mark": "platformctl test",
		},
	})
	if err != nil {
		return Trial{}, err
	}
	run := Run{Secrets: secret.Overlay(nil), Offline: true}
	trial := Trial{Lock: rendered.Lock}
	if trial.Changes, err = planner.Plan(ctx, dir, run); err == nil || len(rendered.Providers) == 0 || ctx.Err() != nil || !planner.Unreachable(err) {
		return trial, err
	}
	trial.Reason, trial.Mocked = err, rendered.Providers
	if trial.Changes, err = planner.Mock(ctx, dir, run, rendered.Providers); err != nil {
		return Trial{}, errors.Join(trial.Reason, err)
	}
	return trial, nil
}
