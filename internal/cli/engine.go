package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/terraform"
)

// engine drives Terraform for requests, with the provider in this process.
type engine struct {
	session *session
	dryRun  bool
	found   *terraform.Engine // nil until it is needed
	// unpinned lets modules bring providers that nobody has locked yet: to see
	// which those are.
	unpinned bool
}

var (
	_ request.Terraform = (*engine)(nil)
	_ request.Planner   = (*engine)(nil)
)

// find looks for Terraform or OpenTofu once.
func (e *engine) find(ctx context.Context) (terraform.Engine, error) {
	if e.found != nil {
		return *e.found, nil
	}
	options := e.session.app.engineOptions()
	options.CacheDir = e.cacheDir()
	found, err := terraform.Find(ctx, options)
	if err != nil {
		return terraform.Engine{}, err
	}
	e.found = &found
	return found, nil
}

// engineOptions say where to look for Terraform.
func (app *App) engineOptions() terraform.FindOptions {
	return terraform.FindOptions{Getenv: app.Getenv, ExtraDirs: []string{filepath.Join(app.tools(), "bin")}}
}

// cacheDir is where versions and hashes are kept. No directory is made for them:
// a request that is refused leaves nothing, and neither does a dry run.
func (e *engine) cacheDir() string {
	if _, err := os.Stat(e.session.home.Cache); err != nil || e.dryRun {
		return ""
	}
	return e.session.home.Cache
}

// Inspect looks at a module and writes nothing.
func (e *engine) Inspect(ctx context.Context, m request.Module) ([]string, error) {
	found, err := e.find(ctx)
	if err != nil {
		return nil, err
	}
	return found.Inspect(moduleOf(m))
}

// Prepare writes the run directory.
func (e *engine) Prepare(ctx context.Context, dir string, m request.Module) (request.Rendered, error) {
	found, err := e.find(ctx)
	if err != nil {
		return request.Rendered{}, err
	}
	binary, err := e.session.app.Executable()
	if err != nil {
		return request.Rendered{}, fmt.Errorf("path of this binary: %w", err)
	}
	module := moduleOf(m)
	module.Pinned = !e.unpinned
	rendered, err := found.Prepare(ctx, dir, module, binary)
	return request.Rendered{
		Main: rendered.Main, Variables: rendered.Variables, Lock: rendered.LockFile,
		Digest: rendered.Digest, Needs: rendered.Needs, Providers: rendered.Providers,
	}, err
}

func moduleOf(m request.Module) terraform.Module {
	return terraform.Module{
		Source: m.Source, Version: m.Version, Digest: m.Digest, Local: m.Local,
		Variables: m.Variables, Providers: m.Providers, Outputs: m.Outputs, Own: m.Own,
		LockFile: m.Lock,
	}
}

// Plan plans in dir.
func (e *engine) Plan(ctx context.Context, dir string, run request.Run) (request.Changes, error) {
	found, err := e.find(ctx)
	if err != nil {
		return request.Changes{}, err
	}
	plan, err := found.Plan(ctx, dir, e.run(run))
	return changesOf(plan), foreign(err)
}

// Unreachable reports whether a plan failed for lack of what a provider stands for.
func (e *engine) Unreachable(err error) bool {
	run, ok := errors.AsType[*terraform.RunError](err)
	return ok && run.Unreachable()
}

// Mock plans in dir with providers mocked.
func (e *engine) Mock(ctx context.Context, dir string, run request.Run, providers []string) (request.Changes, error) {
	found, err := e.find(ctx)
	if err != nil {
		return request.Changes{}, err
	}
	plan, err := found.PlanMocked(ctx, dir, e.run(run), providers)
	return changesOf(plan), err
}

func changesOf(plan terraform.Plan) request.Changes {
	changes := request.Changes{
		Counts:         request.Counts{Add: plan.Add, Change: plan.Change, Destroy: plan.Destroy},
		OutputsChanged: plan.OutputsChanged,
		Digest:         plan.Digest,
	}
	for _, c := range plan.Changes {
		changes.Changes = append(changes.Changes, request.Change{Address: c.Address, Action: c.Action})
	}
	return changes
}

// Apply applies the plan saved in dir.
func (e *engine) Apply(ctx context.Context, dir string, run request.Run) (map[string]json.RawMessage, error) {
	found, err := e.find(ctx)
	if err != nil {
		return nil, err
	}
	outputs, err := found.Apply(ctx, dir, e.run(run))
	return outputs, foreign(err)
}

// foreign marks a run in which every error is that something is not ours. The
// provider's errors come as text.
func foreign(err error) error {
	run, ok := errors.AsType[*terraform.RunError](err)
	if !ok || run.Err != nil && errors.Is(run.Err, context.Canceled) {
		return err
	}
	met := false
	for _, d := range run.Diagnostics {
		if d.Severity != "error" {
			continue
		}
		if !strings.Contains(d.Summary, provider.NotManaged) {
			return err
		}
		met = true
	}
	if met {
		return &request.ForeignError{Err: err}
	}
	return err
}

// Outputs reads the state in dir.
func (e *engine) Outputs(dir string) (map[string]json.RawMessage, int, error) {
	outputs, err := terraform.Outputs(dir)
	if err != nil {
		return nil, 0, err
	}
	objects, err := terraform.Objects(dir)
	return outputs, objects, err
}

// run adds what every run of the engine needs: a provider server of its own.
func (e *engine) run(r request.Run) terraform.Run {
	done := 0
	return terraform.Run{
		RefreshOff: r.Offline,
		Destroy:    r.Destroy,
		PlanDigest: r.Plan,
		Reattach: func(ctx context.Context) (terraform.Reattach, func(), error) {
			info, stop, err := provider.InProcess(ctx, provider.Options{Secrets: r.Secrets, Getenv: e.session.app.Getenv})
			if err != nil {
				return nil, nil, err
			}
			var reattach terraform.Reattach
			if err := json.Unmarshal(info, &reattach); err != nil {
				stop()
				return nil, nil, fmt.Errorf("provider: %w", err)
			}
			return reattach, stop, nil
		},
		Progress: func(event terraform.Event) {
			if event.Kind == terraform.EventComplete {
				done++
			}
			if r.Progress != nil && event.Address != "" {
				r.Progress(event.Address, done)
			}
		},
	}
}
