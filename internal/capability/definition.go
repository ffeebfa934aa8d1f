package capability

import (
	"io/fs"
	"strings"
	"time"
)

// FileName is the file that makes a directory a capability, LockFile the one that
// pins the providers of its modules.
const (
	FileName = "capability.yaml"
	LockFile = ".terraform.lock.hcl"
)

// The API version and kind of a capability.yaml.
const (
	APIVersion = "platformctl.io/v1"
	Kind       = "Capability"
)

// Definition is one capability: its capability.yaml, checked, and the files
// beside it. It is made by Load and does not change afterwards.
type Definition struct {
	APIVersion string   `yaml:"apiVersion" json:"apiVersion"`
	Kind       string   `yaml:"kind" json:"kind"`
	Metadata   Metadata `yaml:"metadata" json:"metadata"`
	Spec       Spec     `yaml:"spec" json:"spec"`

	files    fs.FS  // the capability's directory
	digest   string // of files
	lock     []byte // LockFile; nil when there is none
	compiled map[string]*compiledType
}

// Metadata says what the capability is called and whose it is.
type Metadata struct {
	Name        string   `yaml:"name" json:"name"` // equals the name of the directory
	Title       string   `yaml:"title" json:"title,omitempty"`
	Description string   `yaml:"description" json:"description,omitempty"`
	Owner       string   `yaml:"owner" json:"owner"` // entity reference of the group that answers for it
	Tags        []string `yaml:"tags" json:"tags,omitempty"`
}

// Spec is what the capability offers and promises.
type Spec struct {
	Version        string          `yaml:"version" json:"version"`     // semantic version
	Lifecycle      string          `yaml:"lifecycle" json:"lifecycle"` // experimental, production or deprecated
	ReplacedBy     string          `yaml:"replacedBy" json:"replacedBy,omitempty"`
	Sunset         *Date           `yaml:"sunset" json:"sunset,omitempty"`
	Maturity       string          `yaml:"maturity" json:"maturity,omitempty"` // provisional, operational, scalable or optimizing
	Types          map[string]Type `yaml:"types" json:"types"`
	SLO            *SLO            `yaml:"slo" json:"slo,omitempty"`
	Responsibility Responsibility  `yaml:"responsibility" json:"responsibility"`
	Cost           *Cost           `yaml:"cost" json:"cost,omitempty"`
	Docs           Docs            `yaml:"docs" json:"docs"`
	Tests          []Test          `yaml:"tests" json:"tests,omitempty"`
}

// Type is one form in which the capability can be had, such as postgresql.
type Type struct {
	Inputs          map[string]any    `yaml:"inputs" json:"inputs,omitempty"` // JSON Schema of what a team may set
	Tiers           map[string]Tier   `yaml:"tiers" json:"tiers"`
	Implementations []Implementation  `yaml:"implementations" json:"implementations"`
	Outputs         map[string]Output `yaml:"outputs" json:"outputs,omitempty"`
	Env             map[string]string `yaml:"env" json:"env,omitempty"`         // environment of a program that uses the resource; expressions
	Connect         []string          `yaml:"connect" json:"connect,omitempty"` // command line that connects with that environment
	// StateHoldsSecrets says that the modules put secrets into Terraform's state.
	StateHoldsSecrets bool `yaml:"stateHoldsSecrets" json:"stateHoldsSecrets,omitempty"`
}

// Tier is a preset of inputs with the rules that come with it.
type Tier struct {
	Set      map[string]any `yaml:"set" json:"set,omitempty"`   // values of inputs, ahead of their defaults
	Lock     []string       `yaml:"lock" json:"lock,omitempty"` // inputs that a team cannot set
	TTL      Duration       `yaml:"ttl" json:"ttl,omitempty"`   // how long a resource lives; 0: until it is destroyed
	Deletion Deletion       `yaml:"deletion" json:"deletion"`
}

// Deletion says how a resource may go away.
type Deletion struct {
	Protect bool `yaml:"protect" json:"protect"`
}

// Implementation is a Terraform module and where it serves.
type Implementation struct {
	Match  Match      `yaml:"match" json:"match"`
	Module ModuleSpec `yaml:"module" json:"module"`
}

// Match says where an implementation serves. An empty field matches all.
type Match struct {
	Environment string `yaml:"environment" json:"environment,omitempty"`
	Target      string `yaml:"target" json:"target,omitempty"`
	Tier        string `yaml:"tier" json:"tier,omitempty"`
	Team        string `yaml:"team" json:"team,omitempty"`
}

// ModuleSpec names a Terraform module and maps a request to its variables.
// Strings in Variables and Providers are expressions, at any depth.
type ModuleSpec struct {
	Source    string                    `yaml:"source" json:"source"`
	Version   string                    `yaml:"version" json:"version,omitempty"` // of a module in a registry
	Digest    string                    `yaml:"digest" json:"digest,omitempty"`   // of the fetched files
	Variables map[string]any            `yaml:"variables" json:"variables,omitempty"`
	Providers map[string]map[string]any `yaml:"providers" json:"providers,omitempty"`
}

// Output is one value that a resource gives to its consumers.
type Output struct {
	From   string `yaml:"from" json:"from"`     // name of the module's output
	Secret bool   `yaml:"secret" json:"secret"` // the module's output is a reference to a secret, never its value
}

// SLO is what the platform promises.
type SLO struct {
	Provisioning Percentiles `yaml:"provisioning" json:"provisioning"`
	Support      string      `yaml:"support" json:"support,omitempty"`
}

// Percentiles are times of a request from ask to use.
type Percentiles struct {
	P50 Duration `yaml:"p50" json:"p50,omitempty"`
	P95 Duration `yaml:"p95" json:"p95,omitempty"`
}

// Responsibility is the shared responsibility model: who does what.
type Responsibility struct {
	Platform []string `yaml:"platform" json:"platform,omitempty"`
	Team     []string `yaml:"team" json:"team,omitempty"`
}

// Cost is an estimate of what a resource costs.
type Cost struct {
	Currency string             `yaml:"currency" json:"currency"` // ISO 4217 code
	Monthly  map[string]float64 `yaml:"monthly" json:"monthly"`   // by tier
}

// Docs are paths of documents in the capability's directory.
type Docs struct {
	Readme  string `yaml:"readme" json:"readme,omitempty"`
	Runbook string `yaml:"runbook" json:"runbook,omitempty"`
}

// Test is a request and the plan that must come of it.
type Test struct {
	Name        string          `yaml:"name" json:"name"`
	Type        string          `yaml:"type" json:"type"`
	Tier        string          `yaml:"tier" json:"tier"`
	Environment TestEnvironment `yaml:"environment" json:"environment"`
	Inputs      map[string]any  `yaml:"inputs" json:"inputs,omitempty"`
	ExpectPlan  *PlanCounts     `yaml:"expectPlan" json:"expectPlan,omitempty"`
}

// TestEnvironment is where a test asks: what is left out is that of the
// environment local of a platform that nobody configured.
type TestEnvironment struct {
	Name       string         `yaml:"name" json:"name,omitempty"`
	Target     string         `yaml:"target" json:"target,omitempty"`
	Production bool           `yaml:"production" json:"production,omitempty"`
	Values     map[string]any `yaml:"values" json:"values,omitempty"`
}

// Ask is the request of a test.
func (t Test) Ask() Ask {
	env := Environment(t.Environment)
	if env.Target == "" {
		env.Target = "local"
	}
	if env.Name == "" {
		env.Name = env.Target
	}
	return Ask{Type: t.Type, Tier: t.Tier, Team: "test", Name: "test-" + t.Type, Environment: env, Inputs: t.Inputs}
}

// PlanCounts are the numbers of objects that a plan touches.
type PlanCounts struct {
	Add     int `yaml:"add" json:"add"`
	Change  int `yaml:"change" json:"change"`
	Destroy int `yaml:"destroy" json:"destroy"`
}

// Duration is a span of time, written as in 720h or 2s.
type Duration time.Duration

// UnmarshalText reads the form of time.ParseDuration; a duration is above zero.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil || v <= 0 {
		return errDuration
	}
	*d = Duration(v)
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String returns the duration without parts that are zero: 720h, not 720h0m0s.
func (d Duration) String() string { return shortDuration(time.Duration(d)) }

// Date is a day, written as in 2027-01-31.
type Date struct{ time.Time }

// UnmarshalText reads a day; it is the start of that day in UTC.
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	if err != nil {
		return errDate
	}
	d.Time = t
	return nil
}

// MarshalText writes the form that UnmarshalText reads.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// String returns the day as in 2027-01-31.
func (d Date) String() string { return d.Format(time.DateOnly) }

func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
