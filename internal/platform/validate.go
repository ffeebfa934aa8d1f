package platform

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/platformctl/platformctl/internal/connection"
)

// ConfigError names a field of platform.yaml or of the user settings whose
// value does not do.
type ConfigError struct {
	// Field is a dotted path such as spec.environments[1].name.
	Field, Problem string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("field %q: %s", e.Field, e.Problem)
}

var (
	// ownerForm is [<kind>:][<namespace>/]<name> of a catalog entity.
	ownerForm = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9]*:)?([a-z0-9-]+/)?[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	// labelForm is that of tiers and targets.
	labelForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
)

// Validate returns the first thing wrong with c: a [*ConfigError], or a
// [*NameError] for a name. Whether a target can be served is not asked here.
func (c Config) Validate() error {
	switch {
	case c.APIVersion != APIVersion:
		return &ConfigError{"apiVersion", "must be " + APIVersion + ", not " + show(c.APIVersion)}
	case c.Kind != Kind:
		return &ConfigError{"kind", "must be " + Kind + ", not " + show(c.Kind)}
	}
	if err := CheckName("metadata.name", c.Metadata.Name); err != nil {
		return err
	}
	switch {
	case len(c.Spec.Owner) > 250 || !ownerForm.MatchString(c.Spec.Owner):
		return &ConfigError{"spec.owner", "must be an entity reference such as group:default/platform, not " + show(c.Spec.Owner)}
	case c.Spec.Teams != TeamsOpen && c.Spec.Teams != TeamsClosed:
		return &ConfigError{"spec.teams", "must be open or closed, not " + show(c.Spec.Teams)}
	case len(c.Spec.Environments) == 0:
		return &ConfigError{"spec.environments", "must have at least one environment"}
	}
	first := map[string]int{}
	for i, e := range c.Spec.Environments {
		field := fmt.Sprintf("spec.environments[%d]", i)
		if err := e.validate(field); err != nil {
			return err
		}
		if at, ok := first[e.Name]; ok {
			return &ConfigError{field + ".name", fmt.Sprintf("repeats %s of spec.environments[%d]", show(e.Name), at)}
		}
		first[e.Name] = i
	}
	return nil
}

func (e Environment) validate(field string) error {
	if err := CheckName(field+".name", e.Name); err != nil {
		return err
	}
	if !labelForm.MatchString(e.Target) {
		return &ConfigError{field + ".target", "must be a target such as local, not " + show(e.Target)}
	}
	seen := map[string]bool{}
	for i, tier := range e.Tiers {
		at := fmt.Sprintf("%s.tiers[%d]", field, i)
		switch {
		case !labelForm.MatchString(tier):
			return &ConfigError{at, "must be a tier such as production, not " + show(tier)}
		case seen[tier]:
			return &ConfigError{at, "repeats " + show(tier)}
		}
		seen[tier] = true
	}
	if len(e.Backend) > 0 {
		if kind, ok := e.Backend["type"].(string); !ok || !labelForm.MatchString(kind) {
			return &ConfigError{field + ".backend.type", "must be a Terraform backend such as s3"}
		}
	}
	if err := e.validateServers(field + ".servers"); err != nil {
		return err
	}
	return e.Observability.validate(field + ".observability")
}

func (e Environment) validateServers(field string) error {
	if e.Servers == nil {
		return nil
	}
	if e.Target != TargetServer {
		return &ConfigError{field, "is for target " + TargetServer + ", not " + show(e.Target)}
	}
	server := e.Servers.PostgreSQL
	if server == nil {
		return &ConfigError{field, "names no server: postgresql is missing"}
	}
	field += ".postgresql"
	if err := server.Check(); err != nil {
		if wrong, ok := errors.AsType[*connection.FieldError](err); ok {
			return &ConfigError{field + "." + wrong.Field, wrong.Problem}
		}
		return err
	}
	for _, f := range []struct{ name, path string }{{"passwordFile", server.PasswordFile}, {"sslrootcert", server.SSLRootCert}} {
		if f.path != "" && !filepath.IsAbs(f.path) && !strings.HasPrefix(f.path, "~/") {
			return &ConfigError{field + "." + f.name, "must be an absolute path or begin with ~/: the file is of each machine, not of the platform"}
		}
	}
	return nil
}

func (o *Observability) validate(field string) error {
	if o == nil {
		return nil
	}
	for _, f := range []struct{ name, value string }{{"otlp", o.OTLP}, {"metrics", o.Metrics}, {"logs", o.Logs}} {
		if f.value == "" {
			continue
		}
		if err := checkWebURL(f.value); err != nil {
			return &ConfigError{field + "." + f.name, err.Error()}
		}
	}
	return nil
}

func checkWebURL(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || strings.ToLower(u.Scheme) != "http" && strings.ToLower(u.Scheme) != "https" || u.Host == "":
		return errors.New("must be an http or https URL")
	case u.User != nil:
		return errors.New("must not carry a user name or password")
	}
	return nil
}
