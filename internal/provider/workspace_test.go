package provider

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/platformctl/platformctl/internal/secret"
)

// workspace is a directory in which the real Terraform runs.
type workspace struct {
	t          *testing.T
	dir        string
	connection map[string]any
	secrets    string
	mark       string
	// mirror says that Terraform starts the provider; else it is in process.
	mirror bool
	// inline says that the connection stands in the configuration itself.
	inline bool
	env    []string
}

var names atomic.Int64

// newWorkspace returns a workspace and a name for what is made in it.
func newWorkspace(t *testing.T) (w *workspace, name string) {
	t.Helper()
	w = &workspace{
		t:       t,
		dir:     t.TempDir(),
		secrets: filepath.Join(t.TempDir(), "secrets"),
		mark:    "managed by platformctl: " + t.Name(),
		connection: map[string]any{
			"host": "127.0.0.1", "port": pg.port, "user": "postgres", "passwordFile": pg.passwordFile(),
		},
	}
	name = fmt.Sprintf("t%d", names.Add(1))
	t.Cleanup(func() { cleanUp(name) })
	return w, name
}

func cleanUp(name string) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, pg.config("postgres", pg.password, "postgres"))
	if err != nil {
		return
	}
	defer closing(conn)
	for _, suffix := range []string{"", "_b"} {
		_, _ = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+name+suffix+" WITH (FORCE)")
		_, _ = conn.Exec(ctx, "DROP ROLE IF EXISTS "+name+suffix)
	}
}

// write puts a configuration in place, with the provider block before it.
func (w *workspace) write(config string) {
	w.t.Helper()
	connection, err := json.Marshal(w.connection)
	if err != nil {
		w.t.Fatal(err)
	}
	file := filepath.Join(filepath.Dir(w.secrets), "connection.json")
	if w.inline {
		file = string(connection)
	} else {
		w.put(file, string(connection))
	}
	w.put(filepath.Join(w.dir, "main.tf"), fmt.Sprintf(`
terraform {
  required_providers {
    platformctl = { source = %q }
  }
}
provider "platformctl" {
  connection = %q
  secrets    = %q
  mark       = %q
}
%s`, Address, file, w.secrets, w.mark, config))
	if w.mirror {
		w.init()
	}
}

func (w *workspace) put(file, text string) {
	w.t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// init makes a mirror that holds the test binary as the provider.
func (w *workspace) init() {
	w.t.Helper()
	mirror := filepath.Join(filepath.Dir(w.secrets), "mirror")
	dir := filepath.Join(mirror, filepath.FromSlash(Address), Version, runtime.GOOS+"_"+runtime.GOARCH)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	err = os.Symlink(self, filepath.Join(dir, "terraform-provider-platformctl_v"+Version))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		w.t.Fatal(err)
	}
	w.ok("init", "-plugin-dir="+mirror)
}

// command is a Terraform command that nothing of this environment reaches.
func (w *workspace) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(w.t.Context(), "terraform", append(args, "-no-color")...)
	cmd.Dir = w.dir
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
	}, w.env...)
	return cmd
}

// serve adds a provider to a command and returns how to stop it.
func (w *workspace) serve(cmd *exec.Cmd) (stop func()) {
	w.t.Helper()
	if w.mirror {
		return func() {}
	}
	reattach, stop, err := InProcess(w.t.Context(), Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "TF_REATTACH_PROVIDERS="+string(reattach))
	return stop
}

// run returns the exit code and all that Terraform said.
func (w *workspace) run(args ...string) (code int, out string) {
	w.t.Helper()
	cmd := w.command(args...)
	defer w.serve(cmd)()
	text, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

func (w *workspace) ok(args ...string) string {
	w.t.Helper()
	code, out := w.run(args...)
	if code != 0 {
		w.t.Fatalf("terraform %v = %d:\n%s", args, code, out)
	}
	return out
}

func (w *workspace) apply() string {
	w.t.Helper()
	return w.ok("apply", "-auto-approve", "-input=false")
}

// fails runs a command that must fail and say all of these, whatever the
// lines they are wrapped into.
func (w *workspace) fails(words []string, args ...string) {
	w.t.Helper()
	code, out := w.run(args...)
	if code != 1 {
		w.t.Errorf("terraform %v = %d, want 1:\n%s", args, code, out)
	}
	wantWords(w.t, out, words...)
}

func wantWords(t *testing.T, out string, words ...string) {
	t.Helper()
	flat := strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(out)), " ")
	for _, word := range words {
		if !strings.Contains(flat, word) {
			t.Errorf("%q is not in:\n%s", word, out)
		}
	}
}

// applyFails applies what must fail.
func (w *workspace) applyFails(words ...string) {
	w.t.Helper()
	w.fails(words, "apply", "-auto-approve", "-input=false")
}

// unchanged checks that a plan, with refresh, finds nothing to do.
func (w *workspace) unchanged() {
	w.t.Helper()
	if code, out := w.run("plan", "-detailed-exitcode"); code != 0 {
		w.t.Errorf("terraform plan = %d, want 0:\n%s", code, out)
	}
}

// drifted checks that a plan shows all of these words as changes, that
// applying mends it, and that the plan is empty afterwards.
func (w *workspace) drifted(words ...string) {
	w.t.Helper()
	code, out := w.run("plan", "-detailed-exitcode")
	if code != 2 {
		w.t.Errorf("terraform plan = %d, want 2:\n%s", code, out)
	}
	wantWords(w.t, out, words...)
	w.apply()
	w.unchanged()
}

// secretOf returns the generated password.
func (w *workspace) secretOf(ref string) string {
	w.t.Helper()
	store, err := secret.Open(w.secrets, "")
	if err != nil {
		w.t.Fatal(err)
	}
	value, err := store.Get(ref)
	if err != nil {
		w.t.Fatal(err)
	}
	return value
}

// forget loses the state.
func (w *workspace) forget() {
	w.t.Helper()
	if err := os.Remove(filepath.Join(w.dir, "terraform.tfstate")); err != nil {
		w.t.Fatal(err)
	}
}

// holding returns the files below the workspace that hold a text, those
// inside of plan files included.
func (w *workspace) holding(text string) (files []string) {
	w.t.Helper()
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(data, []byte(text)) {
			files = append(files, path)
		}
		inside, err := holdingInside(data, text)
		for _, name := range inside {
			files = append(files, path+"/"+name)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return files
}

// holdingInside looks into a plan file, which is a zip; other files have
// nothing inside.
func holdingInside(data []byte, text string) (names []string, err error) {
	if !bytes.HasPrefix(data, []byte("PK\x03\x04")) {
		return nil, nil
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	for _, f := range archive.File {
		data, err := fs.ReadFile(archive, f.Name)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(data, []byte(text)) {
			names = append(names, f.Name)
		}
	}
	return names, nil
}

// admin runs statements as the administrator, outside of Terraform.
func admin(t *testing.T, database string, statements ...string) {
	t.Helper()
	conn := connect(t, "postgres", pg.password, database)
	defer closing(conn)
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// ask returns the one text that a query answers with.
func ask(t *testing.T, database, query string, args ...any) (answer string) {
	t.Helper()
	conn := connect(t, "postgres", pg.password, database)
	defer closing(conn)
	if err := conn.QueryRow(t.Context(), query, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

func connect(t *testing.T, user, password, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), pg.config(user, password, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(conn) })
	return conn
}

// closing closes a connection that may be gone already.
func closing(conn *pgx.Conn) { _ = conn.Close(context.Background()) }

// roleExists and databaseExists look at the server.
func roleExists(t *testing.T, name string) bool {
	t.Helper()
	return ask(t, "postgres", "select count(*)::text from pg_roles where rolname = $1", name) == "1"
}

func databaseExists(t *testing.T, name string) bool {
	t.Helper()
	return ask(t, "postgres", "select count(*)::text from pg_database where datname = $1", name) == "1"
}
