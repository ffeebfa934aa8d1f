//go:build unix

package postgres

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestKilledServer(t *testing.T) {
	tests := map[string]func(t *testing.T, c Connection){
		"idle": func(*testing.T, Connection) {},
		"under a running insert": func(t *testing.T, c Connection) {
			t.Helper()
			conn, err := dial(t, c)
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan struct{})
			t.Cleanup(func() { <-ended }) // before its connection is closed
			go func() {
				defer close(ended)
				// Never acknowledged: the server is killed meanwhile.
				_, _ = conn.Exec(context.WithoutCancel(t.Context()),
					"INSERT INTO kept SELECT g FROM generate_series(1, 1000000000) g")
			}()
			const running = "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'INSERT%'"
			for query(t, c, running) != "1" {
				time.Sleep(10 * time.Millisecond)
			}
			time.Sleep(300 * time.Millisecond)
		},
	}
	for name, load := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			c := start(t, s)
			execute(t, c, "CREATE TABLE kept AS SELECT 42 AS n")
			load(t, c)
			kill(t, status(t, s).PID)
			began := time.Now()
			if diff := cmp.Diff(c, start(t, s)); diff != "" {
				t.Errorf("Start() after kill -9 (-before +after):\n%s", diff)
			}
			t.Logf("recovered in %v", time.Since(began))
			if got := query(t, c, "SELECT string_agg(n::text, ',') FROM kept"); got != "42" {
				t.Errorf("the data is %q", got)
			}
		})
	}
}

func TestStopAfterAKill(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	conn, err := dial(t, c)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = conn.Exec(context.WithoutCancel(t.Context()), "DO 'BEGIN LOOP END LOOP; END'")
	}()
	for query(t, c, "SELECT count(*)::text FROM pg_stat_activity WHERE query LIKE 'DO%'") != "1" {
		time.Sleep(10 * time.Millisecond)
	}
	kill(t, status(t, s).PID)
	for status(t, s).State != Stopped {
		time.Sleep(10 * time.Millisecond)
	}
	if len(processesIn(s.path("data"))) == 0 {
		t.Error("no process outlived the server, so this test shows nothing")
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("Stop() = %v", err)
	}
	if pids := processesIn(s.path("data")); len(pids) != 0 {
		t.Errorf("processes %v are left", pids)
	}
	<-ended // its connection is closed after the test
}

// After a restart of the machine the number in postmaster.pid is often that of
// another process. PostgreSQL alone refuses to start when it is one of ours.
func TestPIDFileNamesAnotherProcess(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	pid := status(t, s).PID
	text, err := os.ReadFile(s.path("data/postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	kill(t, pid)
	for status(t, s).State != Stopped {
		time.Sleep(10 * time.Millisecond)
	}
	sleeper := exec.CommandContext(t.Context(), "sleep", "600")
	sleeper.Dir = s.path("data") // in the directory, and yet not a server
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleeper.Wait() }()
	defer func() { _ = sleeper.Process.Kill() }()
	forged := strings.Replace(string(text), strconv.Itoa(pid), strconv.Itoa(sleeper.Process.Pid), 1)
	if err := os.WriteFile(s.path("data/postmaster.pid"), []byte(forged), 0o600); err != nil {
		t.Fatal(err)
	}
	if st := status(t, s); st.State != Stopped || st.PID != 0 {
		t.Errorf("Status() = %+v, want stopped", st)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("Stop() = %v", err)
	}
	if diff := cmp.Diff(c, start(t, s)); diff != "" {
		t.Errorf("Start() (-before +after):\n%s", diff)
	}
	if err := sleeper.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the other process was ended: %v", err)
	}
}

func TestPIDFileIsLost(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	if err := os.Remove(s.path("data/postmaster.pid")); err != nil {
		t.Fatal(err)
	}
	// The server still holds the port. It is ours, so the port stays.
	if diff := cmp.Diff(c, start(t, s)); diff != "" {
		t.Errorf("Start() (-before +after):\n%s", diff)
	}
}

func TestDirectoryIsDeletedUnderTheServer(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	if st := status(t, s); st.State != Absent {
		t.Errorf("Status() = %+v", st)
	}
	// The old server held the port, and would for a minute.
	if diff := cmp.Diff(c, start(t, s)); diff != "" {
		t.Errorf("Start() (-before +after):\n%s", diff)
	}
	query(t, c, "SELECT 'fine'")
	if err := os.RemoveAll(s.dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Errorf("Stop() = %v", err)
	}
	if !free(t.Context(), c.Port) {
		t.Error("the server runs on after Stop()")
	}
}

func TestPortTaken(t *testing.T) {
	s := newServer(t)
	c := start(t, s)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	holder, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address(c.Port))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	moved := start(t, s)
	if moved.Port == c.Port || moved.MovedFrom != c.Port {
		t.Errorf("Start() = %+v, was %+v", moved, c)
	}
	if got := status(t, s).Port; got != moved.Port {
		t.Errorf("Status().Port = %d, want %d", got, moved.Port)
	}
	if got := query(t, moved, "SHOW port"); got != strconv.Itoa(moved.Port) {
		t.Errorf("the server says port %s, want %d", got, moved.Port)
	}
	if port, err := s.readConnection(); err != nil || port != moved.Port {
		t.Errorf("connection.json says port %d, %v", port, err)
	}
	moved.MovedFrom = 0
	if diff := cmp.Diff(moved, start(t, s)); diff != "" {
		t.Errorf("next Start() (-want +got):\n%s", diff)
	}
}

func TestVersionMismatch(t *testing.T) {
	s := newServer(t)
	start(t, s)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := s.path("data/PG_VERSION")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("13\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = s.Start(t.Context())
	here, locateErr := Locate(t.Context(), s.locate)
	if locateErr != nil {
		t.Fatal(locateErr)
	}
	mismatch, ok := errors.AsType[*VersionMismatchError](err)
	if !ok || mismatch.Have != 13 || mismatch.Want != here.Major || mismatch.Dir != s.path("data") {
		t.Errorf("Start() = %v", err)
	}
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	// Binaries of another version are preferred, those of the data are there.
	newer := t.TempDir()
	program(t, filepath.Join(newer, "postgres"), "echo 'postgres (PostgreSQL) 99.1'")
	program(t, filepath.Join(newer, "initdb"), "false")
	s.locate.ExtraDirs = []string{here.Dir}
	s.locate.Getenv = func(name string) string {
		if name == BinVariable {
			return newer
		}
		return os.Getenv(name)
	}
	start(t, s)
}

func TestStartErrorTellsWhatTheServerSaid(t *testing.T) {
	s := newServer(t)
	start(t, s)
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	conf := s.path("data/postgresql.conf")
	if err := os.WriteFile(conf, []byte("no_such_setting = 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	_, err := s.Start(t.Context())
	e, ok := errors.AsType[*StartError](err)
	if !ok || e.Step != "start" || !strings.Contains(e.Log, "no_such_setting") {
		t.Errorf("Start() = %#v", err)
	}
	for _, part := range []string{"start the PostgreSQL server: exit status 1: FATAL:  configuration file ", s.path("log")} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("Start() = %v, want it to hold %q", err, part)
		}
	}
	if strings.Contains(e.Log, "shut down") {
		t.Errorf("the log is not only of this start:\n%s", e.Log)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("a server that fails is noticed after %v", took)
	}
	if err := os.WriteFile(conf, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, s)
}

func TestStartIsCancelled(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond) // within initdb
	defer cancel()
	if _, err := s.Start(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Start() = %v, want deadline exceeded", err)
	}
	if st := status(t, s); st.State != Absent {
		t.Errorf("Status() = %+v", st)
	}
	start(t, s)
	if left, err := filepath.Glob(filepath.Join(globEscape(s.dir), tempPrefix+"*")); err != nil || len(left) != 0 {
		t.Errorf("initialization left %v, %v", left, err)
	}
}

func TestStartErrorText(t *testing.T) {
	const server = "2026-01-02 03:04:05.006 UTC [7] LOG:  starting\n" +
		"2026-01-02 03:04:05.007 UTC [7] FATAL:  could not map anonymous shared memory\n" +
		"2026-01-02 03:04:05.007 UTC [7] HINT:  This error usually means ...\n"
	tests := map[string]struct{ log, file, want string }{
		"of the server": {server, "/s/log", "exit: FATAL:  could not map anonymous shared memory (log: /s/log)"},
		"of initdb":     {"initdb: error: no space\ninitdb: removing contents\n", "", "exit: error: no space"},
		"other":         {"first\nkilled by nobody\n\n", "/s/log", "exit: killed by nobody (log: /s/log)"},
		"none":          {"", "/s/log", "exit (log: /s/log)"},
		"long":          {"FATAL: " + strings.Repeat("x", 4000), "", "exit: FATAL: " + strings.Repeat("x", maxReason-7) + "..."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newStartError("start", tt.log, errors.New("exit"))
			e.LogFile = tt.file
			if got, want := e.Error(), "start the PostgreSQL server: "+tt.want; got != want {
				t.Errorf("Error() = %q, want %q", got, want)
			}
		})
	}
}
