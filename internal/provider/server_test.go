package provider

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/platformctl/platformctl/internal/connection"
)

// poison sets every variable that a PostgreSQL client listens to, and a home
// directory whose files it would read.
func poison(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	files := map[string]string{
		".pgpass": "*:*:*:*:stolen\n", ".pg_service.conf": "[evil]\nhost=evil\nport=1\noptions=-c search_path=evil\n",
		".postgresql/root.crt": "no certificate", ".postgresql/postgresql.crt": "none", ".postgresql/postgresql.key": "none",
	}
	for name, text := range files {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"PGHOST": "evil,worse", "PGPORT": "1,2,3", "PGDATABASE": "evil", "PGUSER": "evil", "PGPASSWORD": "evil",
		"PGPASSFILE": filepath.Join(home, ".pgpass"), "PGAPPNAME": "evil", "PGCONNECT_TIMEOUT": "evil", "PGSSLMODE": "evil",
		"PGSSLKEY": "/evil", "PGSSLCERT": "/evil", "PGSSLCERTMODE": "require", "PGSSLSNI": "0", "PGSSLROOTCERT": "/evil",
		"PGSSLPASSWORD": "evil", "PGSSLNEGOTIATION": "direct", "PGTARGETSESSIONATTRS": "standby", "PGSERVICE": "evil",
		"PGSERVICEFILE": filepath.Join(home, ".pg_service.conf"), "PGTZ": "Evil/Evil", "PGOPTIONS": "-c search_path=evil",
		"PGMINPROTOCOLVERSION": "evil", "PGMAXPROTOCOLVERSION": "evil", "PGCHANNELBINDING": "require", "PGREQUIREAUTH": "none",
		"PGSYSCONFDIR": home, "PGHOSTADDR": "192.0.2.1", "PGGSSENCMODE": "require", "PGKRBSRVNAME": "evil",
	} {
		t.Setenv(name, value)
	}
}

// B90, B95: TestEnvironmentIsIgnored compares what is made of a connection file with and
// without an environment full of traps, and then connects.
func TestEnvironmentIsIgnored(t *testing.T) {
	file := filepath.Join(t.TempDir(), "connection.json")
	text, err := json.Marshal(map[string]any{
		"host": "127.0.0.1", "port": pg.port, "user": "postgres", "passwordFile": pg.passwordFile(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", t.TempDir()+"/it's a \\ directory")
	if err := os.Mkdir(os.TempDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	c, err := connection.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	clean, err := clientConfig(c, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	poison(t)
	if _, err := pgx.ParseConfig("host=127.0.0.1"); err == nil {
		t.Fatal("the environment is harmless, so the test shows nothing")
	}
	config, err := clientConfig(c, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fields(clean), fields(config)); diff != "" {
		t.Error(diff)
	}
	s := &server{connection: file, getenv: os.Getenv}
	err = s.use(t.Context(), "", func(conn *pgx.Conn) error {
		var path, zone string
		err := conn.QueryRow(t.Context(), "select current_setting('search_path'), current_setting('timezone')").Scan(&path, &zone)
		if path != "public" || zone == "Evil/Evil" {
			t.Errorf("search_path and timezone = %q, %q", path, zone)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left in the temporary directory: %v, %v", left, err)
	}
}

// fields are all of a configuration that can be compared.
func fields(c *pgx.ConnConfig) map[string]any {
	return map[string]any{
		"address": []any{c.Host, c.Port}, "database": c.Database, "user": c.User, "password": c.Password, "tls": c.TLSConfig,
		"timeout": c.ConnectTimeout, "params": c.RuntimeParams, "kerberos": []string{c.KerberosSrvName, c.KerberosSpn},
		"fallbacks": len(c.Fallbacks), "ssl": []string{c.SSLNegotiation, c.SSLCertMode}, "validate": c.ValidateConnect == nil,
		"protocol": []string{c.MinProtocolVersion, c.MaxProtocolVersion}, "auth": []string{c.ChannelBinding, c.RequireAuth},
	}
}

func TestServerTroubles(t *testing.T) {
	closed := freePort()
	for about, test := range map[string]struct {
		change map[string]any
		words  []string
	}{
		"down":                {map[string]any{"port": closed}, []string{Unreachable + " at 127.0.0.1:", "connection refused"}},
		"unknown host":        {map[string]any{"host": "no-such.invalid"}, []string{Unreachable + " at no-such.invalid:"}},
		"wrong password":      {map[string]any{"passwordFile": "/proc/version"}, []string{AccessDenied + ` of "postgres" at 127.0.0.1`, "password authentication failed"}},
		"no password":         {map[string]any{"passwordFile": ""}, []string{AccessDenied}},
		"wrong user":          {map[string]any{"user": "nobody"}, []string{AccessDenied + ` of "nobody"`}},
		"no such database":    {map[string]any{"database": "nowhere"}, []string{`cannot connect to database "nowhere"`, "does not exist"}},
		"no password file":    {map[string]any{"passwordFile": "/nowhere"}, []string{"cannot use the connection", "/nowhere: no such file"}},
		"not encrypted":       {map[string]any{"sslmode": "require"}, []string{Unreachable, "server refused TLS connection"}},
		"bad connection file": {map[string]any{"prot": 1}, []string{"cannot use the connection", `field "prot": unknown field`}},
	} {
		t.Run(about, func(t *testing.T) {
			w, name := newWorkspace(t)
			maps.Copy(w.connection, test.change)
			w.write(databaseConfig(name, ""))
			w.ok("plan") // asks nobody
			w.applyFails(test.words...)
		})
	}
}

func TestServerDownAfterwards(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(roleConfig(name, ""))
	w.apply()
	port := w.connection["port"]
	w.connection["port"] = freePort()
	w.write(roleConfig(name, ""))
	w.fails([]string{Unreachable}, "plan")
	w.connection["port"] = port
	w.write(roleConfig(name, ""))
	w.unchanged()
}
