package request

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/platformctl/platformctl/internal/secret"
)

// trustState refuses to take a missing state for a resource that is not there:
// the engine would find nothing to destroy, and the resource would live on
// without anybody knowing. An empty state is only what a destroy leaves.
func (d *demolition) trustState() error {
	dir := d.Paths.Runs(d.env.Name, d.ask.Name)
	outputs, objects, err := d.Terraform.Outputs(dir)
	if err != nil {
		return err
	}
	d.objects = objects
	explained := d.resumes && (d.journal.did(StepApply) || exists(filepath.Join(dir, stateFile)))
	if objects+len(outputs) > 0 || d.existing == nil || explained {
		return nil
	}
	return &NoStateError{Name: d.ask.Name, Capability: d.ask.Capability}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// planEnd asks the engine what there is to destroy, on a server that runs. One
// that was deleted is not made again for that.
func (d *demolition) planEnd(ctx context.Context) error {
	// What providers of the module's own have made is elsewhere.
	gone := d.rendered.Lock == nil && d.target.Gone(ctx, d.rendered.Needs)
	if gone {
		// What is planned for nobody still tells which secrets there were.
		_, _ = d.Terraform.Plan(ctx, d.dir, Run{Secrets: d.noting(nil), Offline: true})
	} else {
		if !d.ask.DryRun {
			if err := d.start(ctx); err != nil {
				return err
			}
		}
		d.offline = d.ask.DryRun && !d.target.Running(ctx, d.rendered.Needs)
		d.tell(StepPlan, "start", "planning")
		if err := d.replan(ctx); err != nil {
			d.tell(StepPlan, "failed", "planning")
			return err
		}
		d.tell(StepPlan, "done", fmt.Sprintf("planned: %d to destroy", d.changes.Destroy))
		if err := d.lost(); err != nil {
			return err
		}
	}
	d.findSecrets()
	dependents, err := d.dependents(d.snapshot)
	if err != nil {
		return err
	}
	d.describe()
	d.plan.Capability, d.plan.Cost, d.plan.Expires = d.what, nil, nil
	d.plan.Destroy = &DestroyPlan{
		Destruction: *d.ask.Destroy, Registered: d.existing != nil, Left: d.left, Gone: gone, Dependents: refsOf(dependents),
	}
	return nil
}

// lost refuses to call destroyed what could not be found: it may be somewhere
// else. What a destroy that was cut short has destroyed is gone, though the state
// may not know it yet.
func (d *demolition) lost() error {
	if d.existing == nil || d.resumes || d.objects == 0 || d.changes.Destroy > 0 {
		return nil
	}
	return &LostError{Name: d.ask.Name, Capability: d.ask.Capability, Objects: d.objects}
}

func (d *demolition) replan(ctx context.Context) error {
	var err error
	d.changes, err = d.Terraform.Plan(ctx, d.dir, Run{Secrets: d.noting(nil), Offline: d.offline, Destroy: true})
	return err
}

// findSecrets adds those that the module uses, and those that its outputs refer
// to, to the secrets that leave, as far as they are the resource's own: others
// may use what is not below its name. Outputs that the definition no longer fits
// do not stand in the way.
func (d *demolition) findSecrets() {
	refs := slices.Concat(d.ask.Destroy.Secrets, d.noted.refs)
	if raw, _, err := d.Terraform.Outputs(d.dir); err == nil {
		if _, outputs, err := d.res.Outputs(raw); err == nil {
			for _, ref := range outputs {
				refs = append(refs, ref)
			}
		}
	}
	slices.Sort(refs)
	d.ask.Destroy.Secrets, d.left = nil, nil
	for _, ref := range slices.Compact(refs) {
		if strings.HasPrefix(ref, d.env.Name+"/"+d.ask.Name+"/") {
			d.ask.Destroy.Secrets = append(d.ask.Destroy.Secrets, ref)
		} else {
			d.left = append(d.left, ref)
		}
	}
}

// beginEnd finds out whether the end could be recorded and opens the journal, or
// takes the place of the request that it holds.
func (d *demolition) beginEnd(ctx context.Context) error {
	if d.existing != nil {
		if err := d.judgeAgain(ctx); err != nil {
			return err
		}
		if err := d.tryCommit(ctx, d.end); err != nil {
			return err
		}
	}
	return d.accept(ctx)
}

// judgeAgain lets the gates see who depends on the resource by now: the person
// may have thought for long.
func (d *demolition) judgeAgain(ctx context.Context) error {
	snapshot, err := d.Record.Snapshot(ctx)
	if err != nil || snapshot.Hash() == d.snapshot.Hash() {
		return err
	}
	dependents, err := d.dependents(snapshot)
	if err != nil {
		return err
	}
	d.plan.Destroy.Dependents = refsOf(dependents)
	return d.passGates(ctx)
}

// raze destroys what there is.
func (d *demolition) raze(ctx context.Context) error {
	if d.plan.Destroy.Gone {
		return nil
	}
	if d.existing == nil {
		if err := d.adopt(ctx); err != nil {
			return err
		}
	}
	if !d.changes.Empty() {
		if err := d.applyEnd(ctx); err != nil {
			return err
		}
	}
	_, objects, err := d.Terraform.Outputs(d.dir)
	if err == nil && objects > 0 && d.changes.Destroy > 0 {
		err = fmt.Errorf("the state still holds %s", plural(objects, "object"))
	}
	return err
}

func (d *demolition) applyEnd(ctx context.Context) error {
	all := d.changes.Destroy
	d.tell(StepApply, "start", "destroying "+plural(all, "object"))
	_, err := d.Terraform.Apply(ctx, d.dir, Run{Secrets: d.noting(nil), Plan: d.changes.Digest, Progress: func(text string, done int) {
		d.tell(StepApply, "update", fmt.Sprintf("destroying %d of %d: %s", done, all, text))
	}})
	if err != nil {
		d.tell(StepApply, "failed", "destroying")
		return err
	}
	d.tell(StepApply, "done", "destroyed "+plural(all, "object"))
	return nil
}

// intact reports whether a destroy that failed has destroyed nothing. The engine
// begins with the outputs: they are brought back into the state.
func (d *demolition) intact(ctx context.Context) bool {
	_, objects, err := d.Terraform.Outputs(d.dir)
	if err != nil || objects != d.objects {
		return false
	}
	run := Run{Secrets: d.noting(d.Secrets)}
	changes, err := d.Terraform.Plan(ctx, d.dir, run)
	if err != nil || changes.Counts != (Counts{}) {
		return false
	}
	if !changes.Empty() {
		run.Plan = changes.Digest
		_, err = d.Terraform.Apply(ctx, d.dir, run)
	}
	return err == nil
}

// adopt brings what a killed request made into the state, which may not know of
// all of it: a create that finds its own mark takes it over. What is not ours it
// did not make; after any other failure it may have made what the state does not
// know of. A module with providers of its own could only make everything a second
// time; of it the state has to tell.
func (d *demolition) adopt(ctx context.Context) error {
	if d.rendered.Lock != nil {
		d.tell(StepApply, "note", "only what Terraform's state knows of is taken back")
		return nil
	}
	d.tell(StepApply, "start", "looking for what the request has made")
	run := Run{Secrets: d.noting(d.Secrets)}
	changes, err := d.Terraform.Plan(ctx, d.dir, run)
	if err == nil && !changes.Empty() {
		run.Plan = changes.Digest
		_, err = d.Terraform.Apply(ctx, d.dir, run)
	}
	_, foreign := errors.AsType[*ForeignError](err)
	switch stop := ctx.Err(); {
	case stop != nil:
		return stop
	case err != nil && !foreign:
		d.tell(StepApply, "failed", "looking for what the request has made")
		return err
	case err != nil:
		d.tell(StepApply, "failed", "looking for what the request has made")
		d.tell(StepApply, "note", "only what was found is taken back: "+err.Error())
	default:
		d.tell(StepApply, "done", "found what the request has made")
	}
	err = d.replan(ctx)
	d.findSecrets()
	return err
}

// dropSecrets removes what opened the resource. It comes before the commit: a
// request that takes the place of a destroy from here on makes new ones.
func (d *demolition) dropSecrets(context.Context) error {
	for _, ref := range d.ask.Destroy.Secrets {
		if err := d.Secrets.Delete(ref); err != nil {
			return fmt.Errorf("secret %q: %w", ref, err)
		}
	}
	for _, ref := range d.left {
		d.tell(StepSecret, "note", "left: "+ref)
	}
	return nil
}

// clean removes the run directory.
func (d *demolition) clean(context.Context) error { return d.dropRun() }

// noting is the store for runs that must make no secret; which ones the module
// uses is noted. With no base it makes values up: what is destroyed needs none,
// and one that is damaged or encrypted to a lost identity is no obstacle.
func (d *demolition) noting(base secret.Store) secret.Store {
	return &noting{Store: secret.Overlay(base), noted: &d.noted}
}

type noted struct {
	mu   sync.Mutex
	refs []string
}

type noting struct {
	secret.Store
	noted *noted
}

// GetOrCreate notes ref and hands it on.
func (n *noting) GetOrCreate(ref string) (string, error) {
	n.noted.mu.Lock()
	n.noted.refs = append(n.noted.refs, ref)
	n.noted.mu.Unlock()
	return n.Store.GetOrCreate(ref)
}

// dropRun removes the run directory. It is moved away first: half a directory
// would look like a damaged state.
func (f *flight) dropRun() error {
	doomed := filepath.Join(filepath.Dir(f.dir), "."+filepath.Base(f.dir))
	if err := os.RemoveAll(doomed); err != nil {
		return err
	}
	if err := os.Rename(f.dir, doomed); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(doomed)
}

// Dependents is the gate that refuses to destroy what others depend on.
func Dependents(_ context.Context, plan Plan) (Verdict, error) {
	verdict := Verdict{Gate: GateDependents, Allowed: true}
	if end := plan.Destroy; end != nil && len(end.Dependents) > 0 && !end.Detach {
		verdict.Allowed = false
		verdict.Reason = strings.Join(end.Dependents, ", ") + " would depend on what is not there"
	}
	return verdict, nil
}

// Names of the gates that a destroy can be given leave to pass.
const (
	GateProtection = "deletion protection"
	GateDependents = "dependents"
)
