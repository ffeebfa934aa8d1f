package request

import (
	"context"
	"errors"
	"os"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
)

// flight is one request on its way through the steps.
type flight struct {
	*Service
	given    Ask // as it was asked for
	ask      Ask // with everything filled in
	snapshot *store.Snapshot
	env      platform.Environment
	def      *capability.Definition
	res      *capability.Resolution
	target   Target
	existing *store.Resource
	holder   string // pseudonym of the home that has, or will have, its state and secrets
	journal  *journal
	id       string // of the request
	resumes  bool   // it is an earlier one that was cut short
	inherits bool   // an earlier one may have left something behind
	dir      string // run directory
	offline  bool   // planned without looking at the server
	rendered Rendered
	changes  Changes
	plan     Plan
	outputs  map[string]any
	refs     map[string]string
	created  []string // secrets that did not exist before
	times    []StepTime

	leaveSlot func() // gives the slot of the engine back; it may be called again
}

// Run carries out ask and says how it ended.
//
// Errors: *MissingError, *platform.UnknownError, *platform.NameError,
// *capability.InputError and its kin for what is wrong with the ask (nothing
// has changed); *ConflictError and *ElsewhereError for what exists;
// *RefusedError from a gate; ErrDeclined and ErrCancelled when it was stopped
// before anything changed; *UnfinishedError when the same ask finishes it.
func (s *Service) Run(ctx context.Context, ask Ask) (Result, error) {
	f := &flight{Service: s, given: ask, ask: ask}
	if err := f.prepare(ctx); err != nil {
		return Result{}, err
	}
	if !ask.DryRun {
		if err := f.inspect(ctx); err != nil {
			return Result{}, err
		}
		unlock, err := f.lock(ctx)
		if err != nil {
			return Result{}, err
		}
		defer unlock()
		if err := f.refresh(ctx); err != nil {
			return Result{}, err
		}
		if err := f.hold(true); err != nil {
			return Result{}, err
		}
	}
	if err := f.openJournal(); err != nil {
		return Result{}, err
	}
	cleanup, err := f.runDirectory()
	if err != nil {
		return Result{}, err
	}
	defer cleanup()
	return f.run(ctx)
}

// prepare resolves and validates the ask. It changes nothing.
func (f *flight) prepare(ctx context.Context) error {
	if err := f.step(ctx, StepResolve, f.resolve); err != nil {
		return err
	}
	return f.step(ctx, StepValidate, f.validate)
}

// inspect asks, before the first trace of a resource, whether the engine and the
// target are there and the module will do.
func (f *flight) inspect(ctx context.Context) error {
	if _, err := os.Stat(f.Paths.Runs(f.env.Name, f.ask.Name)); err == nil {
		return nil // no first trace; render asks again
	}
	needs, err := f.Terraform.Inspect(ctx, f.module())
	if err != nil {
		return err
	}
	return f.target.Check(ctx, needs)
}

// refresh prepares again when the record moved while another request held the
// lock.
func (f *flight) refresh(ctx context.Context) error {
	snapshot, err := f.Record.Snapshot(ctx)
	if err != nil || snapshot.Hash() == f.snapshot.Hash() {
		return err
	}
	f.times, f.ask, f.plan = nil, f.given, Plan{}
	return f.prepare(ctx)
}

// openJournal finds an earlier request for the same resource that did not end.
// The same ask goes on with it; another one takes its place with an id of its own.
func (f *flight) openJournal() error {
	var err error
	if f.journal, err = readJournal(f.Paths.Requests(), f.ask.Name, f.Now); err != nil {
		return err
	}
	f.id = f.ask.RequestID
	if err := f.checkID(); err != nil {
		return err
	}
	if f.inherits = f.journal.open(); f.inherits {
		frozen, id := f.journal.ask()
		if frozen.same(f.ask) {
			f.id, f.resumes = id, true
		}
		if frozen.Destroy != nil && !f.ask.DryRun {
			f.tell(StepResolve, "note", "taking the place of a destroy that did not end")
		}
	}
	if f.id == "" {
		f.id = f.NewID()
	}
	return nil
}

// checkID refuses a chosen request id that another ask has used, or is using.
func (f *flight) checkID() error {
	if f.id == "" {
		return nil
	}
	made, found, err := f.snapshot.Request(f.id)
	if err != nil {
		return err
	}
	if found && !f.isRequest(made) {
		return &UsedIDError{ID: f.id, Name: made.Name}
	}
	open, err := ListUnfinished(f.Paths.Requests())
	if err != nil {
		return err
	}
	for _, u := range open {
		if u.RequestID == f.id && (u.Name != f.ask.Name || !u.Ask.same(f.ask)) {
			return &UsedIDError{ID: f.id, Name: u.Name}
		}
	}
	return nil
}

// isRequest reports whether a recorded request is the one of this flight.
func (f *flight) isRequest(made store.Request) bool {
	return made.Outcome == Applied && made.Name == f.ask.Name && made.Environment == f.env.Name && made.Capability == f.res.Capability &&
		made.Tier == f.ask.Tier && made.Team == f.ask.Team && sameInputs(made.Inputs, f.ask.Inputs)
}

// run goes through the steps after validate.
func (f *flight) run(ctx context.Context) (Result, error) {
	if err := f.enterSlot(ctx); err != nil {
		return Result{}, f.stopped(err)
	}
	defer func() { f.leaveSlot() }()
	for _, s := range []stage{{StepRender, f.renderHere}, {StepPlan, f.planChanges}} {
		if err := f.step(ctx, s.name, s.do); err != nil {
			return Result{}, f.stopped(err)
		}
	}
	if f.ask.DryRun {
		return f.dryRun(ctx)
	}
	if f.unchanged() {
		return f.result(Unchanged), f.finishJournal(ctx)
	}
	if err := f.agree(ctx); err != nil {
		return Result{}, f.stopped(err)
	}
	if err := f.begin(ctx); err != nil {
		return Result{}, f.stopped(err)
	}
	err := f.carryOut(ctx, []stage{{StepApply, f.apply}, {StepSecret, f.checkSecrets}, {StepCommit, f.commit}}, f.failed)
	if err != nil {
		return Result{}, err
	}
	return f.result(Applied), nil
}

// stage is a named step.
type stage struct {
	name string
	do   func(context.Context) error
}

// carryOut goes through the steps that change something: the journal has the
// intent of each before it begins, and its end. failed words what ends a step.
func (f *flight) carryOut(ctx context.Context, stages []stage, failed func(step string, err error) error) error {
	for i, s := range stages {
		if err := f.step(ctx, s.name, s.do); err != nil {
			return failed(s.name, err)
		}
		records := []record{{Step: s.name, Phase: phaseDone}}
		if i+1 < len(stages) {
			records = append(records, record{Step: stages[i+1].name, Phase: phaseIntent})
		}
		if err := f.journal.append(records...); err != nil {
			return f.unfinished(s.name, err)
		}
	}
	if err := f.closeJournal(); err != nil {
		return f.unfinished(stages[len(stages)-1].name, err)
	}
	return nil
}

// dryRun shows the plan and lets the gates judge it.
func (f *flight) dryRun(ctx context.Context) (Result, error) {
	if f.unchanged() {
		return f.result(Unchanged), nil
	}
	if f.Show != nil {
		f.Show(f.plan)
	}
	if err := f.step(ctx, StepGates, f.passGates); err != nil {
		return Result{}, err
	}
	return f.result(Planned), nil
}

// agree shows the plan, asks the gates and then the person.
func (f *flight) agree(ctx context.Context) error {
	err := f.step(ctx, StepShow, func(context.Context) error {
		if f.Show != nil {
			f.Show(f.plan)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.step(ctx, StepGates, f.passGates); err != nil {
		return err
	}
	return f.step(ctx, StepConfirm, func(ctx context.Context) error {
		if f.Confirm == nil {
			return nil
		}
		f.leaveSlot() // a person may take their time
		if err := f.Confirm(ctx, f.plan); err != nil {
			return err
		}
		return f.enterSlot(ctx)
	})
}

// step runs one step, tells of it and keeps how long it took.
func (f *flight) step(ctx context.Context, name string, do func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	start := f.Now()
	err := do(ctx)
	f.times = append(f.times, StepTime{Name: name, Millis: f.Now().Sub(start).Milliseconds()})
	return err
}

func (f *flight) tell(step, phase, text string) {
	if f.Step != nil {
		f.Step(Event{Step: step, Phase: phase, Text: text})
	}
}

// stopped words the end of a request that has changed nothing.
func (f *flight) stopped(err error) error {
	if f.journal.open() {
		frozen, id := f.journal.ask()
		return &UnfinishedError{
			Name: f.ask.Name, RequestID: id, Step: f.journal.unfinished().Step, Destroy: frozen.Destroy != nil, Err: err,
		}
	}
	if !f.ask.DryRun {
		err = errors.Join(err, f.removeRun())
	}
	if errors.Is(err, context.Canceled) {
		return ErrCancelled
	}
	return err
}

// failed words the end of a request whose step failed after it had begun. When
// an apply left nothing behind, neither does the request.
func (f *flight) failed(step string, err error) error {
	if step == StepApply && f.existing == nil && !f.inherits && f.leftNothing() {
		if closeErr := f.abandon(err); closeErr != nil {
			return f.unfinished(step, errors.Join(err, closeErr))
		}
		if errors.Is(err, context.Canceled) {
			return ErrCancelled
		}
		return err
	}
	return f.unfinished(step, err)
}

// unfinished keeps the journal open, with the reason in it.
func (f *flight) unfinished(step string, err error) error {
	reason := record{Step: step, Phase: phaseFailed, Reason: err.Error()}
	if f.journal.open() {
		err = errors.Join(err, f.journal.append(reason))
	}
	return &UnfinishedError{Name: f.ask.Name, RequestID: f.id, Step: step, Destroy: f.ask.Destroy != nil, Err: err}
}

// leftNothing reports whether the run directory's state holds nothing.
func (f *flight) leftNothing() bool {
	_, objects, err := f.Terraform.Outputs(f.dir)
	return err == nil && objects == 0
}

// abandon closes the journal of a request that changed nothing.
func (f *flight) abandon(reason error) error {
	if err := f.journal.append(record{Step: StepApply, Phase: phaseFailed, Reason: reason.Error()}); err != nil {
		return err
	}
	for _, ref := range f.created {
		if err := f.Secrets.Delete(ref); err != nil && !errors.Is(err, secret.ErrNotFound) {
			return err
		}
	}
	return errors.Join(f.closeJournal(), f.removeRun())
}

// removeRun removes the run directory of a request that came to nothing, unless
// its state holds something.
func (f *flight) removeRun() error {
	if f.existing != nil || !f.leftNothing() {
		return nil
	}
	return f.dropRun()
}
