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
	"io/fs"
	"slices"
	"strings"
	"time"
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

	outputs map[string]Output
	typ     *compiledType
	preset  map[string]any // what the tier sets
	vars    map[string]any // what expressions may use
}

// Module is a Terraform module with the values of its variables.
type Module struct {
	Source    string         // as the definition names it
	Version   string         // of a module in a registry
	Digest    string         // that the fetched files must have; empty when the definition names none
	Local     fs.FS          // the module's files when it lies in the capability, else nil
	Variables map[string]any // JSON-like values
	Providers map[string]map[string]any
	Lock      []byte // LockFile of the capability: the only providers that will do; nil when there is none
}

// TierInfo is what a tier means for a resource.
type TierInfo struct {
	Name      string
	Locked    []string      // inputs that a team cannot set, sorted
	Protected bool          // must not be destroyed without further ado
	TTL       time.Duration // 0: lives until it is destroyed
}

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
