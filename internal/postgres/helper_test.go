//go:build unix

package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestMain lets the test binary stand in for another process that uses a
// server: it plays the role that the environment names, with the server below
// its working directory.
func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

const roleVariable = "PLATFORMCTL_TEST_ROLE"

// answer is what a stand-in process says on stdout.
type answer struct {
	Connection Connection
	Status     Status
	Error      string
	NoSpace    bool
	ReadOnly   bool
}

func play(role string) int {
	ctx := context.Background()
	home, err := os.Getwd()
	if err != nil {
		return 1
	}
	s := serverIn(home)
	var a answer
	switch role {
	case "start", "start and linger":
		a.Connection, err = s.Start(ctx)
	case "start on a full disk", "restart on a full disk", "start on a read-only disk":
		err = startOnDisk(ctx, s, role)
	case "start without namespaces":
		// Holds for the namespace that the test put this process into.
		err = os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0)
		if err == nil {
			a.Connection, err = s.Start(ctx)
		}
	}
	if err != nil {
		a.Error = err.Error()
		a.NoSpace = errors.Is(err, syscall.ENOSPC)
		a.ReadOnly = errors.Is(err, syscall.EROFS)
	}
	a.Status, _ = s.Status(ctx)
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		return 1
	}
	if strings.HasSuffix(role, "linger") {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the terminal is closed
	}
	return 0
}

// other prepares a stand-in process.
func other(t *testing.T, role string, s *Server) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Dir = filepath.Dir(s.dir)
	return cmd
}

// ask runs a stand-in process and returns what it says.
func ask(t *testing.T, cmd *exec.Cmd) answer {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("stand-in process: %v\n%s", err, stderr.String())
	}
	var a answer
	if err := json.Unmarshal(out, &a); err != nil {
		t.Fatalf("stand-in process said %q: %v", out, err)
	}
	return a
}

// serverIn returns the server below a directory, whose parent has room for what
// root cannot keep in it.
func serverIn(home string) *Server {
	s := New(filepath.Join(home, "postgres"), LocateOptions{Getenv: os.Getenv})
	s.fallback = filepath.Join(filepath.Dir(home), "lib")
	return s
}

// newServer returns a server in a directory below one of mode 0700, which the
// test stops and deletes when it ends.
func newServer(t *testing.T) *Server {
	t.Helper()
	home := filepath.Join(t.TempDir(), `ho me's "$dir"`)
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	s := serverIn(home)
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() {
		// Rather by the processes than by Reset, which is under test.
		data := s.path("data")
		if rec, err := s.readRecord(); err == nil {
			data = rec.Data
		}
		for _, pid := range processesIn(data) {
			_ = syscall.Kill(pid, syscall.SIGQUIT)
		}
		if err := s.Reset(ctx); err != nil {
			t.Errorf("Reset() = %v", err)
		}
	})
	return s
}

func start(t *testing.T, s *Server) Connection {
	t.Helper()
	c, err := s.Start(t.Context())
	if err != nil {
		if e, ok := errors.AsType[*StartError](err); ok {
			t.Logf("log:\n%s", e.Log)
		}
		t.Fatalf("Start() = %v", err)
	}
	return c
}

func status(t *testing.T, s *Server) Status {
	t.Helper()
	st, err := s.Status(t.Context())
	if err != nil {
		t.Fatalf("Status() = %v", err)
	}
	return st
}

// dial connects as administrator, with the password in connection.json's file
// unless another is given.
func dial(t *testing.T, c Connection, password ...string) (*pgx.Conn, error) {
	t.Helper()
	config, err := pgx.ParseConfig("sslmode=disable host=" + c.Host + " port=" + strconv.Itoa(c.Port))
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Database = c.User, "postgres"
	if len(password) > 0 {
		config.Password = password[0]
	} else {
		data, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			t.Fatal(err)
		}
		config.Password = strings.TrimSpace(string(data))
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	}
	return conn, err
}

// query connects and returns one value as text.
func query(t *testing.T, c Connection, sql string) string {
	t.Helper()
	conn, err := dial(t, c)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	var value string
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func execute(t *testing.T, c Connection, sql string) {
	t.Helper()
	conn, err := dial(t, c)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
