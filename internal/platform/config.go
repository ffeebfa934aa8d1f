package platform

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/platformctl/platformctl/internal/connection"
	"github.com/platformctl/platformctl/internal/strictyaml"
)

const (
	// ConfigFile is the name of the file that makes a directory a platform.
	ConfigFile = "platform.yaml"
	// APIVersion is that of a platform.yaml.
	APIVersion = "platformctl.io/v1"
	// Kind is that of a platform.yaml.
	Kind = "Platform"

	// TeamsOpen registers an unknown team when it first asks for something.
	TeamsOpen = "open"
	// TeamsClosed rejects an unknown team.
	TeamsClosed = "closed"

	// TargetLocal is the target whose servers platformctl runs itself.
	TargetLocal = "local"
	// TargetServer is the target whose servers exist: see [Servers].
	TargetServer = "server"
)

// Config is platform.yaml.
type Config struct {
	APIVersion string   `yaml:"apiVersion" json:"apiVersion"`
	Kind       string   `yaml:"kind" json:"kind"`
	Metadata   Metadata `yaml:"metadata" json:"metadata"`
	Spec       Spec     `yaml:"spec" json:"spec"`
}

// Metadata names the platform.
type Metadata struct {
	Name string `yaml:"name" json:"name"`
}

// Spec says how the platform is run.
type Spec struct {
	// Owner is the entity reference of the team that runs the platform.
	Owner string `yaml:"owner" json:"owner"`
	// Teams is TeamsOpen or TeamsClosed.
	Teams string `yaml:"teams" json:"teams"`
	// Identify records people by name instead of by pseudonym.
	Identify bool `yaml:"identify" json:"identify"`
	// Environments has at least one; the first is the default one.
	Environments []Environment `yaml:"environments" json:"environments"`
}

// Environment is a named place where things run.
type Environment struct {
	Name string `yaml:"name" json:"name"`
	// Target says how a capability is provided here: local, server, aws, ...
	Target     string `yaml:"target" json:"target"`
	Production bool   `yaml:"production,omitempty" json:"production,omitempty"`
	// Tiers are those that the environment serves; none means every tier.
	Tiers []string `yaml:"tiers,omitempty,flow" json:"tiers,omitempty"`
	// Backend is a Terraform backend: its type, and its settings.
	Backend map[string]any `yaml:"backend,omitempty" json:"backend,omitempty"`
	// Values are known to capability definitions and set by operators alone.
	Values map[string]any `yaml:"values,omitempty" json:"values,omitempty"`
	// Servers are the existing ones of target server.
	Servers       *Servers       `yaml:"servers,omitempty" json:"servers,omitempty"`
	Observability *Observability `yaml:"observability,omitempty" json:"observability,omitempty"`
}

// Servers are servers that exist, by kind. Their passwords are never in here,
// only where to find them: in a file of each machine or in a variable.
type Servers struct {
	PostgreSQL *connection.Server `yaml:"postgresql,omitempty" json:"postgresql,omitempty"`
}

// Observability says where the signals of an environment go: http or https
// URLs, or empty.
type Observability struct {
	OTLP    string `yaml:"otlp,omitempty" json:"otlp,omitempty"`
	Metrics string `yaml:"metrics,omitempty" json:"metrics,omitempty"`
	Logs    string `yaml:"logs,omitempty" json:"logs,omitempty"`
}

// Serves reports whether things of the tier may run in the environment.
func (e Environment) Serves(tier string) bool {
	return tier == "" || len(e.Tiers) == 0 || slices.Contains(e.Tiers, tier)
}

// DefaultConfig returns the platform that is made when none is found: open to
// every team, with one environment on this machine that serves every tier.
func DefaultConfig(name string) Config {
	c := Config{
		APIVersion: APIVersion,
		Kind:       Kind,
		Metadata:   Metadata{Name: name},
		Spec: Spec{
			Environments: []Environment{{Name: "local", Target: TargetLocal}},
		},
	}
	c.setDefaults()
	return c
}

// ParseConfig reads a platform.yaml strictly, fills in what it leaves out
// (owner group:default/platform, teams open, how servers are reached) and validates it. name is what
// errors call the file: [*strictyaml.Error] or [*ConfigError].
func ParseConfig(name string, data []byte) (Config, error) {
	var c Config
	if err := strictyaml.Decode(name, data, &c); err != nil {
		return Config{}, err
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c *Config) setDefaults() {
	if c.Spec.Owner == "" {
		c.Spec.Owner = "group:default/platform"
	}
	if c.Spec.Teams == "" {
		c.Spec.Teams = TeamsOpen
	}
	for _, e := range c.Spec.Environments {
		if e.Servers == nil || e.Servers.PostgreSQL == nil {
			continue
		}
		server := e.Servers.PostgreSQL
		if server.Port == 0 {
			server.Port = connection.DefaultPort
		}
		*server = server.Filled()
	}
}

// Environment returns the environment called name, else an [*UnknownError].
func (c Config) Environment(name string) (Environment, error) {
	for _, e := range c.Spec.Environments {
		if e.Name == name {
			return e, nil
		}
	}
	return Environment{}, &UnknownError{What: "environment", Name: name, Known: environmentNames(c.Spec.Environments)}
}

// DefaultEnvironment returns the first environment: the one whose name is left
// out of the names of resources.
func (c Config) DefaultEnvironment() Environment {
	if len(c.Spec.Environments) == 0 {
		return Environment{}
	}
	return c.Spec.Environments[0]
}

func environmentNames(environments []Environment) []string {
	names := make([]string, len(environments))
	for i, e := range environments {
		names[i] = e.Name
	}
	return names
}

// Marshal returns c as a commented platform.yaml, which [ParseConfig] reads
// back. Equal values give equal bytes.
func (c Config) Marshal() ([]byte, error) {
	var doc yaml.Node
	if err := doc.Encode(c); err != nil {
		return nil, fmt.Errorf("write %s: %w", ConfigFile, err)
	}
	strictyaml.Quote(&doc)
	comment(&doc)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&doc); err != nil {
		return nil, fmt.Errorf("write %s: %w", ConfigFile, err)
	}
	return out.Bytes(), nil
}

// comment explains the choices of a platform.yaml to who edits it.
func comment(node *yaml.Node) {
	node.HeadComment = "# The platform: who runs it, who may ask, and where things run."
	texts := map[string]string{
		"owner":        "# the team that runs the platform",
		"teams":        "# open: an unknown team is registered when it first asks; closed: it is rejected",
		"identify":     "# true: the ledger names people; false: it knows them by pseudonym",
		"environments": "# the first is the default; tiers lists what an environment serves, none means every tier",
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value != "spec" {
			continue
		}
		for _, key := range node.Content[i+1].Content {
			key.HeadComment = texts[key.Value]
		}
	}
}
