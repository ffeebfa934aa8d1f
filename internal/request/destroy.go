package request

import (
	"context"
	"errors"
	"slices"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
)

// Removed is the state of a Destroyed whose resource is gone, and the outcome of
// such a request in the record.
const Removed = "destroyed"

// DestroyAsk names the resource that is to be destroyed. A request that never
// came into the record is one, too: what it made is taken away.
type DestroyAsk struct {
	Name           string // in full
	AllowProtected bool   // though its tier is protected
	Detach         bool   // what depends on it no longer does, in the catalog
	DryRun         bool
}

// Destruction is what the frozen ask in a journal keeps of a destroy.
type Destruction struct {
	AllowProtected bool     `json:"allowProtected,omitempty"`
	Detach         bool     `json:"detach,omitempty"`
	Secrets        []string `json:"secrets,omitempty"` // references of those that leave with the resource
}

// DestroyPlan is what a plan to destroy a resource says beside its changes.
type DestroyPlan struct {
	Destruction
	Registered bool     `json:"registered"`     // it is in the record
	Left       []string `json:"left,omitempty"` // references of secrets that it uses and others may use, too: they stay
	Gone       bool     `json:"gone"`           // its server was deleted before: there is nothing for the engine to do
	Dependents []string `json:"dependents"`     // references of the entities that depend on it
}

// Destroyed is how a destroy ended: State is Removed or, for a dry run, Planned.
type Destroyed struct {
	Name        string     `json:"name"`
	State       string     `json:"state"`
	RequestID   string     `json:"requestId"`
	EntityRef   string     `json:"entityRef"`
	Capability  string     `json:"capability"`
	Type        string     `json:"type"`
	Tier        string     `json:"tier"`
	Environment string     `json:"environment"`
	Team        string     `json:"team"`
	Registered  bool       `json:"registered"` // it was in the record; else a request was taken back
	Counts      Counts     `json:"counts"`
	Changes     []Change   `json:"changes"`
	Dependents  []string   `json:"dependents"` // entities that depended on it
	Steps       []StepTime `json:"steps"`
	Offline     bool       `json:"offline,omitempty"` // a dry run that could not look at a stopped server
}

// demolition is a flight that ends with nothing.
type demolition struct {
	*flight
	wanted   DestroyAsk
	what     string   // the capability that was recorded, such as database/postgresql@1.0.0
	recorded bool     // its end is in the record: only this machine has to be tidied up
	objects  int      // in the state, before anything was destroyed
	noted    noted    // secrets that the module uses
	left     []string // references of those among them that are not the resource's own
}

// Destroy takes a resource away: first what it is made of, with the engine, then
// its secrets, then its entity and its record in one commit, then its run
// directory. The ledger and the requests keep its story.
//
// A destroy that was cut short is finished by the same call; one whose resource
// was asked for again meanwhile has lost its place. Errors: those of
// [Service.Run]; *platform.UnknownError for a name that neither the record nor
// an unfinished request has; *NoStateError when it cannot be told what is to be
// destroyed; *ChangedError when somebody else changed the resource meanwhile.
func (s *Service) Destroy(ctx context.Context, ask DestroyAsk) (Destroyed, error) {
	d := &demolition{flight: &flight{Service: s}, wanted: ask}
	if err := d.step(ctx, StepResolve, d.find); err != nil {
		return Destroyed{}, err
	}
	if !ask.DryRun {
		unlock, err := d.lock(ctx)
		if err != nil {
			return Destroyed{}, err
		}
		defer unlock()
		d.times = nil
		if err := d.step(ctx, StepResolve, d.find); err != nil { // what others did meanwhile
			return Destroyed{}, err
		}
	}
	if d.recorded {
		return d.tidy(ctx)
	}
	if err := d.trustState(); err != nil {
		return Destroyed{}, err
	}
	cleanup, err := d.runDirectory()
	if err != nil {
		return Destroyed{}, err
	}
	defer cleanup()
	return d.run(ctx)
}

// find looks for the resource in the record and for its open journal, and
// resolves what they say.
func (d *demolition) find(ctx context.Context) error {
	var err error
	if d.snapshot, err = d.Record.Snapshot(ctx); err != nil {
		return err
	}
	name := d.wanted.Name
	if platform.CheckName("name", name) != nil { // nor may it become a path
		return d.unknown()
	}
	if d.journal, err = readJournal(d.Paths.Requests(), name, d.Now); err != nil {
		return err
	}
	have, found, err := d.snapshot.ResourceByName(name)
	if err != nil {
		return err
	}
	frozen, id := d.journal.ask()
	d.inherits, d.existing = d.journal.open(), nil
	switch {
	case found:
		d.existing, d.ask, d.what = &have, askOf(have), have.Record.Spec.Capability
	case d.inherits:
		d.ask, d.what = frozen, ""
	default:
		return d.unknown()
	}
	if err := d.resume(frozen.Destroy, id); err != nil || d.recorded {
		return err
	}
	return d.understand()
}

// resume goes on with a destroy that was cut short, if there is one: what it was
// allowed to do stays allowed.
func (d *demolition) resume(earlier *Destruction, id string) error {
	d.ask.DryRun = d.wanted.DryRun
	d.ask.Destroy = &Destruction{AllowProtected: d.wanted.AllowProtected, Detach: d.wanted.Detach}
	if d.resumes = earlier != nil; !d.resumes {
		d.id = d.NewID()
		return nil
	}
	d.id = id
	d.ask.Destroy.AllowProtected = d.ask.Destroy.AllowProtected || earlier.AllowProtected
	d.ask.Destroy.Detach = d.ask.Destroy.Detach || earlier.Detach
	d.ask.Destroy.Secrets = slices.Clone(earlier.Secrets)
	made, recorded, err := d.snapshot.Request(id)
	if d.recorded = recorded; recorded {
		d.what = made.Capability
	}
	return err
}

// understand resolves the definition as it was asked for. What only matters to
// those who go on using the resource is not looked at.
func (d *demolition) understand() error {
	if err := d.hold(!d.ask.DryRun); err != nil {
		return err
	}
	set, err := d.Capabilities(d.snapshot)
	if err != nil {
		return err
	}
	if d.def, err = set.Get(d.ask.Capability); err != nil {
		return err
	}
	if d.env, err = d.snapshot.Config().Environment(d.ask.Environment); err != nil {
		return err
	}
	if d.res, err = d.definitionFor(d.ask.Inputs); err != nil {
		return err
	}
	if d.what == "" {
		d.what = d.res.Capability
	}
	d.target, err = d.Target(d.env)
	return err
}

// unknown lists what could have been meant.
func (d *demolition) unknown() error {
	resources, err := d.snapshot.Resources()
	if err != nil {
		return err
	}
	open, err := ListUnfinished(d.Paths.Requests())
	if err != nil {
		return err
	}
	e := &platform.UnknownError{What: "resource", Name: d.wanted.Name}
	for _, r := range resources {
		e.Known = append(e.Known, r.Name)
	}
	for _, u := range open {
		e.Known = append(e.Known, u.Name)
	}
	slices.Sort(e.Known)
	e.Known = slices.Compact(e.Known)
	return e
}

// askOf is the ask that the record keeps of a resource.
func askOf(r store.Resource) Ask {
	spec := r.Record.Spec
	return Ask{
		Capability: capability.NameOf(spec.Capability), Type: capability.TypeOf(spec.Capability), Tier: spec.Tier,
		Team: spec.Team, Name: r.Name, Environment: spec.Environment, For: spec.For, Inputs: spec.Inputs,
	}
}

// run goes through the steps after resolve.
func (d *demolition) run(ctx context.Context) (Destroyed, error) {
	if err := d.enterSlot(ctx); err != nil {
		return Destroyed{}, d.halted(err)
	}
	defer func() { d.leaveSlot() }()
	for _, s := range []stage{{StepRender, d.renderHere}, {StepPlan, d.planEnd}} {
		if err := d.step(ctx, s.name, s.do); err != nil {
			return Destroyed{}, d.halted(err)
		}
	}
	if d.ask.DryRun {
		if d.Show != nil {
			d.Show(d.plan)
		}
		if err := d.step(ctx, StepGates, d.passGates); err != nil {
			return Destroyed{}, err
		}
		return d.destroyed(Planned), nil
	}
	if err := d.agree(ctx); err != nil {
		return Destroyed{}, d.halted(err)
	}
	if err := d.beginEnd(ctx); err != nil {
		return Destroyed{}, d.halted(err)
	}
	err := d.carryOut(ctx, []stage{
		{StepApply, d.raze}, {StepSecret, d.dropSecrets}, {StepCommit, d.deregister}, {StepClean, d.clean},
	}, func(step string, err error) error { return d.cutShort(ctx, step, err) })
	if err != nil {
		return Destroyed{}, err
	}
	return d.destroyed(Removed), nil
}

// tidy ends a destroy that was cut short after its end came into the record.
func (d *demolition) tidy(ctx context.Context) (Destroyed, error) {
	if d.ask.DryRun {
		return d.destroyed(Planned), nil
	}
	d.dir = d.Paths.Runs(d.ask.Environment, d.ask.Name)
	if err := d.carryOut(ctx, []stage{{StepClean, d.clean}}, d.unfinished); err != nil {
		return Destroyed{}, err
	}
	return d.destroyed(Removed), nil
}

// halted words the end of a destroy that has changed nothing.
func (d *demolition) halted(err error) error {
	if d.resumes {
		return &UnfinishedError{Name: d.ask.Name, RequestID: d.id, Step: d.journal.unfinished().Step, Destroy: true, Err: err}
	}
	if errors.Is(err, context.Canceled) {
		return ErrCancelled
	}
	return err
}

// cutShort words the end of a destroy whose step failed. When everything is
// still there nothing has happened, and the record tells of it as before.
func (d *demolition) cutShort(ctx context.Context, step string, err error) error {
	if step != StepApply || d.existing == nil || d.inherits || !d.intact(context.WithoutCancel(ctx)) {
		return d.unfinished(step, err)
	}
	if closing := d.abandon(err); closing != nil {
		return d.unfinished(step, errors.Join(err, closing))
	}
	return d.halted(err)
}

func (d *demolition) destroyed(state string) Destroyed {
	result := Destroyed{
		Name: d.ask.Name, State: state, RequestID: d.id, EntityRef: resourceRef(d.ask.Name).String(),
		Capability: d.what, Type: d.ask.Type, Tier: d.ask.Tier, Environment: d.ask.Environment, Team: d.ask.Team,
		Registered: d.existing != nil || d.recorded, Counts: d.changes.Counts,
		Changes: append([]Change{}, d.changes.Changes...), Dependents: []string{}, Steps: d.times, Offline: d.offline,
	}
	if d.plan.Destroy != nil {
		result.Dependents = d.plan.Destroy.Dependents
	}
	return result
}
