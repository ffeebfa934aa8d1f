package doctor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/platformctl/platformctl/internal/connection"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/provider"
)

// postgresql looks for PostgreSQL's programs where requests do.
func postgresql(ctx context.Context, m *machine) []Check {
	found, err := postgres.Locate(ctx, m.PostgreSQL)
	if err != nil {
		return []Check{failure(err)}
	}
	return []Check{ok("PostgreSQL %s, %s", found.Version, found.Dir)}
}

func (m *machine) server() *postgres.Server {
	return postgres.New(m.paths.Local("postgresql"), m.PostgreSQL)
}

// localServer looks at the platform's PostgreSQL server on this machine.
func localServer(ctx context.Context, m *machine) []Check {
	if m.location.Dir == "" {
		return []Check{skipped("no platform to have one")}
	}
	d, err := m.server().Diagnose(ctx)
	if err != nil {
		return []Check{failure(err).mend(
			"what is left of the server cannot be used: put a copy back, or give its data up", "platformctl local reset")}
	}
	found := []Check{serverState(d)}
	if d.Binaries != nil {
		found = append(found, failure(d.Binaries))
	}
	if d.Taken {
		found = append(found, warning("port %d, the server's, is taken by another program: the server would move to another port", d.Recorded).
			mend("stop what listens there; after a move each resource needs its request again", listeners(d.Recorded)))
	}
	if d.State == postgres.Running {
		found = append(found, m.logIn(ctx)...)
	}
	return found
}

func serverState(d postgres.Diagnosis) Check {
	switch d.State {
	case postgres.Running:
		return ok("PostgreSQL %s runs on %s:%d, process %d", d.Version, postgres.Host, d.Port, d.PID)
	case postgres.Starting:
		return warning("process %d of the server does not answer: it starts, recovers, stops or hangs", d.PID).
			mend("wait; if that does not help, stop it: its data stays", "platformctl local stop")
	case postgres.Stopped:
		if d.Killed {
			return ok("it was killed; the next request starts and recovers it")
		}
		return ok("it is stopped; the next request starts it")
	case postgres.Absent:
	}
	return skipped("there is none yet: the first request makes it")
}

// logIn connects as requests do.
func (m *machine) logIn(ctx context.Context) []Check {
	server, err := connection.Read(filepath.Join(m.paths.Local("postgresql"), "connection.json"))
	if err == nil {
		_, err = provider.Examine(ctx, server, m.Getenv)
	}
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*provider.Problem](err); ok && strings.HasPrefix(p.Summary, provider.AccessDenied) {
		return []Check{failed("%v: the password was changed behind our back", err).mend(
			"set it back as superuser of that server, or give the server up with its data", "platformctl local reset")}
	}
	return []Check{failed("the server cannot be used: %v", err).mend("start it again; its data stays", "platformctl local stop")}
}

// listeners is the command that shows what listens at a port of this machine.
func listeners(port int) string {
	if runtime.GOOS == "linux" {
		return fmt.Sprintf("ss -ltnp 'sport = :%d'", port)
	}
	return fmt.Sprintf("lsof -nP -iTCP:%d -sTCP:LISTEN", port)
}

// asRoot tells how root runs PostgreSQL, which refuses to run as root.
func asRoot(ctx context.Context, m *machine) []Check {
	if !root() {
		return []Check{skipped("this user is not root")}
	}
	if m.location.Dir == "" {
		return []Check{skipped("no platform to have a server")}
	}
	if err := m.server().Namespace(ctx); err != nil {
		return []Check{warning("PostgreSQL cannot run in a user namespace of root (%v): it runs as another user, with its data below /var/lib/platformctl", err).
			mend("allow user namespaces on this machine or in this container, or run platformctl as a user that is not root", "")}
	}
	return []Check{ok("PostgreSQL runs in a user namespace")}
}
