package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/request"
)

// needPostgreSQL is what a module needs that makes roles and databases.
const needPostgreSQL = "postgresql"

// target finds what an environment's target is on this machine.
func (s *session) target(env platform.Environment, dryRun bool) (request.Target, error) {
	switch env.Target {
	case platform.TargetLocal:
		return &localTarget{session: s, environment: env.Name}, nil
	case platform.TargetServer:
		return &serverTarget{session: s, env: env, dryRun: dryRun}, nil
	}
	return nil, &platform.UnknownError{What: "target", Name: env.Target, Known: servedTargets()}
}

// servedTargets are those that this binary can provide things on.
func servedTargets() []string { return []string{platform.TargetLocal, platform.TargetServer} }

// localTarget runs servers on this machine, below the platform's data directory.
type localTarget struct {
	session     *session
	environment string
	running     bool // Check found it so a moment ago
}

var _ request.Target = (*localTarget)(nil)

// Check finds the binaries of the servers that are needed and do not run.
func (t *localTarget) Check(ctx context.Context, needs []string) error {
	for _, need := range needs {
		if need != needPostgreSQL {
			return fmt.Errorf("target local has no %s server", need)
		}
	}
	if t.running = t.Running(ctx, needs); t.running {
		return nil
	}
	_, err := postgres.Locate(ctx, t.session.app.postgresOptions())
	return err
}

// Running reports whether the PostgreSQL server answers, if it is needed.
func (t *localTarget) Running(ctx context.Context, needs []string) bool {
	if len(needs) == 0 {
		return true
	}
	status, err := t.session.server().Status(ctx)
	return err == nil && status.State == postgres.Running
}

// Gone reports whether the PostgreSQL server was deleted, if it is needed.
func (t *localTarget) Gone(ctx context.Context, needs []string) bool {
	if len(needs) == 0 {
		return false
	}
	status, err := t.session.server().Status(ctx)
	return err == nil && status.State == postgres.Absent
}

// Holds refuses a database on another machine. The port may be another: the
// server moves when its own is taken.
func (t *localTarget) Holds(dir string) error {
	return movedFrom(dir, func(at place) error {
		if at.Host == postgres.Host {
			return nil
		}
		return &movedServerError{environment: t.environment, have: at.String(), want: "this machine"}
	})
}

// Start starts the PostgreSQL server unless it runs.
func (t *localTarget) Start(ctx context.Context, needs []string) error {
	if t.running || t.Running(ctx, needs) {
		return nil
	}
	progress := t.session.app.progress()
	progress.Start("start", "starting PostgreSQL on this machine")
	connection, err := t.session.server().Start(ctx)
	if err != nil {
		progress.Fail("starting PostgreSQL on this machine")
		return err
	}
	if connection.MovedFrom != 0 {
		progress.Note(fmt.Sprintf("port %d is taken by another program: PostgreSQL moved to %d", connection.MovedFrom, connection.Port))
	}
	progress.Done(fmt.Sprintf("started PostgreSQL on %s:%d", connection.Host, connection.Port))
	return nil
}

// Own is the configuration of the provider in this binary.
func (t *localTarget) Own() map[string]any {
	own := t.session.ownSecrets()
	own["connection"] = filepath.Join(t.session.paths.Local(needPostgreSQL), "connection.json")
	return own
}

// ownSecrets tells the provider in this binary where secrets are kept.
func (s *session) ownSecrets() map[string]any {
	own := map[string]any{"secrets": s.paths.Secrets()}
	if s.settings.Identity != "" {
		own["identity"] = s.settings.Identity
	}
	return own
}

// postgresOptions say where to look for PostgreSQL's programs.
func (app *App) postgresOptions() postgres.LocateOptions {
	return postgres.LocateOptions{Getenv: app.Getenv, ExtraDirs: []string{filepath.Join(app.tools(), "postgresql", "bin")}}
}

// server is the platform's local PostgreSQL server, whether it runs or not.
func (s *session) server() *postgres.Server {
	return postgres.New(s.paths.Local(needPostgreSQL), s.app.postgresOptions())
}

// tools is where `make setup` puts programs that the machine lacked.
func (app *App) tools() string {
	if dir := app.Getenv("PLATFORMCTL_TOOLS"); dir != "" {
		return dir
	}
	data := app.Getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(app.Getenv("HOME"), ".local", "share")
	}
	return filepath.Join(data, "platformctl", "tools")
}
