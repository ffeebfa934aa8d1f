package request

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
)

// render prepares the run directory and asks the target whether it can serve.
func (f *flight) render(ctx context.Context) error {
	var err error
	if f.rendered, err = f.Terraform.Prepare(ctx, f.dir, f.module()); err != nil {
		return err
	}
	return f.target.Check(ctx, f.rendered.Needs)
}

// renderHere renders unless what the resource is made of is on another target: an
// engine that looks for it here finds nothing, and plans as if there were nothing.
func (f *flight) renderHere(ctx context.Context) error {
	if err := f.target.Holds(f.dir); err != nil {
		return err
	}
	return f.render(ctx)
}

// module is what the engine has to run for the ask.
func (f *flight) module() Module {
	own := maps.Clone(f.target.Own())
	own["mark"] = f.mark()
	m := Module{Module: f.res.Module, Outputs: f.res.TerraformOutputs, Own: own, Lock: f.res.Module.Lock}
	if f.existing != nil && f.existing.Record.Spec.Digest == f.def.Digest() && f.existing.Lock != nil {
		m.Lock = f.existing.Lock // another definition may need other providers
	}
	return m
}

// mark is what the provider in this binary knows its own by. It names the home
// that has the state: two platforms of one name, or two homes of one platform,
// take nothing of each other on a server that they share.
func (f *flight) mark() string {
	mark := fmt.Sprintf("platformctl %s/%s/%s", f.snapshot.Config().Metadata.Name, f.env.Name, f.ask.Name)
	if f.holder != "" {
		mark += " of " + f.holder
	}
	return mark
}

// planChanges asks the engine what would change. A resource that exists is
// refreshed from its server, which is started for it if need be.
func (f *flight) planChanges(ctx context.Context) error {
	_, objects, err := f.Terraform.Outputs(f.dir)
	if err != nil {
		return err
	}
	if objects > 0 && !f.ask.DryRun {
		if err := f.start(ctx); err != nil {
			return err
		}
	}
	f.offline = f.ask.DryRun && !f.target.Running(ctx, f.rendered.Needs)
	f.tell(StepPlan, "start", "planning")
	f.changes, err = f.Terraform.Plan(ctx, f.dir, Run{Secrets: secret.Overlay(f.Secrets), Offline: f.offline})
	if err != nil {
		f.tell(StepPlan, "failed", "planning")
		return err
	}
	f.tell(StepPlan, "done", fmt.Sprintf("planned: %d to add, %d to change, %d to destroy", f.changes.Add, f.changes.Change, f.changes.Destroy))
	f.describe()
	return nil
}

// start makes the target ready and says so when that takes a moment.
func (f *flight) start(ctx context.Context) error {
	if len(f.rendered.Needs) == 0 {
		return nil
	}
	return f.target.Start(ctx, f.rendered.Needs)
}

// describe puts the plan together.
func (f *flight) describe() {
	newTeam := f.plan.NewTeam
	f.plan = Plan{
		Name: f.ask.Name, RequestID: f.id, Capability: f.res.Capability, Title: f.def.Title(),
		Type: f.ask.Type, Tier: f.ask.Tier, Environment: f.env.Name, Target: f.env.Target,
		Production: f.env.Production, Team: f.ask.Team, For: f.ask.For, NewTeam: newTeam,
		Resumes: f.resumes, Inputs: f.res.Inputs, Protected: f.res.Tier.Protected,
		Counts: f.changes.Counts, Changes: f.changes.Changes,
		Responsibility: Responsibility{Platform: f.def.Responsibility().Platform, Team: f.def.Responsibility().Team},
		Deprecated:     f.def.Deprecation(),

		StateHoldsSecrets: f.def.Spec.Types[f.ask.Type].StateHoldsSecrets,
	}
	if amount, currency, ok := f.def.MonthlyCost(f.ask.Tier); ok {
		f.plan.Cost = &Cost{Currency: currency, Monthly: amount}
	}
	if f.res.Tier.TTL > 0 {
		from := f.Now()
		if f.existing != nil && f.changes.Empty() {
			from = f.existing.Record.Spec.Updated // what is left as it is lives no longer for that
		}
		expires := from.Add(f.res.Tier.TTL).UTC()
		f.plan.Expires = &expires
	}
}

// unchanged reports whether what there is, is what was asked for: in the record
// and, by the refreshed plan, on the server.
func (f *flight) unchanged() bool {
	if f.existing == nil || !f.changes.Empty() {
		return false
	}
	have := f.existing
	if _, registered, err := f.snapshot.Entity(resourceRef(f.ask.Name)); err != nil || !registered {
		return false
	}
	outputs, _, err := f.Terraform.Outputs(f.dir)
	if err != nil {
		return false
	}
	if f.outputs, f.refs, err = f.res.Outputs(outputs); err != nil {
		return false
	}
	return have.Record.Spec.Capability == f.res.Capability && have.Record.Spec.Digest == f.def.Digest() &&
		have.Record.Spec.Module == f.rendered.Digest && have.Record.Spec.For == f.ask.For && sameInputs(have.Record.Spec.Inputs, f.ask.Inputs) &&
		bytes.Equal(have.Main, f.rendered.Main) && bytes.Equal(have.Lock, f.rendered.Lock) && bytes.Equal(have.Variables, f.rendered.Variables)
}

// sameInputs compares by JSON: a number that went through a file has another Go
// type than one that did not.
func sameInputs(a, b map[string]any) bool {
	if len(a) == 0 && len(b) == 0 {
		return true
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// passGates lets every gate judge the plan.
func (f *flight) passGates(ctx context.Context) error {
	refused := &RefusedError{Name: f.ask.Name, Destroy: f.ask.Destroy}
	for _, gate := range f.Gates {
		verdict, err := gate(ctx, f.plan)
		if err != nil {
			return err
		}
		if !verdict.Allowed {
			refused.Verdicts = append(refused.Verdicts, verdict)
		}
	}
	if len(refused.Verdicts) > 0 {
		return refused
	}
	return nil
}

// DeletionProtection is the gate that refuses a plan which would destroy a
// resource whose tier is protected, or part of it. A destroy may have leave to;
// what never came into the record was not delivered yet and is not protected.
func DeletionProtection(_ context.Context, plan Plan) (Verdict, error) {
	verdict := Verdict{Gate: GateProtection, Allowed: true}
	switch {
	case !plan.Protected:
	case plan.Destroy != nil:
		verdict.Allowed = plan.Destroy.AllowProtected || !plan.Destroy.Registered
		verdict.Reason = fmt.Sprintf("tier %s is protected", plan.Tier)
	case plan.Counts.Destroy > 0:
		verdict.Allowed = false
		verdict.Reason = fmt.Sprintf("tier %s is protected and %d objects would be destroyed", plan.Tier, plan.Counts.Destroy)
	}
	return verdict, nil
}

// begin makes the platform if there is none, finds out whether the end of the
// request could be recorded, and opens the journal: from here on the request is
// unfinished until it ends.
func (f *flight) begin(ctx context.Context) error {
	if err := f.Record.Ensure(ctx); err != nil {
		return err
	}
	if err := f.tryCommit(ctx, f.change); err != nil {
		return err
	}
	return f.accept(ctx)
}

// accept writes the frozen ask into the journal. One that is open already stays as
// it is when the name is not to be had.
func (f *flight) accept(ctx context.Context) error {
	if f.inherits {
		if err := f.reserve(ctx); err != nil {
			return err
		}
	}
	frozen := f.ask
	err := f.journal.append(
		record{Phase: phaseAccepted, Request: f.id, Ask: &frozen},
		record{Step: StepApply, Phase: phaseIntent, Request: f.id},
	)
	if err != nil || f.inherits {
		return err
	}
	return f.reserve(ctx)
}

// reserve keeps the name of a new resource from other users of the platform
// until the record has it. The journal is open by now, so that whoever holds a
// name has a request to resume. Others may have made the resource and given its
// name back since the record was read, so it is read again.
func (f *flight) reserve(ctx context.Context) error {
	if f.existing != nil {
		return nil
	}
	err := f.Record.Reserve(store.Reservation{
		Name: f.ask.Name, Request: f.id, Machine: f.Machine, Since: f.Now().UTC(),
	})
	if err == nil {
		if err = f.stillFree(ctx); err != nil {
			err = errors.Join(err, f.Record.Release(f.ask.Name))
		}
	}
	if err != nil && !f.inherits {
		return errors.Join(err, f.journal.close())
	}
	return err
}

// stillFree reports whether the record has no resource of the name.
func (f *flight) stillFree(ctx context.Context) error {
	snapshot, err := f.Record.Snapshot(ctx)
	if err != nil {
		return err
	}
	have, found, err := snapshot.ResourceByName(f.ask.Name)
	if err == nil && found {
		err = &ConflictError{Name: f.ask.Name, Environment: have.Environment}
	}
	return err
}

// closeJournal ends the open request.
func (f *flight) closeJournal() error {
	return errors.Join(f.Record.Release(f.ask.Name), f.journal.close())
}

// apply carries the plan out.
func (f *flight) apply(ctx context.Context) error {
	if err := f.start(ctx); err != nil {
		return err
	}
	all := f.changes.Add + f.changes.Change + f.changes.Destroy
	f.tell(StepApply, "start", "applying "+plural(all, "change"))
	raw, err := f.Terraform.Apply(ctx, f.dir, Run{Secrets: &creations{Store: f.Secrets, created: &f.created}, Plan: f.changes.Digest, Progress: func(text string, done int) {
		f.tell(StepApply, "update", fmt.Sprintf("applying %d of %d: %s", done, all, text))
	}})
	if err != nil {
		f.tell(StepApply, "failed", "applying")
		return err
	}
	f.tell(StepApply, "done", fmt.Sprintf("applied: %d added, %d changed, %d destroyed", f.changes.Add, f.changes.Change, f.changes.Destroy))
	f.outputs, f.refs, err = f.res.Outputs(raw)
	return err
}

// checkSecrets makes sure that every secret which the outputs refer to is in
// the store. It reads no value further than that.
func (f *flight) checkSecrets(context.Context) error {
	for name, ref := range f.refs {
		if _, err := f.Secrets.Get(ref); err != nil {
			return fmt.Errorf("secret %q (%s): %w", name, ref, err)
		}
	}
	return nil
}

// finishJournal ends an open request that turned out to be complete.
func (f *flight) finishJournal(ctx context.Context) error {
	if !f.journal.open() {
		return nil
	}
	// A kill right after the commit leaves the files of the platform's directory
	// behind it. The next writer brings them along: this one.
	if _, err := f.Record.Commit(ctx, store.Change{Message: "nothing", Trial: true}); err != nil {
		return err
	}
	if err := f.journal.append(record{Step: StepCommit, Phase: phaseDone}); err != nil {
		return err
	}
	return f.closeJournal()
}

// same reports whether two asks mean the same.
func (a Ask) same(b Ask) bool {
	return a.Capability == b.Capability && a.Type == b.Type && a.Tier == b.Tier && a.Team == b.Team &&
		a.Name == b.Name && a.Environment == b.Environment && a.For == b.For && sameInputs(a.Inputs, b.Inputs) &&
		(a.Destroy == nil) == (b.Destroy == nil)
}

func (f *flight) result(state string) Result {
	id := f.id
	if state == Unchanged && f.existing != nil {
		id = f.existing.Record.Spec.Request
	}
	return Result{
		Name: f.ask.Name, State: state, RequestID: id, EntityRef: resourceRef(f.ask.Name).String(),
		Capability: f.res.Capability, Type: f.ask.Type, Tier: f.ask.Tier, Environment: f.env.Name,
		Team: f.ask.Team, For: f.ask.For, Inputs: f.res.Inputs, Given: f.ask.Inputs,
		Counts: f.changes.Counts, Changes: append([]Change{}, f.changes.Changes...), Outputs: f.outputs, Secrets: f.refs,
		Responsibility: f.plan.Responsibility, Cost: f.plan.Cost, Expires: f.plan.Expires,
		Connect: f.res.Connect, Steps: f.times, Offline: f.offline, Exists: f.existing != nil,
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// creations notes which secrets a run makes.
type creations struct {
	secret.Store
	mu      sync.Mutex
	created *[]string
}

// GetOrCreate returns the value and notes ref when there was none.
func (c *creations) GetOrCreate(ref string) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.Get(ref); errors.Is(err, secret.ErrNotFound) {
		*c.created = append(*c.created, ref)
	}
	return c.Store.GetOrCreate(ref)
}
