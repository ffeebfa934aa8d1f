package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/catalog"
	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/strictyaml"
	"github.com/platformctl/platformctl/internal/terraform"
	"github.com/platformctl/platformctl/internal/ui"
)

// testApp is an App with a home of its own and no terminal.
func testApp(t *testing.T) (app *App, stdout, stderr *bytes.Buffer) {
	t.Helper()
	home := t.TempDir()
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	env := map[string]string{"PLATFORMCTL_HOME": filepath.Join(home, "pctl"), "HOME": home}
	streams := ui.Streams{In: strings.NewReader(""), Out: stdout, Err: stderr}
	return &App{
		Build: Build{Version: "v0.0.0-test"}, IO: streams, Prompt: ui.NewPlain(streams),
		Now:     func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) },
		NewID:   func() string { return "01ARZ3NDEKTSV4RRFFQ69G5FAV" },
		Getenv:  func(key string) string { return env[key] },
		Environ: func() []string { return nil },
		Dir:     home, Hostname: "here",
		Executable: func() (string, error) { return "/nonexistent/platformctl", nil },
		TempDir:    func() (string, func(), error) { return t.TempDir(), func() {}, nil },
		Catalog:    catalog.FS,
	}, stdout, stderr
}

// leaves calls visit with every command that does something.
func leaves(cmd *cobra.Command, visit func(*cobra.Command)) {
	for _, sub := range cmd.Commands() {
		if sub.HasSubCommands() {
			leaves(sub, visit)
		} else if sub.IsAvailableCommand() && sub.Name() != "help" {
			visit(sub)
		}
	}
}

func TestHelpTexts(t *testing.T) {
	for _, name := range []string{"platformctl", "request", "resource-env", "resource-destroy", "init", "local-reset"} {
		if helpText(name) == "" {
			t.Errorf("there is no text %q", name)
		}
	}
	for _, topic := range helpTopics {
		if helpText(topic[0]) == "" {
			t.Errorf("there is no text on %q", topic[0])
		}
	}
}

// TestExplain is the table of exit codes and hints.
func TestExplain(t *testing.T) {
	unknown := &platform.UnknownError{What: "team", Name: "chekout", Known: []string{"checkout"}}
	foreign := &terraform.RunError{Verb: "apply", Diagnostics: []terraform.Diagnostic{{Summary: "role " + provider.NotManaged}}}
	tests := map[string]struct {
		err  error
		code int
		hint string
	}{
		"plain":           {errors.New("broken"), exitFailed, ""},
		"usage":           {usagef("NAME is missing"), exitUsage, ""},
		"missing":         {&request.MissingError{Field: "tier"}, exitUsage, "--tier"},
		"name":            {&platform.NameError{Field: "team"}, exitUsage, "lower-case"},
		"unknown":         {unknown, exitUsage, `did you mean "checkout"`},
		"capability":      {&capability.UnknownError{What: "capability", Name: "db", Known: []string{"database"}}, exitUsage, "database"},
		"input":           {&capability.InputError{Field: "sze", Known: []string{"size"}}, exitUsage, `"size"`},
		"locked":          {&capability.LockedError{Field: "size", Tier: "production"}, exitUsage, "production"},
		"placement":       {&platform.PlacementError{Tier: "x"}, exitUsage, "--env"},
		"file":            {&strictyaml.Error{Field: "spec.ownr", Known: []string{"owner"}}, exitUsage, `"owner"`},
		"definition":      {&capability.DefinitionError{Problems: []capability.Problem{{}}}, exitUsage, "help formats"},
		"gate":            {&request.RefusedError{}, exitGate, ""},
		"check":           {&checkError{"2 things"}, exitGate, ""},
		"conflict":        {&request.ConflictError{Name: "x"}, exitConflict, "--name"},
		"other server":    {&movedServerError{}, exitConflict, "put the old server back"},
		"elsewhere":       {&request.ElsewhereError{Machine: "host-7"}, exitConflict, "host-7"},
		"dirty":           {&store.DirtyError{}, exitConflict, "commit or undo"},
		"branch":          {&store.BranchError{Branch: "main"}, exitConflict, "git switch main"},
		"locked ref":      {&store.LockedError{}, exitConflict, "remove the file"},
		"state":           {&terraform.StateDamagedError{Backup: "copy-7"}, exitConflict, "copy-7"},
		"foreign":         {foreign, exitConflict, "left untouched"},
		"unfinished":      {&request.UnfinishedError{Name: "x", Err: errors.New("broken")}, exitUnfinished, "same command again"},
		"and why":         {&request.UnfinishedError{Name: "x", Err: foreign}, exitUnfinished, "left untouched"},
		"declined":        {request.ErrDeclined, exitCancelled, ""},
		"cancelled":       {request.ErrCancelled, exitCancelled, ""},
		"interrupted":     {ui.ErrInterrupted, exitCancelled, ""},
		"context":         {fmt.Errorf("x: %w", context.Canceled), exitCancelled, ""},
		"no engine":       {&terraform.NotFoundError{}, exitUsage, "PLATFORMCTL_TERRAFORM"},
		"old engine":      {&terraform.TooOldError{}, exitUsage, "1.11"},
		"not executable":  {&terraform.NotExecutableError{}, exitUsage, "chmod"},
		"no server":       {&postgres.NotFoundError{}, exitUsage, "PLATFORMCTL_POSTGRES_BIN"},
		"other version":   {&postgres.VersionMismatchError{Have: 14}, exitFailed, "PostgreSQL 14"},
		"port":            {&postgres.PortTakenError{Port: 5432}, exitFailed, "port"},
		"home":            {&platform.HomeError{Path: "/x"}, exitUsage, "PLATFORMCTL_HOME"},
		"secrets":         {&secret.UnsafeError{Path: "/x"}, exitUsage, "chmod"},
		"identity":        {secret.ErrNoIdentity, exitFailed, "settings.yaml"},
		"disk full":       {fmt.Errorf("write: %w", syscall.ENOSPC), exitFailed, "disk is full"},
		"no server here":  {fmt.Errorf("check: %w", postgres.ErrUnsupported), exitUsage, "WSL"},
		"read-only":       {fmt.Errorf("write: %w", syscall.EROFS), exitUsage, "read-only"},
		"no permission":   {fmt.Errorf("mkdir: %w", syscall.EACCES), exitUsage, "owner and mode"},
		"moved":           {&movedError{name: "x", capability: "database"}, exitConflict, "up to date"},
		"gone":            {&goneError{name: "x", capability: "database"}, exitConflict, "empty"},
		"answer":          {&answerError{syscall.ENOSPC}, exitFailed, "is done"},
		"format":          {&ui.UnsupportedError{Format: "name"}, exitUsage, ""},
		"used id":         {&request.UsedIDError{}, exitConflict, "--request-id"},
		"journal":         {&request.DamagedError{Path: "x"}, exitConflict, "move it away"},
		"not from here":   {&notHereError{name: "x"}, exitConflict, "makes it here"},
		"no platform":     {store.ErrNoPlatform, exitUsage, "platformctl init"},
		"no history":      {fmt.Errorf("%q: %w", "/x", store.ErrNotRepository), exitUsage, "put .git back"},
		"nobody to ask":   {ui.ErrNoInput, exitUsage, "flags"},
		"untrusted":       {&platform.UntrustedError{}, exitUsage, "--platform"},
		"module":          {&terraform.ModuleError{}, exitUsage, "owner"},
		"unfinished disk": {&request.UnfinishedError{Err: syscall.ENOSPC}, exitUnfinished, "disk is full"},
	}
	app, _, _ := testApp(t)
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			got := app.explain(test.err)
			if got.Code != test.code || !strings.Contains(got.Hint, test.hint) || test.hint == "" && got.Hint != "" {
				t.Errorf("explain(%v) = %+v, want code %d and hint %q", test.err, got, test.code, test.hint)
			}
			if got.Code != exitCancelled && got.Error != test.err.Error() {
				t.Errorf("error = %q", got.Error)
			}
		})
	}
}

func TestReportIsOneObjectInJSON(t *testing.T) {
	app, stdout, stderr := testApp(t)
	code := Main(t.Context(), []string{"request", "databse", "--auto-approve", "-o", "json"}, app)
	var got explanation
	if err := json.Unmarshal(stderr.Bytes(), &got); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if code != exitUsage || got.Code != exitUsage || !strings.Contains(got.Hint, "database") || stdout.Len() > 0 {
		t.Errorf("exit %d, %+v, stdout %q", code, got, stdout)
	}
}

// TestReportEscapes shows what came from outside without letting it drive the
// terminal.
func TestReportEscapes(t *testing.T) {
	app, _, stderr := testApp(t)
	code := Main(t.Context(), []string{"resource", "show", "x\x1b[2J\x07\u202e"}, app)
	if code != exitUsage || strings.ContainsAny(stderr.String(), "\x1b\x07\u202e") {
		t.Errorf("exit %d, stderr %q", code, stderr)
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"development", "production", "staging"}
	for typed, want := range map[string]string{
		"prod": `did you mean "production"?`, "prodution": `did you mean "production"?`,
		"Staging": `did you mean "staging"?`, "zzzzzzzz": "known are: development, production, staging",
	} {
		if got := suggest(typed, known); got != want {
			t.Errorf("suggest(%q) = %q, want %q", typed, got, want)
		}
	}
	if got := suggest("x", nil); got != "" {
		t.Errorf("suggest without known = %q", got)
	}
}

func TestShellQuote(t *testing.T) {
	for in, want := range map[string]string{
		"": "''", "plain": "'plain'", "it's": `'it'\''s'`, "$(id) `id` \n": "'$(id) `id` \n'",
	} {
		if got := shellQuote(in); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestPick(t *testing.T) {
	names := []string{"shop", "shop-postgresql", "search-postgresql"}
	for name, want := range map[string]string{"shop": "shop", "shop-": "shop-postgresql", "se": "search-postgresql"} {
		if got, err := pickName(names, name); err != nil || got != want {
			t.Errorf("pickName(%q) = %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"", "s", "none"} {
		if got, err := pickName(names, name); err == nil {
			t.Errorf("pickName(%q) = %q", name, got)
		}
	}
}
