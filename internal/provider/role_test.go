package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/platformctl/platformctl/internal/secret"
)

// roleConfig is a role with a generated password.
func roleConfig(name, more string) string {
	return fmt.Sprintf(`
ephemeral "platformctl_secret" "password" {
  ref = "test/%[1]s"
}
resource "platformctl_postgresql_role" "it" {
  name        = %[1]q
  password_wo = ephemeral.platformctl_secret.password.value
  %[2]s
}
`, name, more)
}

// eachWay runs a test both ways in which Terraform gets at the provider.
func eachWay(t *testing.T, test func(t *testing.T, w *workspace, name string)) {
	t.Helper()
	for way, mirror := range map[string]bool{"reattach": false, "mirror": true} {
		t.Run(way, func(t *testing.T) {
			w, name := newWorkspace(t)
			w.mirror = mirror
			test(t, w, name)
		})
	}
}

func TestRoleLifecycle(t *testing.T) {
	eachWay(t, func(t *testing.T, w *workspace, name string) {
		w.write(roleConfig(name, "connection_limit = 5"))
		w.apply()
		w.unchanged()
		if got := ask(t, "postgres", "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = $1", name); got != w.mark {
			t.Errorf("comment = %q, want %q", got, w.mark)
		}
		password := w.secretOf("test/" + name)
		if got := whoami(t, name, password); got != name {
			t.Errorf("logged in as %q, want %q", got, name)
		}

		w.write(roleConfig(name, "connection_limit = 7"))
		w.drifted("connection_limit = 5 -> 7")
		if got := whoami(t, name, password); got != name {
			t.Errorf("logged in as %q after an update, want %q", got, name)
		}

		w.ok("destroy", "-auto-approve")
		if roleExists(t, name) {
			t.Error("the role is still there after destroy")
		}
		w.ok("destroy", "-auto-approve")
	})
}

func whoami(t *testing.T, user, password string) (name string) {
	t.Helper()
	conn := connect(t, user, password, "postgres")
	defer closing(conn)
	if err := conn.QueryRow(t.Context(), "select current_user").Scan(&name); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRoleDrift(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(roleConfig(name, "connection_limit = 5"))
	w.apply()
	for change, words := range map[string][]string{
		"ALTER ROLE %s CONNECTION LIMIT 20":         {"connection_limit = 20 -> 5"},
		"ALTER ROLE %s NOLOGIN":                     {"login = false -> true"},
		"ALTER ROLE %s SUPERUSER":                   {"privileged = true -> false"},
		"ALTER ROLE %s CREATEDB CREATEROLE":         {"privileged = true -> false"},
		"ALTER ROLE %s REPLICATION BYPASSRLS":       {"privileged = true -> false"},
		"ALTER ROLE %s NOLOGIN CONNECTION LIMIT -1": {"connection_limit = -1 -> 5", "login = false -> true"},
		"ALTER ROLE %s VALID UNTIL '2001-01-01'":    {"login = false -> true"},
		"ALTER ROLE %s PASSWORD 'other'":            {"password_intact = false -> true"},
		"ALTER ROLE %s PASSWORD NULL":               {"password_intact = false -> true"},
		"DROP ROLE %s":                              {"1 to add"},
	} {
		t.Run(change, func(t *testing.T) {
			admin(t, "postgres", fmt.Sprintf(change, name))
			w.drifted(words...)
			if got := whoami(t, name, w.secretOf("test/"+name)); got != name {
				t.Errorf("logged in as %q, want %q", got, name)
			}
		})
	}
}

func TestRolePasswordVersion(t *testing.T) {
	w, name := newWorkspace(t)
	config := func(password string, version int) string {
		return fmt.Sprintf(`
resource "platformctl_postgresql_role" "it" {
  name                = %q
  password_wo         = %q
  password_wo_version = %d
}`, name, password, version)
	}
	const first, second = "first @/?#'\\\" %", "second `$(x)` ~"
	w.write(config(first, 1))
	w.apply()
	whoami(t, name, first)

	w.write(config(first, 2))
	w.drifted("password_wo_version = 1 -> 2")
	whoami(t, name, first)

	// Another password is seen without another version: the server tells.
	w.write(config(second, 2))
	w.drifted("password_intact")
	whoami(t, name, second)
	if _, err := pgx.ConnectConfig(t.Context(), pg.config(name, first, "postgres")); err == nil {
		t.Error("the old password still works")
	}
}

func TestRoleAdoptedAfterLostState(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(roleConfig(name, "connection_limit = 5"))
	w.apply()
	w.forget()
	admin(t, "postgres",
		"ALTER ROLE "+name+" NOLOGIN CREATEDB CONNECTION LIMIT 99 PASSWORD 'other'")
	if out := w.apply(); !strings.Contains(out, "1 added") {
		t.Errorf("apply did not add the role:\n%s", out)
	}
	w.unchanged()
	whoami(t, name, w.secretOf("test/"+name))
	got := ask(t, "postgres", "select rolcreatedb::text || rolconnlimit::text from pg_roles where rolname = $1", name)
	if got != "false5" {
		t.Errorf("createdb and limit = %q, want %q", got, "false5")
	}
}

// fingerprint is all that there is to know about a role.
func fingerprint(t *testing.T, name string) string {
	t.Helper()
	return ask(t, "postgres", `select a::text || coalesce(shobj_description(oid, 'pg_authid'), '')
		from pg_authid a where rolname = $1`, name)
}

func TestForeignRoleRefused(t *testing.T) {
	for about, comment := range map[string]string{
		"no comment":      "NULL",
		"another comment": "'the billing team''s'",
	} {
		t.Run(about, func(t *testing.T) {
			w, name := newWorkspace(t)
			admin(t, "postgres", "CREATE ROLE "+name+" LOGIN PASSWORD 'theirs'", "COMMENT ON ROLE "+name+" IS "+comment)
			before := fingerprint(t, name)
			w.write(roleConfig(name, ""))
			w.applyFails(fmt.Sprintf("role %q exists and "+NotManaged, name), "left untouched")
			if after := fingerprint(t, name); after != before {
				t.Errorf("the role changed from %q to %q", before, after)
			}
			whoami(t, name, "theirs")
		})
	}
}

func TestRoleThatLostItsMarkRefused(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(roleConfig(name, ""))
	w.apply()
	admin(t, "postgres", "DROP ROLE "+name, "CREATE ROLE "+name+" LOGIN PASSWORD 'theirs'")
	before := fingerprint(t, name)
	refusal := []string{fmt.Sprintf("role %q "+NotManaged, name), "COMMENT ON ROLE \"" + name + "\" IS '" + w.mark + "'"}
	w.fails(refusal, "plan")
	w.applyFails(refusal...)
	w.fails(refusal, "destroy", "-auto-approve")
	w.fails(refusal, "destroy", "-auto-approve", "-refresh=false")
	if after := fingerprint(t, name); after != before {
		t.Errorf("the role changed from %q to %q", before, after)
	}

	// What the message offers brings it back, with the right password.
	admin(t, "postgres", "COMMENT ON ROLE "+name+" IS '"+w.mark+"'")
	w.drifted("password_intact = false -> true")
	whoami(t, name, w.secretOf("test/"+name))
}

func TestRoleMarkChangedInConfiguration(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(roleConfig(name, ""))
	w.apply()
	old := w.mark
	w.mark = "it's \\ another"
	w.write(roleConfig(name, ""))
	w.drifted(old, "->")
	if got := ask(t, "postgres", "select shobj_description(oid, 'pg_authid') from pg_roles where rolname = $1", name); got != w.mark {
		t.Errorf("comment = %q, want %q", got, w.mark)
	}
}

// TestDestroyOfAnotherMark has a state of something else: what it names is not
// destroyed.
func TestDestroyOfAnotherMark(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(roleConfig(name, ""))
	w.apply()
	w.mark = "another"
	w.write(roleConfig(name, ""))
	before := fingerprint(t, name)
	w.fails([]string{fmt.Sprintf("%q "+NotManaged, name), "another"}, "destroy", "-auto-approve")
	w.fails([]string{NotManaged}, "destroy", "-auto-approve", "-refresh=false")
	if after := fingerprint(t, name); after != before {
		t.Errorf("the role changed from %q to %q", before, after)
	}
	w.apply()
	w.ok("destroy", "-auto-approve")
	if n := ask(t, "postgres", "select count(*)::text from pg_roles where rolname = $1", name); n != "0" {
		t.Error("the role is still there")
	}
}

func TestRoleImport(t *testing.T) {
	w, name := newWorkspace(t)
	config := roleConfig(name, "password_wo_version = 1") + fmt.Sprintf(`
import {
  to = platformctl_postgresql_role.it
  id = %q
}`, name)
	w.write(config)
	w.fails([]string{"Cannot import non-existent remote object"}, "plan")

	admin(t, "postgres", "CREATE ROLE "+name+" CONNECTION LIMIT 3")
	w.drifted("1 to import, 0 to add, 1 to change", "connection_limit = 3 -> -1")
	whoami(t, name, w.secretOf("test/"+name))

	w.forget()
	admin(t, "postgres", "COMMENT ON ROLE "+name+" IS 'theirs'")
	w.fails([]string{NotManaged}, "plan")
	admin(t, "postgres", "COMMENT ON ROLE "+name+" IS NULL", "ALTER ROLE "+name+" SUPERUSER")
	w.fails([]string{"cannot be imported", "superuser"}, "plan")
}

func TestRoleThatOwnsSomethingStays(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(roleConfig(name, ""))
	w.apply()
	admin(t, "postgres", "CREATE DATABASE "+name+"_b", "GRANT CONNECT ON DATABASE "+name+"_b TO "+name)
	admin(t, name+"_b", "CREATE TABLE ledger (x int)", "ALTER TABLE ledger OWNER TO "+name)
	w.fails([]string{"cannot be dropped", "1 object in database " + name + "_b"}, "destroy", "-auto-approve")
	whoami(t, name, w.secretOf("test/"+name))

	admin(t, name+"_b", "DROP TABLE ledger")
	w.ok("destroy", "-auto-approve")
}

// TestPasswordIsNowhere looks for the real password in everything that a run
// leaves behind, a trace log of Terraform and the provider included.
func TestPasswordIsNowhere(t *testing.T) {
	eachWay(t, func(t *testing.T, w *workspace, name string) {
		w.env = []string{"TF_LOG=trace", "TF_LOG_PATH=" + filepath.Join(w.dir, "trace.log")}
		w.write(roleConfig(name, "password_wo_version = 1"))
		out := w.ok("plan", "-out=plan")
		out += w.ok("show", "-json", "plan")
		out += w.ok("apply", "plan")
		admin(t, "postgres", "DROP ROLE "+name)
		w.ok("plan", "-out=plan-again")
		out += w.ok("apply", "-json", "-auto-approve")
		out += w.ok("show", "-json")
		w.put(filepath.Join(w.dir, "output"), out)

		password := w.secretOf("test/" + name)
		if files := w.holding(password); files != nil {
			t.Errorf("the password is in %v", files)
		}
		if files := w.holding(name); len(files) < 5 {
			t.Errorf("only %v hold the name; the search does not see everything", files)
		}
		log, err := os.ReadFile(pg.logFile())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(log), password) {
			t.Error("the password is in the server's log")
		}
		if !strings.Contains(string(log), "PASSWORD 'SCRAM-SHA-256$") {
			t.Error("the server does not log the statements, so the test shows nothing")
		}
	})
}

// TestLostPassword loses the password from the secret store: the role gets the
// new one that the store makes.
func TestLostPassword(t *testing.T) {
	eachWay(t, func(t *testing.T, w *workspace, name string) {
		w.write(roleConfig(name, ""))
		w.apply()
		lost := w.secretOf("test/" + name)
		store, err := secret.Open(w.secrets, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := store.Delete("test/" + name); err != nil {
			t.Fatal(err)
		}
		w.drifted("password_intact")
		password := w.secretOf("test/" + name)
		if password == lost {
			t.Fatal("the password is the lost one")
		}
		if got := whoami(t, name, password); got != name {
			t.Errorf("logged in as %q", got)
		}
	})
}
