package provider

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// block keeps others from writing to a table of the server's catalog, so that
// a statement hangs just where it does. It returns how to end that.
func block(t *testing.T, table string) (release func()) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), pg.config("postgres", pg.password, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{"BEGIN", "LOCK TABLE " + table + " IN EXCLUSIVE MODE"} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return func() { _ = conn.Close(t.Context()) }
}

// waiting blocks until the provider's statement that begins like this hangs.
func waiting(t *testing.T, statement string) {
	t.Helper()
	for range 200 {
		if ask(t, "postgres", `select count(*)::text from pg_stat_activity
			where application_name = 'platformctl' and wait_event_type = 'Lock' and query like $1`, statement+"%") != "0" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("no %s was waiting after 10 s", statement)
}

// begin starts an apply; end waits for it and returns what it said.
func (w *workspace) begin() (cmd *exec.Cmd, end func() (code int, out string)) {
	w.t.Helper()
	cmd = w.command("apply", "-auto-approve", "-input=false")
	stop := w.serve(cmd)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return cmd, func() (int, string) {
		w.t.Helper()
		_ = cmd.Wait()
		begun := time.Now()
		stop()
		if took := time.Since(begun); took > endGrace+3*time.Second {
			w.t.Errorf("stopping the provider took %s", took)
		}
		return cmd.ProcessState.ExitCode(), out.String()
	}
}

// idle fails when the provider still does something on the server.
func idle(t *testing.T) {
	t.Helper()
	const count = `select count(*)::text from pg_stat_activity where application_name = 'platformctl'`
	for range 100 {
		if ask(t, "postgres", count) == "0" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the provider's connections are still there after 5 s")
}

func TestCancelled(t *testing.T) {
	for about, at := range map[string]struct {
		table, statement string
		mirror           bool
	}{
		"creating the role":            {"pg_authid", "CREATE ROLE", false},
		"creating the role, by mirror": {"pg_authid", "CREATE ROLE", true},
		"marking the role":             {"pg_shdescription", "COMMENT ON ROLE", false},
		"creating the database":        {"pg_database", "CREATE DATABASE", false},
	} {
		t.Run(about, func(t *testing.T) {
			w, name := newWorkspace(t)
			w.mirror = at.mirror
			w.write(databaseConfig(name, ""))
			release := block(t, at.table)
			defer release()
			cmd, end := w.begin()
			waiting(t, at.statement)
			_ = cmd.Process.Signal(os.Interrupt) // without which it would wait for ever
			code, out := end()
			if code != 1 {
				t.Errorf("apply = %d, want 1:\n%s", code, out)
			}
			wantWords(t, out, Cancelled+" while creating")
			idle(t)
			if strings.HasSuffix(at.statement, "ROLE") && roleExists(t, name) {
				t.Error("there is a role without a mark")
			}
			release()
			w.apply()
			w.unchanged()
		})
	}
}

// TestDiedBetweenCreateAndComment leaves a database without a mark, which only
// its owner tells to be ours.
func TestDiedBetweenCreateAndComment(t *testing.T) {
	for signal, how := range map[string]os.Signal{"interrupt": os.Interrupt, "kill": syscall.SIGKILL} {
		t.Run(signal, func(t *testing.T) {
			w, name := newWorkspace(t)
			w.write(roleConfig(name, ""))
			w.apply()
			w.write(databaseConfig(name, `extensions = ["citext"]`))
			release := block(t, "pg_shdescription")
			defer release()
			cmd, end := w.begin()
			waiting(t, "COMMENT ON DATABASE")
			_ = cmd.Process.Signal(how)
			end()
			idle(t)
			release()
			if got := ask(t, "postgres", `select coalesce(shobj_description(oid, 'pg_database'), 'none')
				from pg_database where datname = $1`, name); got != "none" {
				t.Fatalf("comment = %q, so the test shows nothing", got)
			}
			w.apply()
			w.unchanged()
		})
	}
}

func TestTerraformKilled(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, ""))
	release := block(t, "pg_authid")
	defer release()
	cmd, end := w.begin()
	waiting(t, "CREATE ROLE")
	_ = cmd.Process.Kill()
	end()
	idle(t)
	release()
	if roleExists(t, name) {
		t.Error("the role was created after Terraform died")
	}
	w.apply()
	w.unchanged()
}

// TestTwoAtOnce lets two runs that know nothing of each other make the same.
func TestTwoAtOnce(t *testing.T) {
	first, name := newWorkspace(t)
	second, _ := newWorkspace(t)
	second.mark, second.secrets = first.mark, first.secrets
	for _, w := range []*workspace{first, second} {
		w.write(databaseConfig(name, `extensions = ["citext"]`))
	}
	release := block(t, "pg_authid")
	defer release()
	_, endFirst := first.begin()
	_, endSecond := second.begin()
	waiting(t, "CREATE ROLE")
	release()
	codeFirst, outFirst := endFirst()
	codeSecond, outSecond := endSecond()
	if codeFirst+codeSecond > 1 {
		t.Errorf("both failed:\n%s\n%s", outFirst, outSecond)
	}
	for _, w := range []*workspace{first, second} {
		w.apply()
		w.unchanged()
	}
}
