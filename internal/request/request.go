// Package request carries one ask for a capability through its life: resolve,
// validate, render, plan, show, gates, confirm, apply, secret, commit.
//
// Every step is named and idempotent. What is intended and what is done is
// appended to a journal and fsynced around each step with a side effect, so
// that the same request, typed again, finishes one that was cut short.
//
// The package knows no command line, no prompt and no Terraform package: what
// it needs of them is declared here and given by the caller.
package request

import (
	"context"
	"encoding/json"
	"time"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
)

// Names of the steps, in the order in which they run.
const (
	StepWait     = "wait" // for another request, or for a slot; not a step of its own
	StepResolve  = "resolve"
	StepValidate = "validate"
	StepRender   = "render"
	StepPlan     = "plan"
	StepShow     = "show"
	StepGates    = "gates"
	StepConfirm  = "confirm"
	StepApply    = "apply"
	StepSecret   = "secret"
	StepCommit   = "commit"
	StepClean    = "clean" // of a destroy alone
)

// States of a Result.
const (
	Applied   = "applied"   // something was made, changed or registered
	Unchanged = "unchanged" // what is there is what was asked for
	Planned   = "planned"   // a dry run: nothing was changed
)

// Ask is what somebody asks for. Empty fields are filled in by Run: Name with
// "<team>-<type>", Environment by placement, Type and Tier only when the
// capability leaves no choice.
type Ask struct {
	Capability  string         `json:"capability"`
	Type        string         `json:"type"`
	Tier        string         `json:"tier"`
	Team        string         `json:"team"`
	Name        string         `json:"name"`
	Environment string         `json:"environment"`
	For         string         `json:"for,omitempty"`     // reference of the component that will use it
	Inputs      map[string]any `json:"inputs,omitempty"`  // what was given, without defaults
	Destroy     *Destruction   `json:"destroy,omitempty"` // in a journal: it is the end of the resource that was asked for
	RequestID   string         `json:"-"`                 // a ULID chosen by the caller; empty: a new one
	DryRun      bool           `json:"-"`
}

// Counts says how many infrastructure objects a plan adds, changes and destroys.
type Counts struct {
	Add     int `json:"add"`
	Change  int `json:"change"`
	Destroy int `json:"destroy"`
}

// Change is one planned change of an infrastructure object.
type Change struct {
	Address string `json:"address"`
	Action  string `json:"action"`
}

// Cost is the estimate that the capability's definition gives.
type Cost struct {
	Currency string  `json:"currency"`
	Monthly  float64 `json:"monthly"`
}

// Responsibility says who does what for the resource.
type Responsibility struct {
	Platform []string `json:"platform"`
	Team     []string `json:"team"`
}

// Plan is what a request would do, as data: it is shown, judged by the gates
// and confirmed before anything happens.
type Plan struct {
	Name           string         `json:"name"`
	RequestID      string         `json:"requestId"`
	Capability     string         `json:"capability"`
	Title          string         `json:"title"`
	Type           string         `json:"type"`
	Tier           string         `json:"tier"`
	Environment    string         `json:"environment"`
	Target         string         `json:"target"`
	Production     bool           `json:"production"`
	Team           string         `json:"team"`
	For            string         `json:"for,omitempty"`
	NewTeam        bool           `json:"newTeam"`
	Resumes        bool           `json:"resumes"` // finishes an earlier request that was cut short
	Inputs         map[string]any `json:"inputs"`
	Protected      bool           `json:"protected"`
	Counts         Counts         `json:"counts"`
	Changes        []Change       `json:"changes"`
	Cost           *Cost          `json:"cost,omitempty"`
	Expires        *time.Time     `json:"expires,omitempty"`
	Responsibility Responsibility `json:"responsibility"`
	Deprecated     string         `json:"deprecated,omitempty"`
	Destroy        *DestroyPlan   `json:"destroy,omitempty"` // nil: the resource is made or changed
	// StateHoldsSecrets says that Terraform's state will hold secrets in the clear.
	StateHoldsSecrets bool `json:"stateHoldsSecrets,omitempty"`
}

// StepTime is how long one step took.
type StepTime struct {
	Name   string `json:"name"`
	Millis int64  `json:"millis"`
}

// Result is how a request ended.
type Result struct {
	Name           string            `json:"name"`
	State          string            `json:"state"`
	RequestID      string            `json:"requestId"`
	EntityRef      string            `json:"entityRef"`
	Capability     string            `json:"capability"`
	Type           string            `json:"type"`
	Tier           string            `json:"tier"`
	Environment    string            `json:"environment"`
	Team           string            `json:"team"`
	For            string            `json:"for,omitempty"`
	Inputs         map[string]any    `json:"inputs"` // in force: defaults, the tier's and what was given
	Given          map[string]any    `json:"-"`      // what was given
	Counts         Counts            `json:"counts"`
	Changes        []Change          `json:"changes"`
	Outputs        map[string]any    `json:"outputs"`
	Secrets        map[string]string `json:"secrets"` // name -> reference, never a value
	Responsibility Responsibility    `json:"responsibility"`
	Cost           *Cost             `json:"cost,omitempty"`
	Expires        *time.Time        `json:"expires,omitempty"`
	Connect        []string          `json:"connect,omitempty"`
	Steps          []StepTime        `json:"steps"`
	Exists         bool              `json:"exists"`            // it was there before
	Offline        bool              `json:"offline,omitempty"` // a dry run that could not look at a stopped server
}

// Event is a sign of life from a running request. Phase is "start", "update",
// "done" or "failed", or "note" for what is worth knowing; Text is for people.
type Event struct {
	Step, Phase, Text string
}

// Module is what the engine has to run: the resolved module of a capability and
// the configuration of this binary's own provider for this machine.
type Module struct {
	capability.Module
	Outputs []string
	Own     map[string]any
	Lock    []byte // Rendered.Lock of an earlier Prepare: no other provider will do
}

// Rendered is what an engine made of a Module.
type Rendered struct {
	Main, Variables []byte   // main.tf.json and terraform.tfvars.json, free of anything of this machine
	Lock            []byte   // pins the providers that the module brings; nil when there are none
	Digest          string   // of the module's files
	Needs           []string // servers that the module talks to: "postgresql"
	Providers       []string // names of the providers that the module brings
}

// Changes is what an engine plans to do.
type Changes struct {
	Counts
	Changes        []Change
	OutputsChanged bool
	Digest         string // of the saved plan
}

// Empty reports whether there is nothing to do.
func (c Changes) Empty() bool {
	return c.Counts == Counts{} && !c.OutputsChanged
}

// Run is what one run of the engine needs beside its directory.
type Run struct {
	Secrets  secret.Store
	Offline  bool                        // do not refresh: the server may be down
	Destroy  bool                        // with Plan: the end of everything
	Plan     string                      // with Apply: the digest of the only plan to carry out
	Progress func(text string, done int) // may be nil
}

// Terraform is the engine under every capability. A Plan or an Apply that only
// met what is not ours ends with a *ForeignError.
type Terraform interface {
	// Inspect finds the engine and says which servers the module talks to, as
	// far as that can be known without writing anything.
	Inspect(ctx context.Context, m Module) (needs []string, err error)
	// Prepare writes the run directory dir, and nothing outside it.
	Prepare(ctx context.Context, dir string, m Module) (Rendered, error)
	// Plan refreshes what there is and saves a plan in dir.
	Plan(ctx context.Context, dir string, run Run) (Changes, error)
	// Apply carries out the saved plan and returns the module's outputs.
	Apply(ctx context.Context, dir string, run Run) (map[string]json.RawMessage, error)
	// Outputs reads the outputs of the last apply and how many objects it left
	// in the state; none when there was none.
	Outputs(dir string) (outputs map[string]json.RawMessage, objects int, err error)
}

// Target is where an environment's resources run.
type Target interface {
	// Check reports whether what a module needs can be had, and changes nothing.
	Check(ctx context.Context, needs []string) error
	// Running reports whether the servers that a module needs answer.
	Running(ctx context.Context, needs []string) bool
	// Gone reports whether the servers that a module needs were deleted with all
	// that was on them. In doubt they are not.
	Gone(ctx context.Context, needs []string) bool
	// Holds reports whether what the state in the run directory dir speaks of is
	// on this target, as far as that can be told without asking a server. The
	// error says where it is instead.
	Holds(dir string) error
	// Start makes it ready: it starts servers that are not running.
	Start(ctx context.Context, needs []string) error
	// Own is the configuration of the provider in this binary for the target.
	Own() map[string]any
}

// Record is the part of the store that a request needs. A platform that does
// not exist yet gives an empty snapshot and comes into being with Ensure.
type Record interface {
	Snapshot(ctx context.Context) (*store.Snapshot, error)
	Ensure(ctx context.Context) error
	// Reserve keeps the name of a resource for this user, over the end of the
	// process, until Release; a *store.ReservedError says who has it.
	Reserve(r store.Reservation) error
	Release(name string) error
	Commit(ctx context.Context, change store.Change) (store.Receipt, error)
}

// Verdict is what a gate says of a plan. A gate that does not allow it gives
// the reason.
type Verdict struct {
	Gate    string
	Allowed bool
	Reason  string
}

// Gate judges a plan before anything is changed.
type Gate func(ctx context.Context, plan Plan) (Verdict, error)

// Service carries out requests on one platform. All fields but Gates, Show and
// Step are required.
type Service struct {
	Record       Record
	Capabilities func(*store.Snapshot) (capability.Set, error)
	Paths        platform.Paths
	Terraform    Terraform
	Target       func(platform.Environment) (Target, error)
	Secrets      secret.Store
	Actor        func(identify bool) (string, error)
	Machine      string // name of this machine
	// Writer is the pseudonym of this user's home for the platform; unless it is
	// to be made, "" where there is none yet.
	Writer  func(create bool) (string, error)
	Slots   Slots
	Gates   []Gate
	Show    func(Plan)
	Confirm func(ctx context.Context, plan Plan) error // nil error: go on; ErrDeclined: no
	Step    func(Event)
	Now     func() time.Time
	NewID   func() string
	TempDir func() (string, func(), error) // a scratch directory and its removal
}
