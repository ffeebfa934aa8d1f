package e2e

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// badServers tries what can be wrong around a real PostgreSQL server.
func badServers(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "team", "add", "shop")
	defer func() { s.must(t, "local", "stop") }()
	again := strings.Fields(ask)
	t.Run("B96_password", func(t *testing.T) { s.keepsPassword(t, again) })
	t.Run("B90_client_environment", func(t *testing.T) {
		evil := s.with(
			"PGHOST", "h1,evil", "PGHOSTADDR", "192.0.2.1", "PGPORT", "1", "PGUSER", "evil", "PGPASSWORD", "evil", "PGDATABASE", "evil",
			"PGSERVICE", "evil", "PGSERVICEFILE", "/evil", "PGPASSFILE", "/evil", "PGOPTIONS", "-c search_path=evil", "PGSSLMODE", "evil",
		)
		if a := evil.must(t, again...); !strings.Contains(a.out, "unchanged") {
			t.Errorf("with a client's variables: %s", a.out)
		}
	})
	t.Run("B96_password_refused", func(t *testing.T) {
		write(t, filepath.Join(s.data(t), "secrets", "local", "other-postgresql", "password.plain"), "a\x1b[2J\nb")
		a := s.exec(t, "request", "database", "--tier=development", "--team=other", "--auto-approve")
		a.check(t, refusal{code: 1, says: []string{`secret "local/other-postgresql/password" is damaged`}, slow: true})
		if strings.Contains(a.err, "[2J") {
			t.Errorf("the password is shown: %s", a.err)
		}
	})
	t.Run("B100_server_says", func(t *testing.T) { s.hearsServer(t) })
	t.Run("M5_port_taken", func(t *testing.T) {
		port := s.port(t)
		s.must(t, "local", "stop")
		defer listen(t, port, 1)()
		a := s.must(t, again...)
		if moved := s.port(t); moved == port || !strings.Contains(a.err, "port "+strconv.Itoa(port)+" is taken") {
			t.Errorf("the server moved from %d to %d and said %q", port, moved, a.err)
		}
	})
	t.Run("M5_all_ports_taken", func(t *testing.T) {
		port := s.port(t)
		s.must(t, "local", "stop")
		stop := listen(t, port-1, 110)
		s.refuses(t, refusal{code: 1, says: []string{"port " + strconv.Itoa(port) + ".*taken", "hint: stop what listens there"}, slow: true}, func() answer {
			return s.exec(t, again...)
		})
		stop()
		s.must(t, again...)
	})
	t.Run("M6_data_of_another_version", func(t *testing.T) {
		s.must(t, "local", "stop")
		file := filepath.Join(s.data(t), "local", "postgresql", "data", "PG_VERSION")
		version, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, file, "13\n")
		for _, args := range [][]string{again, {"resource", "run", "shop-postgresql", "--", "true"}} {
			s.refuses(t, refusal{code: 1, says: []string{"data directory .* is of PostgreSQL 13", "hint: install PostgreSQL 13 again, .*local reset"}, slow: true}, func() answer {
				return s.exec(t, args...)
			})
		}
		write(t, file, string(version))
		if a := s.must(t, again...); !strings.Contains(a.out, "unchanged") {
			t.Errorf("with the version back: %s", a.out)
		}
	})
}

// keepsPassword gives a resource a password that means something to every
// program on its way, and connects with it.
func (s *site) keepsPassword(t *testing.T, request []string) {
	t.Helper()
	const password = `a@/?#'"\ %41&=:b`
	write(t, filepath.Join(s.data(t), "secrets", "local", "shop-postgresql", "password.plain"), password)
	s.must(t, request...)
	var env map[string]string
	if err := json.Unmarshal([]byte(s.must(t, "resource", "env", "shop-postgresql", "-o", "json").out), &env); err != nil {
		t.Fatal(err)
	}
	if env["PGPASSWORD"] != password {
		t.Errorf("PGPASSWORD = %q, want %q", env["PGPASSWORD"], password)
	}
	conn, err := pgx.Connect(t.Context(), env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
	a := s.must(t, "resource", "run", "shop-postgresql", "--", "sh", "-c", `printf %s "$PGPASSWORD"`)
	if a.out != password {
		t.Errorf("the command got %q, want %q", a.out, password)
	}
	shell := s.must(t, "resource", "env", "shop-postgresql").out
	if want := `PGPASSWORD='a@/?#'\''"\ %41&=:b'`; !strings.Contains(shell, want) {
		t.Errorf("resource env prints\n%s\nwant %s", shell, want)
	}
}

// hearsServer has the server say what drives a terminal, and finds none of it in
// what is said of that.
func (s *site) hearsServer(t *testing.T) {
	t.Helper()
	s.must(t, strings.Fields(ask)...)
	password, err := os.ReadFile(filepath.Join(s.data(t), "local", "postgresql", "password"))
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig("host=127.0.0.1 user=platformctl dbname=template1 sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	config.Port, config.Password = uint16(s.port(t)), strings.TrimSpace(string(password))
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	say := "U&'" + strings.NewReplacer(`\\`, "", `\"`, "", `"`, "", `\u`, `\`).Replace(quoted(evil)) + "'"
	for _, statement := range []string{
		"CREATE ROLE foreign_postgresql",
		"COMMENT ON ROLE foreign_postgresql IS " + say,
		"CREATE FUNCTION evil() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', " + say + " USING HINT = " + say + "; END $$",
		"CREATE EVENT TRIGGER evil ON ddl_command_start WHEN TAG IN ('CREATE EXTENSION') EXECUTE FUNCTION evil()",
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	if err := conn.Close(t.Context()); err != nil { // a template that is in use cannot be copied
		t.Fatal(err)
	}
	for _, format := range []string{"table", "json"} {
		request := "request database --type=postgresql --tier=development --auto-approve -o " + format + " --team="
		s.exec(t, strings.Fields(request+"foreign")...).check(t, refusal{code: 5, says: []string{"foreign_postgresql"}, slow: true})
		says := []string{`\^\[\[2J|\\u001b\[2J`}
		s.exec(t, strings.Fields(request+"evil"+format+` --set=extensions=["pgcrypto"]`)...).check(t, refusal{code: 4, says: says, slow: true})
	}
	if a := s.must(t, "status"); unsafe(a.out+a.err) != "" {
		t.Errorf("status: %q %q", a.out, a.err)
	}
}

// data is the directory of the one platform of the site.
func (s *site) data(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.home, "data", "platforms", "*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("platforms %q, %v", found, err)
	}
	return found[0]
}

// port is that of the running server.
func (s *site) port(t *testing.T) int {
	t.Helper()
	var status struct{ Servers []struct{ Port int } }
	if err := json.Unmarshal([]byte(s.must(t, "local", "status", "-o", "json").out), &status); err != nil {
		t.Fatal(err)
	}
	return status.Servers[0].Port
}

// listen takes n ports from first on, those that are free.
func listen(t *testing.T, first, n int) (stop func()) {
	t.Helper()
	var held []net.Listener
	for port := first; port < first+n; port++ {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		if l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address); err == nil {
			held = append(held, l)
		}
	}
	return func() {
		for _, l := range held {
			_ = l.Close()
		}
	}
}
