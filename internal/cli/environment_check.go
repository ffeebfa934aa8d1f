package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/connection"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/ui"
)

func newEnvironmentCheckCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [NAME]",
		Short: "Check that an environment can be used from here; without NAME, that all can",
		Long: `Check that an environment can be used from here: that the password of its server is to be had, that the server
answers, is encrypted as platform.yaml says, and lets its administrator make roles and databases. Nothing is changed.
The exit code is 3 when something failed.`,
		Args: args("[NAME]"),
		Example: `  platformctl environment check
  platformctl environment check staging`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return runEnvironmentCheck(cmd.Context(), app, given)
		},
		ValidArgsFunction: app.complete(completeEnvironments),
	}
	outputFlag(cmd, app)
	return cmd
}

// States of what was checked.
const (
	checkOK      = "ok"
	checkWarning = "warning" // it works, and should not stay so
	checkFailed  = "failed"
)

// environmentCheck is one thing that was looked at.
type environmentCheck struct {
	Environment string `json:"environment"`
	Check       string `json:"check"`
	State       string `json:"state"`
	Detail      string `json:"detail"`
	Mend        string `json:"mend,omitempty"`
}

type environmentChecks struct {
	Checks []environmentCheck `json:"checks"`
}

// checks gathers what is found out about one environment.
type checks struct {
	env  string
	list []environmentCheck
}

func (c *checks) add(check, state, detail, mend string) {
	c.list = append(c.list, environmentCheck{Environment: c.env, Check: check, State: state, Detail: detail, Mend: mend})
}

func runEnvironmentCheck(ctx context.Context, app *App, given []string) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	environments := snapshot.Config().Spec.Environments
	if len(given) > 0 {
		env, err := snapshot.Config().Environment(given[0])
		if err != nil {
			return err
		}
		environments = []platform.Environment{env}
	}
	var view environmentChecks
	for _, env := range environments {
		view.Checks = append(view.Checks, s.checkEnvironment(ctx, env)...)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := app.print(view); err != nil {
		return err
	}
	failed := 0
	for _, c := range view.Checks {
		if c.State == checkFailed {
			failed++
		}
	}
	if failed > 0 {
		return &checkError{problem: fmt.Sprintf("%d of %d checks failed", failed, len(view.Checks))}
	}
	return nil
}

func (s *session) checkEnvironment(ctx context.Context, env platform.Environment) []environmentCheck {
	c := &checks{env: env.Name}
	if len(env.Backend) > 0 {
		c.add("backend", checkWarning, "it is not used yet: Terraform's state is on the machine that made a resource", "")
	}
	switch env.Target {
	case platform.TargetLocal:
		s.checkLocal(ctx, c)
	case platform.TargetServer:
		s.checkServer(ctx, c, env)
	default:
		c.add("target", checkFailed, fmt.Sprintf("target %s is not served by this version", env.Target),
			"use target local or server, or a newer version")
	}
	return c.list
}

// checkLocal looks at the server on this machine, or at what it would be made of.
func (s *session) checkLocal(ctx context.Context, c *checks) {
	status, err := s.server().Status(ctx)
	if err == nil && status.State == postgres.Running {
		c.add("server", checkOK, fmt.Sprintf("PostgreSQL %s runs on %s:%d", status.Version, postgres.Host, status.Port), "")
		return
	}
	found, locateErr := postgres.Locate(ctx, s.locate())
	switch {
	case err != nil:
		c.add("server", checkFailed, err.Error(), "platformctl local status")
	case locateErr != nil:
		c.add("server", checkFailed, locateErr.Error(), s.app.explain(locateErr).Hint)
	default:
		c.add("server", checkOK, fmt.Sprintf("PostgreSQL %s is started by the first request", found.Version), "")
	}
}

// checkServer looks at a server that exists, from where its password is to what
// its administrator may do.
func (s *session) checkServer(ctx context.Context, c *checks, env platform.Environment) {
	server, err := s.serverOf(env)
	if err != nil {
		c.add("configuration", checkFailed, err.Error(), s.app.explain(err).Hint)
		return
	}
	s.checkPassword(c, server)
	checkEncryption(c, server)
	facts, err := provider.Examine(ctx, server, s.app.Getenv)
	if p, ok := errors.AsType[*provider.Problem](err); ok {
		c.add("connection", checkFailed, p.Error(), "see whether host, port, user, password and certificate in platform.yaml are those of the server")
		return
	}
	if err != nil {
		c.add("connection", checkFailed, err.Error(), "")
		return
	}
	encrypted := "not encrypted"
	if facts.TLS != "" {
		encrypted = facts.TLS
	}
	c.add("connection", checkOK, fmt.Sprintf("PostgreSQL %s answers at %s:%d (%s)", facts.Version, server.Host, server.Port, encrypted), "")
	problems := unfit(facts)
	for _, problem := range problems {
		c.add("administrator", checkFailed, problem, "use another server or administrator in platform.yaml")
	}
	if len(problems) == 0 {
		c.add("administrator", checkOK, server.User+" may make roles and databases", "")
	}
}

func (s *session) checkPassword(c *checks, server connection.Server) {
	_, err := server.Password(s.app.Getenv)
	switch {
	case err != nil:
		c.add("password", checkFailed, err.Error(), "set the variable, or make the file, that platform.yaml names")
	case server.PasswordEnv != "":
		c.add("password", checkOK, "variable "+server.PasswordEnv+" is set", "")
	case server.PasswordFile != "":
		info, err := os.Stat(server.PasswordFile)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			c.add("password", checkWarning, "file "+server.PasswordFile+" can be read by others", "chmod 600 "+shellWord(server.PasswordFile))
			return
		}
		c.add("password", checkOK, "file "+server.PasswordFile, "")
	default:
		c.add("password", checkOK, "none is configured", "")
	}
}

// checkEncryption warns of modes that somebody on the way could make use of.
func checkEncryption(c *checks, server connection.Server) {
	weak := ""
	switch {
	case server.Local():
	case server.SSLMode == connection.SSLDisable:
		weak = "nothing is encrypted on the way, passwords included"
	case server.SSLMode == connection.SSLRequire:
		weak = "whoever answers is taken for the server: its certificate is not checked"
	case server.SSLMode == connection.SSLVerifyCA:
		weak = "the host in the certificate is not checked"
	}
	if weak != "" {
		c.add("encryption", checkWarning, "sslmode "+server.SSLMode+": "+weak, "sslmode: verify-full, with the authority in sslrootcert")
		return
	}
	c.add("encryption", checkOK, "sslmode "+server.SSLMode, "")
}

// Header names the columns.
func (v environmentChecks) Header() []string {
	return []string{"Environment", "Check", "State", "Detail", "Mend"}
}

// Rows are the checks.
func (v environmentChecks) Rows() [][]string {
	rows := make([][]string, len(v.Checks))
	for i, c := range v.Checks {
		rows[i] = []string{c.Environment, c.Check, c.State, c.Detail, c.Mend}
	}
	return rows
}

// Names are the environments, each once.
func (v environmentChecks) Names() []string {
	var names []string
	for i, c := range v.Checks {
		if i == 0 || c.Environment != names[len(names)-1] {
			names = append(names, c.Environment)
		}
	}
	return names
}

var _ ui.Tabular = environmentChecks{}
