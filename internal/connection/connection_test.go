package connection

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

func TestParse(t *testing.T) {
	for about, test := range map[string]struct {
		text string
		want Server
	}{
		"least": {
			`{"host": "127.0.0.1", "port": 5432, "user": "postgres"}`,
			Server{Host: "127.0.0.1", Port: 5432, User: "postgres", Database: "postgres", SSLMode: "disable"},
		},
		"elsewhere": {
			`{"host": "db.example.com", "port": 5432, "user": "a b", "database": "ops", "passwordEnv": "SECRET"}`,
			Server{Host: "db.example.com", Port: 5432, User: "a b", Database: "ops", PasswordEnv: "SECRET", SSLMode: "verify-full"},
		},
		"relative paths": {
			`{"host": "::1", "port": 1, "user": "x", "passwordFile": "password", "sslmode": "verify-ca", "sslrootcert": "ca/root.crt"}`,
			Server{
				Host: "::1", Port: 1, User: "x", Database: "postgres", PasswordFile: "/etc/pg/password",
				SSLMode: "verify-ca", SSLRootCert: "/etc/pg/ca/root.crt",
			},
		},
		"socket": {
			`{"host": "/run/my postgres", "port": 5432, "user": "x", "passwordFile": "/p"}`,
			Server{Host: "/run/my postgres", Port: 5432, User: "x", Database: "postgres", PasswordFile: "/p", SSLMode: "disable"},
		},
	} {
		t.Run(about, func(t *testing.T) {
			got, err := Parse("/etc/pg/connection.json", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
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
		"B95_database_as_string": {"database", "mydb host=evil"},
		"B95_database_as_URL":    {"database", "mydb?host=evil"},
		"B97_database_quoted":    {"database", `a"b`},
		"B95_user_as_string":     {"user", "u password=x"},
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
			c, err := Parse("c.json", text)
			if got := fieldOf(err); got != test.field {
				t.Errorf("Parse(%s) = %+v, %v, want an error about %s", text, c, err, test.field)
			}
		})
	}
	for _, text := range []string{
		``, `{}`, `[]`, `null`, `{"host": "h", "port": "5432", "user": "u"}`, `{"host": "h", "port": 1, "user": "u", "password": "x"}`,
		`{"host": "h", "port": 1, "user": "u", "passwordFile": "a", "passwordEnv": "B"}`, `{"host": "h", "host": "evil", "port": 1, "user": "u"}`,
		`{"host": "h", "port": 1, "user": "u"} {}`, `postgres://h/db`, `{"host": "h", "port": 1e99, "user": "u"}`,
	} {
		if c, err := Parse("c.json", []byte(text)); err == nil {
			t.Errorf("Parse(%s) = %+v, want an error", text, c)
		}
	}
}

// fieldOf returns the field that an error names.
func fieldOf(err error) string {
	if refused, ok := errors.AsType[*FieldError](err); ok {
		return refused.Field
	}
	if malformed, ok := errors.AsType[*strictyaml.Error](err); ok {
		return malformed.Field
	}
	return ""
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"host": "127.0.0.1", "port": 5432, "user": "postgres", "passwordFile": "p", "sslmode": "disable"}`))
	f.Add([]byte(`{"host": "h1,evil", "port": 5432, "user": "postgres"}`))
	f.Add([]byte(`{"host": "/tmp", "port": 65535, "user": "a\u0000b"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse("/c/connection.json", text)
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

func TestTLS(t *testing.T) {
	c := Server{Host: "db.example.com", SSLMode: SSLVerifyFull}
	got, err := c.TLS()
	if err != nil || got.InsecureSkipVerify || got.ServerName != "db.example.com" {
		t.Errorf("verify-full = %+v, %v", got, err)
	}
	c.SSLMode = SSLVerifyCA
	got, err = c.TLS()
	if err != nil || got.VerifyConnection == nil {
		t.Errorf("verify-ca does not verify: %+v, %v", got, err)
	}
	c.SSLRootCert = filepath.Join(t.TempDir(), "root.crt")
	if err := os.WriteFile(c.SSLRootCert, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.TLS(); err == nil {
		t.Error("a root certificate file without a certificate is accepted")
	}
	c = Server{Host: "/run/postgresql", SSLMode: SSLRequire}
	if got, err := c.TLS(); got != nil || err != nil {
		t.Errorf("a unix socket with TLS: %+v, %v", got, err)
	}
}
