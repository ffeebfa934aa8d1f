package terraform

import (
	"context"
	"encoding/json"
	"time"
)

// Reattach is the value of TF_REATTACH_PROVIDERS: providers that run already, by
// source address.
type Reattach map[string]json.RawMessage

// Run is how a plan or an apply is carried out.
type Run struct {
	// Reattach starts the provider server of this run, whose stop function is
	// called when the engine has ended. Its context is not cancelled with the
	// run: a resource in the making is finished first. Nil means that the engine
	// starts the provider itself.
	Reattach func(context.Context) (Reattach, func(), error)
	// Env is added to the environment, as "NAME=value": credentials of the
	// target. Names that steer the engine are refused with *EnvError.
	Env []string
	// Progress is told what happens, from another goroutine.
	Progress func(Event)
	// Destroy plans the end of everything; RefreshOff leaves out looking.
	Destroy, RefreshOff bool
	// PlanDigest, when set, is the only plan that Apply applies.
	PlanDigest string
	// WaitDelay is how long a cancelled engine may take before it is killed,
	// which loses what it was making. Zero means 60 s.
	WaitDelay time.Duration
}

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events.
const (
	EventRefresh  EventKind = "refresh"  // a resource is looked at
	EventPlanned  EventKind = "planned"  // a change is planned, or about to be applied
	EventStart    EventKind = "start"    // a change begins
	EventProgress EventKind = "progress" // a change goes on
	EventComplete EventKind = "complete" // a change is done
	EventError    EventKind = "error"    // a change failed
)

// Event is one step of a run.
type Event struct {
	Kind                  EventKind
	Address, Type, Action string
	Elapsed               time.Duration
}

// Change is what happens, or happened outside, to one resource. Action is one of
// create, read, update, replace, delete, move, import, forget.
type Change struct {
	Address string `json:"address"`
	Type    string `json:"type"`
	Action  string `json:"action"`
}

// Plan is what an apply would do.
type Plan struct {
	Add, Change, Destroy, Import int
	Changes                      []Change
	Drift                        []Change // what changed outside since the last apply
	OutputsChanged               bool
	Warnings                     []Diagnostic
	Digest                       string // sha256 of the saved plan, in hex

	changed bool
}

// Empty reports whether there is nothing to apply.
func (p Plan) Empty() bool { return !p.changed }

// Plan refreshes and plans, and saves the plan in dir. Errors: *RunError, a
// *StateDamagedError before anything is run.
func (e Engine) Plan(ctx context.Context, dir string, run Run) (Plan, error) {
	return Plan{}, nil
}

// Apply applies the saved plan and returns the outputs. Errors: ErrNoPlan,
// ErrPlanStale, *StateDamagedError, *RunError. A cancelled run lets the engine
// finish what it is making and save the state.
func (e Engine) Apply(ctx context.Context, dir string, run Run) (map[string]json.RawMessage, error) {
	return nil, nil
}

// Destroy plans and applies the end of everything in dir.
func (e Engine) Destroy(ctx context.Context, dir string, run Run) error {
	return nil
}
