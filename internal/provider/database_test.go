package provider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// databaseConfig is a role and a database that it owns.
func databaseConfig(name, more string) string {
	return roleConfig(name, "") + fmt.Sprintf(`
resource "platformctl_postgresql_database" "it" {
  name  = %q
  owner = platformctl_postgresql_role.it.name
  %s
}
output "host" { value = platformctl_postgresql_database.it.host }
output "port" { value = platformctl_postgresql_database.it.port }
`, name, more)
}

func TestDatabaseLifecycle(t *testing.T) {
	eachWay(t, func(t *testing.T, w *workspace, name string) {
		w.write(databaseConfig(name, `extensions = ["citext", "uuid-ossp"]`))
		out := w.apply()
		wantWords(t, out, `host = "127.0.0.1"`, fmt.Sprintf("port = %d", pg.port))
		w.unchanged()
		owner := connect(t, name, w.secretOf("test/"+name), name)
		if _, err := owner.Exec(t.Context(), "CREATE TABLE t (x citext, y uuid default uuid_generate_v4())"); err != nil {
			t.Errorf("the owner cannot use its database: %v", err)
		}

		// The default of the table uses the extension.
		w.write(databaseConfig(name, `extensions = ["citext", "pgcrypto"]`))
		w.applyFails(fmt.Sprintf("an extension of database %q cannot be dropped", name), "default value for column y of table t")
		w.write(databaseConfig(name, `extensions = ["citext", "uuid-ossp"]`))
		w.unchanged()

		if _, err := owner.Exec(t.Context(), "DROP TABLE t"); err != nil {
			t.Fatal(err)
		}
		w.write(databaseConfig(name, `
			extensions       = ["citext", "pgcrypto"]
			connection_limit = 9`))
		w.drifted(`- "uuid-ossp"`, `+ "pgcrypto"`, "connection_limit = -1 -> 9")

		// The owner is still connected, as a pool would be.
		w.ok("destroy", "-auto-approve")
		if databaseExists(t, name) || roleExists(t, name) {
			t.Error("something is left after destroy")
		}
	})
}

func TestDatabaseIsClosedToOthers(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, ""))
	w.apply()
	admin(t, "postgres", "CREATE ROLE "+name+"_b LOGIN PASSWORD 'theirs'")
	enter := func() error {
		conn, err := pgx.ConnectConfig(t.Context(), pg.config(name+"_b", "theirs", name))
		if err == nil {
			_ = conn.Close(t.Context())
		}
		return err
	}
	if err := enter(); !isCode(err, "42501") {
		t.Errorf("another role connects with %v, want a refusal", err)
	}
	admin(t, "postgres", "GRANT CONNECT ON DATABASE "+name+" TO PUBLIC")
	if err := enter(); err != nil {
		t.Errorf("the check does not see an open database: %v", err)
	}
	w.drifted("public = true -> false")
	if err := enter(); !isCode(err, "42501") {
		t.Errorf("another role connects with %v, want a refusal", err)
	}
}

func TestDatabaseDrift(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, `
		extensions       = ["citext"]
		connection_limit = 5`))
	w.apply()
	admin(t, "postgres", "CREATE ROLE "+name+"_b")
	for _, drift := range []struct {
		database, change string
		words            []string
	}{
		{"postgres", "ALTER DATABASE %s CONNECTION LIMIT 20", []string{"connection_limit = 20 -> 5"}},
		{"postgres", "ALTER DATABASE %s ALLOW_CONNECTIONS false", []string{"accessible = false -> true"}},
		{"postgres", "ALTER DATABASE %[1]s OWNER TO %[1]s_b", []string{name + "_b", "-> \"" + name + "\""}},
		{name, "DROP EXTENSION citext", []string{`+ "citext"`}},
		{"postgres", "DROP DATABASE %s", []string{"1 to add"}},
		{"postgres", "UPDATE pg_database SET datconnlimit = -2 WHERE datname = '%s'", []string{"1 to add"}},
	} {
		t.Run(drift.change, func(t *testing.T) {
			change := drift.change
			if strings.Contains(change, "%") {
				change = fmt.Sprintf(change, name)
			}
			admin(t, drift.database, change)
			w.drifted(drift.words...)
		})
	}
}

// TestDestroyAfterServerDied destroys again after the server died while it was
// dropping the database: the state no longer has it, and the role still owns it.
func TestDestroyAfterServerDied(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, ""))
	w.apply()
	admin(t, "postgres", fmt.Sprintf("UPDATE pg_database SET datconnlimit = -2 WHERE datname = '%s'", name))
	w.ok("destroy", "-auto-approve")
	left := ask(t, "postgres", `select count(*)::text from (select datname from pg_database
		union all select rolname from pg_roles) n (name) where name = $1`, name)
	if left != "0" {
		t.Errorf("%s things are left", left)
	}
}

// TestDatabaseOfTheOwnersOwn keeps what the team made itself.
func TestDatabaseKeepsOthersExtensions(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, `extensions = ["citext"]`))
	w.apply()
	admin(t, name, "CREATE EXTENSION hstore")
	w.unchanged()
	w.write(databaseConfig(name, ""))
	w.apply()
	w.unchanged()
	if got := ask(t, name, "select string_agg(extname, ' ' order by extname) from pg_extension"); got != "hstore plpgsql" {
		t.Errorf("extensions = %q, want %q", got, "hstore plpgsql")
	}
}

func TestExtensionBringsWhatItRequires(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, `extensions = ["earthdistance"]`))
	w.apply()
	w.unchanged()
	if got := ask(t, name, "select string_agg(extname, ' ' order by extname) from pg_extension"); got != "cube earthdistance plpgsql" {
		t.Errorf("extensions = %q, want %q", got, "cube earthdistance plpgsql")
	}
}

func TestExtensionNotOnOffer(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, `extensions = ["citext", "no-such", "timescale"]`))
	w.applyFails(`the server does not offer the extension "no-such", "timescale"`)
	if databaseExists(t, name) {
		t.Error("a database was made all the same")
	}
}

// TestExtensionIgnoresSettingsOfTheOwner: an owner can put settings on its
// database that every session in it begins with, ours too.
func TestExtensionIgnoresSettingsOfTheOwner(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, ""))
	w.apply()
	owner := connect(t, name, w.secretOf("test/"+name), name)
	for _, statement := range []string{
		"CREATE SCHEMA trap", "ALTER DATABASE " + name + " SET search_path = trap",
		"ALTER DATABASE " + name + " SET default_transaction_read_only = on",
	} {
		if _, err := owner.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	w.write(databaseConfig(name, `extensions = ["citext"]`))
	w.apply()
	if got := ask(t, name, "select extnamespace::regnamespace::text from pg_extension where extname = 'citext'"); got != "public" {
		t.Errorf("the extension went to schema %q, want %q", got, "public")
	}
}

func TestDatabaseAdoptedAfterLostState(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, "connection_limit = 5"))
	w.apply()
	admin(t, name, "CREATE TABLE kept AS SELECT 'yes'::text AS x")
	admin(t, "postgres", "ALTER DATABASE "+name+" CONNECTION LIMIT 50")
	w.forget()
	wantWords(t, w.apply(), "2 added")
	w.unchanged()
	if got := ask(t, name, "select x from kept"); got != "yes" {
		t.Errorf("kept = %q", got)
	}
}

func TestForeignDatabaseRefused(t *testing.T) {
	for about, statements := range map[string][]string{
		"of another role": {"CREATE DATABASE %[1]s"},
		"with a comment":  {"CREATE ROLE %[1]s", "COMMENT ON ROLE %[1]s IS '%[2]s'", "CREATE DATABASE %[1]s OWNER %[1]s", "COMMENT ON DATABASE %[1]s IS 'theirs'"},
		"of our role, but not ours, without a comment": {"CREATE ROLE %[1]s", "CREATE ROLE %[1]s_b", "COMMENT ON ROLE %[1]s IS '%[2]s'", "CREATE DATABASE %[1]s OWNER %[1]s_b"},
	} {
		t.Run(about, func(t *testing.T) {
			w, name := newWorkspace(t)
			for _, statement := range statements {
				if strings.Contains(statement, "[2]") {
					statement = fmt.Sprintf(statement, name, w.mark)
				} else {
					statement = fmt.Sprintf(statement, name)
				}
				admin(t, "postgres", statement)
			}
			const look = `select d::text || coalesce(shobj_description(oid, 'pg_database'), '') from pg_database d where datname = $1`
			before := ask(t, "postgres", look, name)
			w.write(databaseConfig(name, ""))
			w.applyFails(fmt.Sprintf("database %q exists and "+NotManaged, name))
			if after := ask(t, "postgres", look, name); after != before {
				t.Errorf("the database changed from %q to %q", before, after)
			}
		})
	}
}

// TestForeignDatabaseOfItsOwnerRefused: the owner's name alone proves nothing,
// the owner has to be ours.
func TestForeignDatabaseOfItsOwnerRefused(t *testing.T) {
	w, name := newWorkspace(t)
	admin(t, "postgres", "CREATE ROLE "+name, "CREATE DATABASE "+name+" OWNER "+name)
	w.write(fmt.Sprintf(`
resource "platformctl_postgresql_database" "it" {
  name  = %[1]q
  owner = %[1]q
}`, name))
	w.applyFails(fmt.Sprintf("database %q exists and "+NotManaged, name))
}

func TestDatabaseThatLostItsMarkRefused(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, ""))
	w.apply()
	admin(t, "postgres", "DROP DATABASE "+name, "CREATE DATABASE "+name)
	admin(t, name, "CREATE TABLE precious (x int)")
	refusal := []string{fmt.Sprintf("database %q "+NotManaged, name)}
	w.fails(refusal, "plan")
	w.fails(refusal, "destroy", "-auto-approve")
	w.fails(refusal, "destroy", "-auto-approve", "-refresh=false")
	w.fails(refusal, "apply", "-auto-approve", "-refresh=false", "-replace=platformctl_postgresql_database.it")
	if got := ask(t, name, "select count(*)::text from precious"); got != "0" {
		t.Errorf("precious has %q rows", got)
	}
}

func TestDatabaseImport(t *testing.T) {
	w, name := newWorkspace(t)
	admin(t, "postgres", "CREATE ROLE "+name, "CREATE DATABASE "+name+" OWNER "+name)
	admin(t, name, "CREATE EXTENSION citext", "CREATE TABLE kept AS SELECT 'yes'::text AS x")
	w.write(databaseConfig(name, `extensions = ["citext", "pgcrypto"]`) + fmt.Sprintf(`
import {
  to = platformctl_postgresql_role.it
  id = %[1]q
}
import {
  to = platformctl_postgresql_database.it
  id = %[1]q
}`, name))
	w.drifted("2 to import, 0 to add, 2 to change", `+ "pgcrypto"`, "public = true -> false")
	if got := ask(t, name, "select x from kept"); got != "yes" {
		t.Errorf("kept = %q", got)
	}
}

func TestDatabaseOwnerChanges(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, ""))
	w.apply()
	w.write(strings.Replace(databaseConfig(name, ""), "role.it.name", "role.other.name", 1) + fmt.Sprintf(`
resource "platformctl_postgresql_role" "other" {
  name        = "%s_b"
  password_wo = "another"
}`, name))
	w.apply()
	w.unchanged()
	connect(t, name+"_b", "another", name)
	if _, err := pgx.ConnectConfig(t.Context(), pg.config(name, w.secretOf("test/"+name), name)); !isCode(err, "42501") {
		t.Errorf("the old owner connects with %v, want a refusal", err)
	}
	w.ok("destroy", "-auto-approve")
}

func TestDatabaseWithoutOwner(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(fmt.Sprintf(`
resource "platformctl_postgresql_database" "it" {
  name  = %q
  owner = "nobody_of_that_name"
}`, name))
	w.applyFails(`cannot be owned by "nobody_of_that_name"`, "Nothing was created")
	if databaseExists(t, name) {
		t.Error("a database was made all the same")
	}
}

// TestLimitedAdministrator works without a superuser, as clouds offer it.
func TestLimitedAdministrator(t *testing.T) {
	w, name := newWorkspace(t)
	limited := name + "_b"
	admin(t, "postgres", "CREATE ROLE "+limited+" LOGIN CREATEDB CREATEROLE PASSWORD 'limited'")
	t.Setenv("LIMITED", "limited")
	w.env = []string{"LIMITED=limited"}
	w.mirror = true // the environment of Terraform reaches the provider
	w.connection = map[string]any{"host": "127.0.0.1", "port": pg.port, "user": limited, "passwordEnv": "LIMITED"}
	w.write(databaseConfig(name, `
		extensions       = ["citext"]
		connection_limit = 5`))
	w.apply()
	w.unchanged()
	admin(t, "postgres", "ALTER ROLE "+name+" NOLOGIN", "ALTER DATABASE "+name+" CONNECTION LIMIT 6")
	w.drifted("login = false -> true", "connection_limit = 6 -> 5")
	w.ok("destroy", "-auto-approve")
}
