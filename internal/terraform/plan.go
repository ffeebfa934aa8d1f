package terraform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/hashicorp/terraform-exec/tfexec"
)

const (
	planFile = "plan.tfplan"

	// stateLockTimeout is how long to wait for a person's own terraform.
	stateLockTimeout = "10s"
)

// Plan is what an apply would do.
type Plan struct {
	Add, Change, Destroy, Import int
	Changes                      []Change
	Drift                        []Change // what changed outside since the last apply
	OutputsChanged               bool
	Warnings                     []Diagnostic
	Digest                       string // sha256 of the saved plan, in hex
	Changed                      bool   // the engine's own answer: there is something to apply
}

// Empty reports whether there is nothing to apply.
func (p Plan) Empty() bool { return !p.Changed }

// Plan refreshes and plans, and saves the plan in dir. Errors: *RunError, and
// *StateDamagedError before anything is run.
func (e Engine) Plan(ctx context.Context, dir string, run Run) (Plan, error) {
	if err := noteState(dir); err != nil {
		return Plan{}, err
	}
	file := filepath.Join(dir, planFile)
	if err := emptyPrivate(file); err != nil {
		return Plan{}, err
	}
	var changed bool
	out, err := e.drive(ctx, job{dir, "plan", run, func(tf *tfexec.Terraform, info tfexec.ReattachInfo) error {
		var err error
		changed, err = tf.Plan(ctx, planOptions(run, info)...)
		return err
	}})
	if err != nil {
		_ = os.Remove(file)
		return Plan{}, err
	}
	data, err := durable.ReadFile(file, durable.Large)
	if err != nil {
		return Plan{}, err
	}
	return Plan{
		Add: out.summary.Add, Change: out.summary.Change, Destroy: out.summary.Remove, Import: out.summary.Import,
		Changes: out.planned, Drift: out.drift, OutputsChanged: out.outputsChanged(),
		Warnings: out.warnings(), Digest: hashOf(data), Changed: changed,
	}, nil
}

func planOptions(run Run, info tfexec.ReattachInfo) []tfexec.PlanOption {
	options := []tfexec.PlanOption{
		tfexec.Out(planFile), tfexec.LockTimeout(stateLockTimeout),
		tfexec.Refresh(!run.RefreshOff), tfexec.Destroy(run.Destroy),
	}
	if info != nil {
		options = append(options, tfexec.Reattach(info))
	}
	return options
}

// emptyPrivate makes file empty, for its owner only. The engine would make it
// for all to read, but leaves the mode of a file that is there.
func emptyPrivate(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(file, nil, 0o600)
}

// Apply applies the saved plan and returns the outputs. A cancelled run lets the
// engine finish what it is making and save the state; it is an error unless the
// engine had come to the end. Errors: ErrNoPlan, ErrPlanStale,
// *StateDamagedError, *RunError.
func (e Engine) Apply(ctx context.Context, dir string, run Run) (map[string]json.RawMessage, error) {
	if err := noteState(dir); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, planFile)
	if err := checkPlan(file, run.PlanDigest); err != nil {
		return nil, err
	}
	out, err := e.drive(ctx, job{dir, "apply", run, func(tf *tfexec.Terraform, info tfexec.ReattachInfo) error {
		options := []tfexec.ApplyOption{tfexec.DirOrPlan(planFile), tfexec.LockTimeout(stateLockTimeout)}
		if info != nil {
			options = append(options, tfexec.Reattach(info))
		}
		return tf.Apply(ctx, options...)
	}})
	// Also what a failed apply made is in the state.
	noted := noteState(dir)
	if err != nil {
		if out != nil && staleText(out.diagnostics) {
			return nil, fmt.Errorf("%w: %w", ErrPlanStale, err)
		}
		return nil, err
	}
	if noted != nil {
		return nil, noted
	}
	if err := os.Remove(file); err != nil { // it holds the values
		return nil, err
	}
	return Outputs(dir)
}

func checkPlan(file, digest string) error {
	data, err := durable.ReadFile(file, durable.Large)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(data) == 0:
		return ErrNoPlan
	case err != nil:
		return err
	case digest != "" && digest != hashOf(data):
		return fmt.Errorf("%w: it is not the one that was shown", ErrPlanStale)
	}
	return nil
}

func staleText(diagnostics []Diagnostic) bool {
	for _, d := range diagnostics {
		if d.Summary == "Saved plan is stale" || d.Summary == "Saved plan does not match the given state" {
			return true
		}
	}
	return false
}

// Destroy plans and applies the end of everything in dir. Errors as of Apply.
func (e Engine) Destroy(ctx context.Context, dir string, run Run) error {
	run.Destroy = true
	plan, err := e.Plan(ctx, dir, run)
	if err != nil {
		return err
	}
	run.PlanDigest = plan.Digest
	_, err = e.Apply(ctx, dir, run)
	return err
}
