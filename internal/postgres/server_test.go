//go:build unix

package postgres

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

func TestLifeOfAServer(t *testing.T) {
	s := newServer(t)
	if st := status(t, s); st.State != Absent {
		t.Fatalf("Status() of nothing = %+v", st)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("Stop() of nothing = %v", err)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looking at nothing made a directory: %v", err)
	}
	c := start(t, s)
	st := status(t, s)
	if st.State != Running || st.PID == 0 || st.Port != c.Port || !strings.HasPrefix(st.Version, "1") || st.DataDir != s.path("data") {
		t.Errorf("Status() = %+v", st)
	}
	if ago := time.Since(st.Since); ago < 0 || ago > time.Minute {
		t.Errorf("Status().Since = %v, %v ago", st.Since, ago)
	}
	execute(t, c, "CREATE TABLE kept AS SELECT 42 AS n")

	again := start(t, s)
	if diff := cmp.Diff(c, again); diff != "" {
		t.Errorf("second Start() differs (-first +second):\n%s", diff)
	}
	if pid := status(t, s).PID; pid != st.PID {
		t.Errorf("second Start() replaced process %d by %d", st.PID, pid)
	}

	if err := s.Stop(t.Context()); err != nil {
		t.Fatalf("Stop() = %v", err)
	}
	if diff := cmp.Diff(Status{State: Stopped, Version: st.Version, DataDir: st.DataDir}, status(t, s)); diff != "" {
		t.Errorf("Status() after Stop() (-want +got):\n%s", diff)
	}
	if pids := processesIn(s.path("data")); len(pids) != 0 {
		t.Errorf("processes %v live after Stop()", pids)
	}
	if !free(t.Context(), c.Port) {
		t.Errorf("port %d is held after Stop()", c.Port)
	}
	if diff := cmp.Diff(c, start(t, s)); diff != "" {
		t.Errorf("Start() after Stop() differs (-before +after):\n%s", diff)
	}
	if got := query(t, c, "SELECT n::text FROM kept"); got != "42" {
		t.Errorf("the data is %q after a restart", got)
	}

	if err := s.Reset(t.Context()); err != nil {
		t.Fatalf("Reset() = %v", err)
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Reset() left the directory: %v", err)
	}
	if st := status(t, s); st.State != Absent {
		t.Errorf("Status() after Reset() = %+v", st)
	}
}

func TestSettings(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	for sql, want := range map[string]string{
		"SHOW listen_addresses":        "127.0.0.1",
		"SHOW unix_socket_directories": "",
		"SHOW password_encryption":     "scram-sha-256",
		"SHOW server_encoding":         "UTF8",
		"SHOW fsync":                   "on",
		"SHOW data_checksums":          "on",
		"SELECT datcollate FROM pg_database WHERE datname = 'template1'":                        "C.UTF-8",
		"SELECT string_agg(DISTINCT auth_method, ',') FROM pg_hba_file_rules":                   "scram-sha-256",
		"SELECT string_agg(rolname, ',') FROM pg_roles WHERE rolcanlogin":                       User,
		"SELECT left(rolpassword, 13) FROM pg_authid WHERE rolname = current_user AND rolsuper": "SCRAM-SHA-256",
	} {
		if got := query(t, c, sql); got != want {
			t.Errorf("%s = %q, want %q", sql, got, want)
		}
	}
}

func TestFilesArePrivate(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	for name, want := range map[string]fs.FileMode{
		"": fs.ModeDir | 0o700, "data": fs.ModeDir | 0o700, "log": 0o600, "password": 0o600,
		"connection.json": 0o600, "server.json": 0o600, "../postgres.lock": 0o600,
	} {
		info, err := os.Stat(s.path(name))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != want {
			t.Errorf("mode of %q = %v, want %v", name, info.Mode(), want)
		}
	}
	err := filepath.WalkDir(s.path("data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := d.Info(); err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("mode of %q = %v", path, info.Mode())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	left, err := filepath.Glob(filepath.Join(globEscape(s.dir), tempPrefix+"*"))
	if err != nil || len(left) != 0 {
		t.Errorf("initialization left %v, %v", left, err)
	}
	var got map[string]any
	data, err := os.ReadFile(c.File)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"host": "127.0.0.1", "port": float64(c.Port), "user": "platformctl", "database": "postgres",
		"passwordFile": s.path("password"), "sslmode": "disable",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("connection.json (-want +got):\n%s", diff)
	}
}

func TestPasswordIsAskedForAndNotLogged(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	for _, wrong := range []string{"", "wrong", User} {
		_, err := dial(t, c, wrong)
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); wrong != "" && (!ok || pgErr.Code != "28P01") {
			t.Errorf("login with password %q = %v, want 28P01", wrong, err)
		} else if err == nil {
			t.Errorf("login with password %q succeeded", wrong)
		}
	}
	conn, err := dial(t, c)
	if err != nil {
		t.Fatal(err)
	}
	const canary = "canary-in-a-statement"
	for _, sql := range []string{
		"CREATE ROLE pg_reserved PASSWORD '" + canary + "'", // a reserved name: fails
		"CREATE ROLE fine PASSWORD '" + canary + "'",
	} {
		_, err := conn.Exec(t.Context(), sql)
		if failed := strings.Contains(sql, "reserved"); failed != (err != nil) {
			t.Errorf("%s = %v", sql, err)
		}
	}
	log, err := os.ReadFile(s.path("log"))
	if err != nil {
		t.Fatal(err)
	}
	password, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), `role name "pg_reserved" is reserved`) {
		t.Errorf("the log misses the error:\n%s", log)
	}
	for _, secret := range []string{canary, strings.TrimSpace(string(password))} {
		if strings.Contains(string(log), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// The figures on an idle machine are 2 ms; the bound is for a loaded one.
func TestARunningServerIsFoundQuickly(t *testing.T) {
	s := newServer(t)
	start(t, s)
	s.locate = LocateOptions{} // nothing can be found or run from here on
	best := time.Hour
	for range 5 {
		began := time.Now()
		start(t, s)
		best = min(best, time.Since(began))
	}
	t.Logf("Start() of a running server: %v", best)
	if best > 50*time.Millisecond {
		t.Errorf("Start() of a running server takes %v", best)
	}
}

func TestALostConnectionFileIsWrittenAgain(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	for _, name := range []string{"connection.json", "server.json"} {
		if err := os.Remove(s.path(name)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, start(t, s)); diff != "" {
			t.Errorf("Start() without %s (-want +got):\n%s", name, diff)
		}
		if _, ok := s.running(t.Context()); !ok {
			t.Errorf("%s was not written again", name)
		}
	}
}

func TestDamage(t *testing.T) {
	s := newServer(t)
	start(t, s)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		path, content string // content "": removed
	}{
		"password lost":   {"password", ""},
		"version garbled": {"data/PG_VERSION", "\x00\n"},
		"version lost":    {"data/PG_VERSION", ""},
		"record garbled":  {"server.json", "{"},
		"bad port":        {"server.json", `{"port": 70000, "data": "/x"}`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			old, err := os.ReadFile(s.path(tc.path))
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := os.WriteFile(s.path(tc.path), old, 0o600); err != nil {
					t.Error(err)
				}
			}()
			if tc.content == "" {
				err = os.Remove(s.path(tc.path))
			} else {
				err = os.WriteFile(s.path(tc.path), []byte(tc.content), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Start(t.Context()); !errors.Is(err, ErrDamaged) {
				t.Errorf("Start() = %v, want ErrDamaged", err)
			}
		})
	}
	start(t, s) // nothing was changed
}

func TestALongLogIsPutAside(t *testing.T) {
	s := newServer(t)
	start(t, s)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.path("log"), maxLog+1); err != nil {
		t.Fatal(err)
	}
	start(t, s)
	for name, long := range map[string]bool{"log": false, "log.1": true} {
		info, err := os.Stat(s.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if (info.Size() > maxLog) != long {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
}
