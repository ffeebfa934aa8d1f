//go:build unix

package doctor

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/platformctl/platformctl/internal/postgres"
)

// TestServer looks at a real server while it runs, after its password was
// changed, after it was killed, and while another program sits on its port.
func TestServer(t *testing.T) {
	w := newWorld(t)
	w.env["PATH"] = os.Getenv("PATH")
	for _, name := range []string{"PLATFORMCTL_POSTGRES_BIN", "PLATFORMCTL_TOOLS"} {
		w.env[name] = os.Getenv(name)
	}
	w.machine.PostgreSQL.Patterns = nil
	server := postgres.New(w.paths().Local("postgresql"), w.machine.PostgreSQL)
	want := func(state State, detail string) Check {
		t.Helper()
		found, _ := w.check("local-server")
		bad := worst(found)
		if bad.State != state || !strings.Contains(bad.Detail, detail) {
			t.Fatalf("%+v, want %s with %q", found, state, detail)
		}
		return bad
	}
	want(Skipped, "none yet")
	connection, err := server.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := server.Reset(ctx); err != nil {
			t.Error(err)
		}
	})
	want(OK, fmt.Sprintf("runs on 127.0.0.1:%d", connection.Port))

	password, err := os.ReadFile(connection.PasswordFile)
	if err != nil {
		t.Fatal(err)
	}
	old := strings.TrimSpace(string(password))
	setPassword(t, connection, old, "another")
	if bad := want(Failed, "changed behind our back"); bad.Command != "platformctl local reset" {
		t.Errorf("%+v", bad)
	}
	setPassword(t, connection, "another", old)
	want(OK, "runs on")

	status, err := server.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(status.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for found, _ := w.check("local-server"); !strings.Contains(found[0].Detail, "it was killed"); found, _ = w.check("local-server") {
		if time.Now().After(deadline) {
			t.Fatalf("killed: %+v", found)
		}
		time.Sleep(20 * time.Millisecond)
	}
	var listener net.Listener
	for listener == nil { // the children of the server may hold the port a moment longer
		if listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", connection.Port)); err != nil && time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	bad := want(Warning, fmt.Sprintf("port %d, the server's, is taken", connection.Port))
	if !strings.Contains(bad.Command, strconv.Itoa(connection.Port)) {
		t.Errorf("%+v", bad)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	want(OK, "it was killed")
}

// setPassword changes the administrator's password as a person could.
func setPassword(t *testing.T, c postgres.Connection, old, wanted string) {
	t.Helper()
	config, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s dbname=postgres sslmode=disable", c.Host, c.Port, c.User))
	if err != nil {
		t.Fatal(err)
	}
	config.Password = old
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "ALTER ROLE "+c.User+" PASSWORD '"+wanted+"'"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
