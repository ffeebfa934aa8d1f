//go:build unix

package postgres

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
)

func TestEightFirstStartsMakeOneServer(t *testing.T) {
	s := newServer(t)
	answers := make([]answer, 8)
	var wg sync.WaitGroup
	for i := range answers {
		cmd := other(t, "start", s)
		wg.Go(func() {
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("process %d: %v", i, err)
			} else if err := json.Unmarshal(out, &answers[i]); err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	for _, a := range answers {
		if a.Error != "" || a.Status.State != Running {
			t.Fatalf("a process says %+v", a)
		}
		if diff := cmp.Diff(answers[0], a); diff != "" {
			t.Errorf("the processes differ:\n%s", diff)
		}
	}
	if got := query(t, answers[0].Connection, "SHOW data_directory"); got != s.path("data") {
		t.Errorf("the server's data directory is %q", got)
	}
	inits, err := os.ReadFile(s.path("log"))
	if err != nil || strings.Count(string(inits), "ready to accept connections") != 1 {
		t.Errorf("%v, log:\n%s", err, inits)
	}
}

func TestServerOutlivesItsStarter(t *testing.T) {
	s := newServer(t)
	a := ask(t, other(t, "start", s)) // has returned, so nobody holds its stdout
	if a.Error != "" {
		t.Fatal(a.Error)
	}
	if diff := cmp.Diff(a.Status, status(t, s)); diff != "" {
		t.Errorf("Status() after its starter ended (-before +after):\n%s", diff)
	}
	query(t, a.Connection, "SELECT 'fine'")
}

func TestServerOutlivesTheTerminal(t *testing.T) {
	s := newServer(t)
	cmd := other(t, "start and linger", s)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := json.NewDecoder(terminal).Decode(&a); err != nil {
		t.Fatal(err)
	}
	if a.Error != "" {
		t.Fatal(a.Error)
	}
	if _, err := terminal.WriteString("\x03"); err != nil { // Ctrl-C
		t.Fatal(err)
	}
	err = cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGINT {
		t.Errorf("the starter ended with %v, want SIGINT", err)
	}
	if err := terminal.Close(); err != nil {
		t.Error(err)
	}
	time.Sleep(200 * time.Millisecond)
	if diff := cmp.Diff(a.Status, status(t, s)); diff != "" {
		t.Errorf("Status() after the terminal closed (-before +after):\n%s", diff)
	}
}

func TestServerInheritsNothing(t *testing.T) {
	s := newServer(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := other(t, "start", s)
	cmd.ExtraFiles = []*os.File{w}
	planted := map[string]string{"PGPORT": "1", "PGDATA": "/none", "PGOPTIONS": "-c fsync=off", "LD_BIND_NOW": "1", "LANG": "de_DE", "SECRET": "x"}
	for name, value := range planted {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	a := ask(t, cmd)
	if a.Error != "" {
		t.Fatal(a.Error)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the server holds a pipe of its starter: %v", err)
	}
	file := filepath.Join(s.dir, "environment")
	execute(t, a.Connection, `COPY (SELECT) TO PROGRAM 'cat; env > "$PWD/../environment"'`)
	env, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(env), "PATH=") {
		t.Fatalf("environment of the server: %q, %v", env, err)
	}
	for name := range planted {
		if strings.Contains("\n"+string(env), "\n"+name+"=") && name != "PGDATA" { // the server sets that one
			t.Errorf("the server has %s of its starter", name)
		}
	}
}

func TestAKilledInitializationIsDoneAgain(t *testing.T) {
	s := newServer(t)
	cmd := other(t, "start", s)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		made, err := filepath.Glob(filepath.Join(globEscape(s.dir), tempPrefix+"*", "data", "PG_VERSION"))
		if err != nil {
			t.Fatal(err)
		}
		if len(made) > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	kill(t, cmd.Process.Pid)
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process was not killed")
	}
	if st := status(t, s); st.State != Absent {
		t.Fatalf("Status() = %+v, want absent", st)
	}
	query(t, start(t, s), "SELECT 'fine'")
}

// The npm packages hold three programs and no psql.
func TestThreeProgramsAreEnough(t *testing.T) {
	here, err := Locate(t.Context(), LocateOptions{Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "native", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lib", "share"} { // found from the programs
		if err := os.Symlink(filepath.Join(here.Dir, "..", name), filepath.Join(bin, "..", name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
		data, err := os.ReadFile(filepath.Join(here.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bin, name), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(t)
	s.locate = LocateOptions{Patterns: []string{}, ExtraDirs: []string{bin}}
	query(t, start(t, s), "SELECT 'fine'")
}
