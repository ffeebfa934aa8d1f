package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/connection"
	"github.com/platformctl/platformctl/internal/doctor"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/provider"
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

// checks gathers what is found out about one environment.
type checks struct {
	environment string
	list        []doctor.Check
}

func (c *checks) add(name string, state doctor.State, detail string) *doctor.Check {
	c.list = append(c.list, doctor.Check{Group: c.environment, Name: name, State: state, Detail: detail})
	return &c.list[len(c.list)-1]
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
	if err := s.warnOfEdits(ctx); err != nil {
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
	var found []doctor.Check
	for _, env := range environments {
		found = append(found, s.checkEnvironment(ctx, env)...)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return app.printChecks(found)
}

func (s *session) checkEnvironment(ctx context.Context, env platform.Environment) []doctor.Check {
	c := &checks{environment: env.Name}
	if len(env.Backend) > 0 {
		c.add("backend", doctor.Warning, "it is not used yet: Terraform's state is on the machine that made a resource").Mend = "leave it out of platform.yaml"
	}
	switch env.Target {
	case platform.TargetLocal:
		s.checkLocal(ctx, c)
	case platform.TargetServer:
		s.checkServer(ctx, c, env)
	default:
		c.add("target", doctor.Failed, fmt.Sprintf("target %s is not served by this version", env.Target)).Mend = "use target local or server, or a newer version"
	}
	return c.list
}

// checkLocal looks at the server on this machine, or at what it would be made of.
func (s *session) checkLocal(ctx context.Context, c *checks) {
	status, err := s.server().Status(ctx)
	if err == nil && status.State == postgres.Running {
		c.add("server", doctor.OK, fmt.Sprintf("PostgreSQL %s runs on %s:%d", status.Version, postgres.Host, status.Port))
		return
	}
	found, locateErr := postgres.Locate(ctx, s.app.postgresOptions())
	switch {
	case err != nil:
		c.add("server", doctor.Failed, err.Error()).Command = "platformctl doctor"
	case locateErr != nil:
		c.add("server", doctor.Failed, locateErr.Error()).Err = locateErr
	default:
		c.add("server", doctor.OK, fmt.Sprintf("PostgreSQL %s is started by the first request", found.Version))
	}
}

// checkServer looks at a server that exists, from where its password is to what
// its administrator may do.
func (s *session) checkServer(ctx context.Context, c *checks, env platform.Environment) {
	server, err := s.serverOf(env)
	if err != nil {
		c.add("configuration", doctor.Failed, err.Error()).Err = err
		return
	}
	if !s.checkPassword(c, server) {
		return
	}
	checkEncryption(c, server)
	facts, err := provider.Examine(ctx, server, s.app.Getenv)
	if err != nil {
		c.add("connection", doctor.Failed, err.Error()).Mend = "see whether host, port, user, password and certificate in platform.yaml are those of the server"
		return
	}
	encrypted := "not encrypted"
	if facts.TLS != "" {
		encrypted = facts.TLS
	}
	c.add("connection", doctor.OK, fmt.Sprintf("PostgreSQL %s answers at %s:%d (%s)", facts.Version, server.Host, server.Port, encrypted))
	problems := unfit(facts)
	for _, problem := range problems {
		c.add("administrator", doctor.Failed, problem).Mend = "mend that on the server, or use another one in platform.yaml"
	}
	if len(problems) == 0 {
		c.add("administrator", doctor.OK, server.User+" may make roles and databases")
	}
}

// checkPassword reports whether there is one to try.
func (s *session) checkPassword(c *checks, server connection.Server) bool {
	_, err := server.Password(s.app.Getenv)
	switch {
	case err != nil:
		check := c.add("password", doctor.Failed, err.Error())
		check.Mend = "make the file that platform.yaml names, with the password in it"
		if server.PasswordEnv != "" {
			check.Mend, check.Command = "set the variable that platform.yaml names", "export "+server.PasswordEnv+"=..."
		}
		return false
	case server.PasswordEnv != "":
		c.add("password", doctor.OK, "variable "+server.PasswordEnv+" is set")
	case server.PasswordFile != "":
		info, err := os.Stat(server.PasswordFile)
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			check := c.add("password", doctor.Warning, "file "+server.PasswordFile+" can be read by others")
			check.Mend, check.Command = "make it private", "chmod 600 "+shellWord(server.PasswordFile)
			return true
		}
		c.add("password", doctor.OK, "file "+server.PasswordFile)
	default:
		c.add("password", doctor.OK, "none is configured")
	}
	return true
}

// checkEncryption warns of modes that somebody on the way could make use of.
func checkEncryption(c *checks, server connection.Server) {
	weak := ""
	switch {
	case server.Local():
	case server.SSLMode == connection.SSLDisable:
		weak = "nothing is encrypted on the way, passwords included"
	case server.SSLMode == connection.SSLRequire && server.SSLRootCert == "":
		weak = "whoever answers is taken for the server: its certificate is not checked"
	case server.SSLMode != connection.SSLVerifyFull:
		weak = "the host in the certificate is not checked"
	}
	if weak != "" {
		c.add("encryption", doctor.Warning, "sslmode "+server.SSLMode+": "+weak).Mend = "set sslmode to verify-full in platform.yaml, and sslrootcert to the authority of the server's certificate"
		return
	}
	c.add("encryption", doctor.OK, "sslmode "+server.SSLMode)
}
