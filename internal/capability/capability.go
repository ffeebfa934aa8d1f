// Package capability reads capability definitions and resolves requests
// against them.
//
// A definition is a directory with a capability.yaml and the Terraform modules
// and documents that it names. Resolve turns what a team asks for (type, tier,
// inputs, environment) into a module, the values of its variables, and the way
// back from the module's outputs to what the team uses.
//
// Strings of a definition may hold expressions, ${...} in CEL; $${ stands for
// a literal ${. Values that users give are data: they pass through expressions
// and are never read as such.
package capability

import (
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/backstage"
)

// Ask is what a request asks of a capability.
type Ask struct {
	Type, Tier, Team, Name string
	Environment            Environment
	Inputs                 map[string]any // what the team set; JSON-like values
}

// Environment is what expressions and matches know of the place of a request.
type Environment struct {
	Name, Target string
	Production   bool
	Values       map[string]any // the operator's values
}

// Resolution is what a request comes down to.
type Resolution struct {
	Capability       string         // as in database/postgresql@1.0.0
	Inputs           map[string]any // effective: defaults, then the tier's, then the team's
	Module           Module
	TerraformOutputs []string // outputs of the module that are used, sorted
	Tier             TierInfo
	Connect          []string // command line that connects to the resource; may be empty

	def  *Definition
	typ  *compiledType
	tier string
	vars map[string]any // what expressions may use
}

// Module is a Terraform module with the values of its variables.
type Module struct {
	Source    string         // as the definition names it
	Version   string         // of a module in a registry
	Digest    string         // that the fetched files must have; empty when the definition names none
	Local     fs.FS          // the module's files when it lies in the capability, else nil
	Variables map[string]any // JSON-like values
	Providers map[string]map[string]any
}

// TierInfo is what a tier means for a resource.
type TierInfo struct {
	Name      string
	Locked    []string      // inputs that a team cannot set, sorted
	Protected bool          // must not be destroyed without further ado
	TTL       time.Duration // 0: lives until it is destroyed
}

// compiledType is a type made ready for requests.
type compiledType struct{}

// Load reads and checks the capability in directory dir of fsys.
//
// Errors are *strictyaml.Error when capability.yaml cannot be read,
// *DefinitionError when it says what cannot be, and else those of fsys.
func Load(fsys fs.FS, dir string) (*Definition, error) { panic("TODO") }

// Set is what capabilities there are.
type Set struct{}

// LoadAll finds the capabilities of two trees, each with one directory per
// capability; either may be nil. One of own hides the built-in one of its
// name. A broken one is no error here: Get returns it.
func LoadAll(builtin, own fs.FS) (Set, error) { panic("TODO") }

// Names returns the names of all capabilities, broken ones included, sorted.
func (s Set) Names() []string { panic("TODO") }

// Get returns a capability, *UnknownError when there is none of that name, or
// what is wrong with it.
func (s Set) Get(name string) (*Definition, error) { panic("TODO") }

// Entry is one capability of a listing.
type Entry struct {
	Name       string
	Definition *Definition // nil when broken
	Err        error       // what is wrong with a broken one
	Own        bool        // of the organization, not built in
}

// Entries returns all capabilities, sorted by name.
func (s Set) Entries() []Entry { panic("TODO") }

// Resolve turns an ask into a module and its variables. It changes nothing
// and asks nobody. Errors: *UnknownError, *InputError, *LockedError,
// *MatchError, *ExpressionError.
func (d *Definition) Resolve(ask Ask) (*Resolution, error) { panic("TODO") }

// Outputs turns the outputs of the module into the values that consumers see
// and, by name of the output, the references of the secrets among them.
// Errors are *OutputError.
func (r *Resolution) Outputs(raw map[string]json.RawMessage) (values map[string]any, secretRefs map[string]string, err error) {
	panic("TODO")
}

// Env returns the environment of a program that uses the resource, from the
// values of Outputs and the secrets by name of the output. Errors are
// *ExpressionError.
func (r *Resolution) Env(outputs map[string]any, secrets map[string]string) (map[string]string, error) {
	panic("TODO")
}

// ImmutableChange returns the names of the inputs that differ from those of an
// earlier request for the same type and tier and cannot be changed in place,
// sorted.
func (r *Resolution) ImmutableChange(old map[string]any) []string { panic("TODO") }

// Entities returns the catalog entities of the capability, for each type a
// Component and the API that it provides, sorted by reference.
func (d *Definition) Entities() ([]backstage.Entity, error) { panic("TODO") }

// ComponentRef names the Component of a type.
func (d *Definition) ComponentRef(typ string) backstage.Ref {
	return backstage.Ref{Kind: backstage.KindComponent, Namespace: backstage.DefaultNamespace, Name: typ + "-managed"}
}

// Input describes one input, for prompts, flags and listings.
type Input struct {
	Name, Type, Title, Description string
	Enum                           []any
	Default                        any // of the schema; nil when there is none
	Required, Immutable            bool
	ItemEnum                       []any // values that the items of an array may have
	Minimum, Maximum               *float64
}

// Inputs returns the inputs of a type, required ones first, then by name.
func (d *Definition) Inputs(typ string) []Input { panic("TODO") }

// ParseSet turns key=value pairs into typed inputs of a type, by the schema of
// the inputs: a string is taken as it stands, numbers and booleans are parsed,
// arrays and objects are JSON. Errors: *UnknownError, *InputError.
func ParseSet(d *Definition, typ string, pairs []string) (map[string]any, error) { panic("TODO") }

// Schema returns the JSON Schema (draft 2020-12) of capability.yaml.
func Schema() []byte { panic("TODO") }

// Name returns the capability's name.
func (d *Definition) Name() string { return d.Metadata.Name }

// Title returns what to call the capability in prose.
func (d *Definition) Title() string {
	if d.Metadata.Title != "" {
		return d.Metadata.Title
	}
	return d.Metadata.Name
}

// Digest returns the digest of all files of the capability, as sha256:<hex>.
func (d *Definition) Digest() string { return d.digest }

// Files returns the capability's directory.
func (d *Definition) Files() fs.FS { return d.files }

// ID names a type of this version of the capability, as in
// database/postgresql@1.0.0.
func (d *Definition) ID(typ string) string {
	return d.Metadata.Name + "/" + typ + "@" + d.Spec.Version
}

// NameOf returns the capability's name in an ID.
func NameOf(id string) string {
	name, _, _ := strings.Cut(id, "/")
	return name
}

// TypeOf returns the type in an ID.
func TypeOf(id string) string {
	_, rest, _ := strings.Cut(id, "/")
	typ, _, _ := strings.Cut(rest, "@")
	return typ
}

// Types returns the names of the types, sorted.
func (d *Definition) Types() []string { return sortedKeys(d.Spec.Types) }

// Tiers returns the names of the tiers of a type, sorted.
func (d *Definition) Tiers(typ string) []string { return sortedKeys(d.Spec.Types[typ].Tiers) }

// Responsibility returns who does what.
func (d *Definition) Responsibility() Responsibility { return d.Spec.Responsibility }

// Deprecation returns a sentence about the end of a deprecated capability, and
// "" for any other.
func (d *Definition) Deprecation() string { panic("TODO") }

// MonthlyCost returns what a tier costs in a month by estimate, and false when
// the definition does not say.
func (d *Definition) MonthlyCost(tier string) (amount float64, currency string, ok bool) {
	if d.Spec.Cost == nil {
		return 0, "", false
	}
	amount, ok = d.Spec.Cost.Monthly[tier]
	return amount, d.Spec.Cost.Currency, ok
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

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
