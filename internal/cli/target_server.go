package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/platformctl/platformctl/internal/connection"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/terraform"
)

// serverTarget uses servers that exist: those that the environment names in
// platform.yaml. It never starts or stops one.
type serverTarget struct {
	session *session
	env     platform.Environment
	dryRun  bool
	fit     bool // the server was examined a moment ago
}

var _ request.Target = (*serverTarget)(nil)

// noServerError says that an environment of target server does not say which.
type noServerError struct{ environment, kind string }

func (e *noServerError) Error() string {
	return fmt.Sprintf("environment %q names no %s server", e.environment, e.kind)
}

// unfitError says what a server lacks for an administrator's connection to it.
type unfitError struct {
	environment string
	problems    []string
}

func (e *unfitError) Error() string {
	return fmt.Sprintf("the server of environment %q will not do: %s", e.environment, strings.Join(e.problems, "; "))
}

// serverOf is the administrator's connection to the PostgreSQL server of env on
// this machine: ~ in its paths stands for the home directory.
func (s *session) serverOf(env platform.Environment) (connection.Server, error) {
	if env.Servers == nil || env.Servers.PostgreSQL == nil {
		return connection.Server{}, &noServerError{env.Name, needPostgreSQL}
	}
	server := *env.Servers.PostgreSQL
	for _, path := range []*string{&server.PasswordFile, &server.SSLRootCert} {
		if rest, ok := strings.CutPrefix(*path, "~/"); ok {
			home := s.app.Getenv("HOME")
			if !filepath.IsAbs(home) {
				return connection.Server{}, usagef("environment %q: %q begins with ~, and HOME is not set", env.Name, *path)
			}
			*path = filepath.Join(home, rest)
		}
	}
	return server, nil
}

// Check finds out whether the server can be used as it is: that its password is
// to be had and, unless nothing is to be changed, that it answers and lets the
// administrator make roles and databases.
func (t *serverTarget) Check(ctx context.Context, needs []string) error {
	if len(needs) == 0 {
		return nil
	}
	for _, need := range needs {
		if need != needPostgreSQL {
			return &noServerError{t.env.Name, need}
		}
	}
	server, err := t.session.serverOf(t.env)
	if err != nil {
		return err
	}
	if _, err := server.Password(t.session.app.Getenv); err != nil {
		return &connection.FieldError{Field: "servers.postgresql of environment " + t.env.Name, Problem: err.Error()}
	}
	if t.dryRun {
		return nil
	}
	return t.Start(ctx, needs)
}

// Running reports whether the server answers its administrator.
func (t *serverTarget) Running(ctx context.Context, needs []string) bool {
	return t.Start(ctx, needs) == nil
}

// Start makes sure that the server answers and will do; it starts nothing.
func (t *serverTarget) Start(ctx context.Context, needs []string) error {
	if t.fit || len(needs) == 0 {
		return nil
	}
	server, err := t.session.serverOf(t.env)
	if err != nil {
		return err
	}
	facts, err := provider.Examine(ctx, server, t.session.app.Getenv)
	if err != nil {
		return &targetError{environment: t.env.Name, err: err}
	}
	if problems := unfit(facts); len(problems) > 0 {
		return &unfitError{t.env.Name, problems}
	}
	t.fit = true
	return nil
}

// unfit says what keeps a server from being used.
func unfit(facts provider.Facts) []string {
	var problems []string
	if facts.Number < provider.MinServerVersion {
		problems = append(problems, fmt.Sprintf("it is PostgreSQL %s, and %d or newer is needed", facts.Version, provider.MinServerVersion/10000))
	}
	if facts.Standby {
		problems = append(problems, "it is a standby, which takes no changes")
	}
	if !facts.CreateRole {
		problems = append(problems, "its administrator may not create roles: ALTER ROLE ... CREATEROLE")
	}
	if !facts.CreateDB {
		problems = append(problems, "its administrator may not create databases: ALTER ROLE ... CREATEDB")
	}
	return problems
}

// targetError says that the server of an environment could not be used.
type targetError struct {
	environment string
	err         error
}

func (e *targetError) Error() string { return fmt.Sprintf("environment %q: %v", e.environment, e.err) }
func (e *targetError) Unwrap() error { return e.err }

// Gone is false: whether somebody else's server is gone for good is not known
// from here.
func (t *serverTarget) Gone(context.Context, []string) bool { return false }

// Holds compares where the databases in the state are with the environment's
// server in platform.yaml.
func (t *serverTarget) Holds(dir string) error {
	server, err := t.session.serverOf(t.env)
	if err != nil {
		return nil //nolint:nilerr // Check says so if the module needs one
	}
	here := place{Host: server.Host, Port: cmp.Or(server.Port, connection.DefaultPort)}
	return movedFrom(dir, func(at place) error {
		if at == here {
			return nil
		}
		return &movedServerError{environment: t.env.Name, have: at.String(), want: here.String()}
	})
}

// place is where a server is, as the provider writes it into a state.
type place struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

func (p place) String() string { return net.JoinHostPort(p.Host, strconv.Itoa(p.Port)) }

// movedFrom asks judge about the place of each database in the state in dir. A
// state that cannot be read tells nothing: who plans on it says what is wrong.
func movedFrom(dir string, judge func(place) error) error {
	all, err := terraform.Attributes(dir, "platformctl_postgresql_database")
	if err != nil {
		return nil //nolint:nilerr // who plans on it says what is wrong
	}
	for _, attributes := range all {
		var at place
		if json.Unmarshal(attributes, &at) != nil || at.Host == "" {
			continue
		}
		if err := judge(at); err != nil {
			return err
		}
	}
	return nil
}

// movedServerError says that a resource is on another server than the one that
// its environment has now.
type movedServerError struct{ environment, have, want string }

func (e *movedServerError) Error() string {
	return fmt.Sprintf("it is on the server %s, and environment %q is now on %s", e.have, e.environment, e.want)
}

// explainMoved covers resources whose environment has another server by now.
func explainMoved(err error, e *explanation) bool {
	if _, ok := errors.AsType[*movedServerError](err); !ok {
		return false
	}
	e.Code = exitConflict
	e.Hint = "put the old server back into platform.yaml to change or destroy it there; no request moves data to another server"
	return true
}

// Own is the configuration of the provider in this binary. The connection
// stands in it by its content: where it leads is in platform.yaml alone.
func (t *serverTarget) Own() map[string]any {
	own := t.session.ownSecrets()
	if server, err := t.session.serverOf(t.env); err == nil {
		if text, err := json.Marshal(server); err == nil {
			own["connection"] = string(text)
		}
	}
	return own
}

// clientEnvironment is what a client of the environment's server needs on this
// machine beside what the capability gives it.
func (s *session) clientEnvironment(env platform.Environment) map[string]string {
	server, err := s.serverOf(env)
	if err != nil {
		return nil
	}
	root := server.SSLRootCert
	if root == "" && (server.SSLMode == connection.SSLVerifyCA || server.SSLMode == connection.SSLVerifyFull) {
		// We trust the system's authorities; libpq looks for a file of its own.
		root = s.app.Getenv("PGSSLROOTCERT")
		for _, bundle := range systemAuthorities() {
			if _, err := os.Stat(bundle); root == "" && err == nil {
				root = bundle
			}
		}
	}
	if root == "" {
		return nil
	}
	return map[string]string{"PGSSLROOTCERT": root}
}

// systemAuthorities are the files that systems keep the authorities in which they
// trust: Debian and its kind, Fedora and its kind, macOS and Alpine. See
// https://go.dev/src/crypto/x509/root_linux.go.
func systemAuthorities() []string {
	return []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"}
}

// explainTarget covers servers that exist and cannot be used.
func explainTarget(err error, e *explanation) bool {
	var (
		none  *noServerError
		unfit *unfitError
		field *connection.FieldError
		at    *targetError
	)
	switch {
	case errors.As(err, &none):
		e.Code = exitUsage
		e.Hint = fmt.Sprintf("name it in platform.yaml, below servers of environment %s: platformctl help formats", none.environment)
	case errors.As(err, &unfit):
		e.Code, e.Next = exitGate, []string{"platformctl environment check " + unfit.environment}
	case errors.As(err, &field):
		e.Code, e.Hint = exitUsage, "the password is never in platform.yaml: set the variable, or make the file, that it names"
	case errors.As(err, &at):
		e.Hint = "nothing was changed; mend what the check finds, then run the same command again"
		e.Next = []string{"platformctl environment check " + at.environment}
	default:
		return false
	}
	return true
}
