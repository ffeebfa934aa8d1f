package provider

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

func TestParseConnection(t *testing.T) {
	for about, test := range map[string]struct {
		text string
		want connection
	}{
		"least": {
			`{"host": "127.0.0.1", "port": 5432, "user": "postgres"}`,
			connection{Host: "127.0.0.1", Port: 5432, User: "postgres", Database: "postgres", SSLMode: "disable"},
		},
		"elsewhere": {
			`{"host": "db.example.com", "port": 5432, "user": "a b", "database": "ops", "passwordEnv": "SECRET"}`,
			connection{Host: "db.example.com", Port: 5432, User: "a b", Database: "ops", PasswordEnv: "SECRET", SSLMode: "verify-full"},
		},
		"relative paths": {
			`{"host": "::1", "port": 1, "user": "x", "passwordFile": "password", "sslmode": "verify-ca", "sslrootcert": "ca/root.crt"}`,
			connection{
				Host: "::1", Port: 1, User: "x", Database: "postgres", PasswordFile: "/etc/pg/password",
				SSLMode: "verify-ca", SSLRootCert: "/etc/pg/ca/root.crt",
			},
		},
		"socket": {
			`{"host": "/run/my postgres", "port": 5432, "user": "x", "passwordFile": "/p"}`,
			connection{Host: "/run/my postgres", Port: 5432, User: "x", Database: "postgres", PasswordFile: "/p", SSLMode: "disable"},
		},
	} {
		t.Run(about, func(t *testing.T) {
			got, err := parseConnection("/etc/pg/connection.json", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseConnectionRefuses(t *testing.T) {
	base := map[string]any{"host": "127.0.0.1", "port": 5432, "user": "postgres"}
	for about, test := range map[string]struct {
		field string
		value any
	}{
		"no host":                {"host", ""},
		"B95_two_hosts":          {"host", "h1,evil"},
		"B95_host_with_port":     {"host", "h1:5432"},
		"B95_host_as_string":     {"host", "h1 host=evil"},
		"B95_host_as_URL":        {"host", "postgres://evil"},
		"B95_host_with_user":     {"host", "x@evil"},
		"B95_host_with_query":    {"host", "h1?host=evil"},
		"B95_host_with_NUL":      {"host", "h1\x00"},
		"B95_relative_directory": {"host", "run/postgresql"},
		"B95_host_as_option":     {"host", "-h"},
		"B95_socket_with_NUL":    {"host", "/run\x00"},
		"no port":                {"port", 0},
		"port too big":           {"port", 65536},
		"port below":             {"port", -1},
		"no user":                {"user", ""},
		"B95_user_with_newline":  {"user", "a\nb"},
		"long user":              {"user", strings.Repeat("x", 64)},
		"B95_database_with_NUL":  {"database", "a\x00b"},
		"mode unknown":           {"sslmode", "on"},
		"B95_mode_unsafe":        {"sslmode", "prefer"},
		"B95_bad_variable":       {"passwordEnv", "A=B"},
		"B95_bad_file":           {"passwordFile", "a\x00b"},
		"bad certificate":        {"sslrootcert", "a\nb"},
	} {
		t.Run(about, func(t *testing.T) {
			fields := map[string]any{test.field: test.value}
			for k, v := range base {
				if _, set := fields[k]; !set {
					fields[k] = v
				}
			}
			text, err := json.Marshal(fields)
			if err != nil {
				t.Fatal(err)
			}
			c, err := parseConnection("c.json", text)
			if got := fieldOf(err); got != test.field {
				t.Errorf("parseConnection(%s) = %+v, %v, want an error about %s", text, c, err, test.field)
			}
		})
	}
	for _, text := range []string{
		``, `{}`, `[]`, `null`, `{"host": "h", "port": "5432", "user": "u"}`, `{"host": "h", "port": 1, "user": "u", "password": "x"}`,
		`{"host": "h", "port": 1, "user": "u", "passwordFile": "a", "passwordEnv": "B"}`, `{"host": "h", "host": "evil", "port": 1, "user": "u"}`,
		`{"host": "h", "port": 1, "user": "u"} {}`, `postgres://h/db`, `{"host": "h", "port": 1e99, "user": "u"}`,
	} {
		if c, err := parseConnection("c.json", []byte(text)); err == nil {
			t.Errorf("parseConnection(%s) = %+v, want an error", text, c)
		}
	}
}

// fieldOf returns the field that an error names.
func fieldOf(err error) string {
	if refused, ok := errors.AsType[*fieldError](err); ok {
		return refused.Field
	}
	if malformed, ok := errors.AsType[*strictyaml.Error](err); ok {
		return malformed.Field
	}
	return ""
}

func FuzzParseConnection(f *testing.F) {
	f.Add([]byte(`{"host": "127.0.0.1", "port": 5432, "user": "postgres", "passwordFile": "p", "sslmode": "disable"}`))
	f.Add([]byte(`{"host": "h1,evil", "port": 5432, "user": "postgres"}`))
	f.Add([]byte(`{"host": "/tmp", "port": 65535, "user": "a\u0000b"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseConnection("/c/connection.json", text)
		if err != nil {
			return
		}
		if c.Port < 1 || c.Port > 65535 || c.SSLMode == "" || c.User == "" || c.Database == "" {
			t.Errorf("%q is accepted as %+v", text, c)
		}
		if strings.Contains(c.Host, ",") && !filepath.IsAbs(c.Host) {
			t.Errorf("%q is accepted with hosts %q", text, c.Host)
		}
		for _, s := range []string{c.Host, c.User, c.Database, c.PasswordEnv, c.PasswordFile, c.SSLRootCert} {
			if strings.ContainsRune(s, 0) {
				t.Errorf("%q is accepted with a NUL byte", text)
			}
		}
	})
}

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
	clean, err := clientConfig(file, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	poison(t)
	if _, err := pgx.ParseConfig("host=127.0.0.1"); err == nil {
		t.Fatal("the environment is harmless, so the test shows nothing")
	}
	config, err := clientConfig(file, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fields(clean), fields(config)); diff != "" {
		t.Error(diff)
	}
	s := &server{file: file, getenv: os.Getenv}
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

func TestTLS(t *testing.T) {
	c := connection{Host: "db.example.com", SSLMode: sslVerifyFull}
	got, err := c.tls()
	if err != nil || got.InsecureSkipVerify || got.ServerName != "db.example.com" {
		t.Errorf("verify-full = %+v, %v", got, err)
	}
	c.SSLMode = sslVerifyCA
	got, err = c.tls()
	if err != nil || got.VerifyConnection == nil {
		t.Errorf("verify-ca does not verify: %+v, %v", got, err)
	}
	c.SSLRootCert = filepath.Join(t.TempDir(), "root.crt")
	if err := os.WriteFile(c.SSLRootCert, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.tls(); err == nil {
		t.Error("a root certificate file without a certificate is accepted")
	}
	c = connection{Host: "/run/postgresql", SSLMode: sslRequire}
	if got, err := c.tls(); got != nil || err != nil {
		t.Errorf("a unix socket with TLS: %+v, %v", got, err)
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
