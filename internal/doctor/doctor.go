// Package doctor looks at everything on a machine that platformctl needs, and
// says of each thing whether it is in order and how it is mended. It changes
// nothing, waits for nothing for long, and goes on where something is broken.
package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/terraform"
)

// State is how a check ended.
type State string

// The states of a check.
const (
	OK      State = "ok"
	Warning State = "warning" // it works, and somebody should know
	Failed  State = "failed"  // something that is needed will not work
	Skipped State = "skipped" // there was nothing to look at, or it is left out
)

// Check is one thing that was looked at.
type Check struct {
	Group  string `json:"group"`
	Name   string `json:"name"` // unique, apart from several findings of one check
	State  State  `json:"state"`
	Detail string `json:"detail"`
	// Mend says what to do, and Command is a line for a POSIX shell that does it
	// or the first part of it. Both may be empty.
	Mend    string `json:"mend,omitempty"`
	Command string `json:"command,omitempty"`
	// Err is the error that a command would end with, if it is one.
	Err error `json:"-"`
}

// Machine is what the checks are told by the caller.
type Machine struct {
	Getenv     func(string) string
	Now        func() time.Time
	Dir        string // working directory
	Platform   string // what --platform says
	Executable string // path of this binary; empty when it is not known
	Version    string // of this binary
	Engine     terraform.FindOptions
	PostgreSQL postgres.LocateOptions
}

// patience is how long one check may take.
const patience = 15 * time.Second

// probe is one check. Its findings get its group and name.
type probe struct {
	group, name string
	look        func(context.Context, *machine) []Check
}

func probes() []probe {
	return []probe{
		{"engine", "terraform", engine},
		{"engine", "terraform-config", engineConfig},
		{"server", "postgresql", postgresql},
		{"server", "local-server", localServer},
		{"server", "root", asRoot},
		{"files", "home", directories},
		{"files", "settings", settings},
		{"files", "secrets", secrets},
		{"files", "disk", disk},
		{"files", "temporary", temporary},
		{"files", "open-files", openFiles},
		{"files", "clock", clock},
		{"git", "identity", identity},
		{"git", "git", gitProgram},
		{"platform", "platform", thePlatform},
		{"platform", "repository", repository},
		{"platform", "writers", writers},
		{"platform", "requests", requests},
		{"platform", "terraform-state", states},
		{"platform", "environments", environments},
		{"command", "path", inPath},
		{"command", "completion", completion},
	}
}

// Names lists the checks in the order in which [Run] gives them.
func Names() []string {
	all := probes()
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = p.name
	}
	return names
}

// Run makes all checks at once and returns what they found, in the order of
// their groups. A check that gets no answer in 15 seconds has failed. The error
// is that of ctx.
func Run(ctx context.Context, m Machine) ([]Check, error) {
	seen := &machine{Machine: m}
	if !within(ctx, patience, func(ctx context.Context) { seen.open(ctx) }) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return []Check{{
			Group: "files", Name: "home", State: Failed, Detail: fmt.Sprintf("no answer from the file system in %s", patience),
			Mend: "see whether the file system of the home directory answers",
		}}, nil
	}
	all := probes()
	findings := make([]chan []Check, len(all))
	for i, p := range all {
		findings[i] = make(chan []Check, 1)
		go func() { findings[i] <- p.run(ctx, seen) }()
	}
	var checks []Check
	for i := range all {
		checks = append(checks, <-findings[i]...)
	}
	return checks, ctx.Err()
}

// run looks, for as long as patience lasts. What hangs in the file system cannot
// be ended: it is left behind.
func (p probe) run(ctx context.Context, m *machine) []Check {
	var found []Check
	result := make(chan []Check, 1)
	if within(ctx, patience, func(ctx context.Context) { result <- p.look(ctx, m) }) {
		found = <-result
	} else {
		found = []Check{{State: Failed, Detail: fmt.Sprintf("no answer in %s", patience)}}
	}
	for i := range found {
		found[i].Group, found[i].Name = p.group, p.name
	}
	return found
}

// within reports whether do ended in time.
func within(ctx context.Context, limit time.Duration, do func(context.Context)) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do(ctx)
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// machine is a Machine with what several checks need, read once.
type machine struct {
	Machine
	home        platform.Home
	homeErr     error
	settings    platform.Settings
	settingsErr error
	place       // of the platform
}

func ok(format string, a ...any) Check { return Check{State: OK, Detail: fmt.Sprintf(format, a...)} }

func skipped(format string, a ...any) Check {
	return Check{State: Skipped, Detail: fmt.Sprintf(format, a...)}
}

func warning(format string, a ...any) Check {
	return Check{State: Warning, Detail: fmt.Sprintf(format, a...)}
}

func failed(format string, a ...any) Check {
	return Check{State: Failed, Detail: fmt.Sprintf(format, a...)}
}

// failure is a check that found the error that commands end with.
func failure(err error) Check { return Check{State: Failed, Detail: err.Error(), Err: err} }

// mend says how what was found is mended.
func (c Check) mend(text, command string) Check {
	c.Mend, c.Command = text, command
	return c
}

// shell quotes words for a POSIX shell where they have to be, and joins them.
func shell(words ...string) string {
	for i, word := range words {
		if word == "" || strings.ContainsFunc(word, func(r rune) bool {
			return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@%,", r)
		}) {
			words[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}
