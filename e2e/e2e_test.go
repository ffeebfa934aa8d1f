package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	_ "github.com/platformctl/platformctl/internal/cli" // so that a change there is not a cached result
)

// binary is the platformctl under test: $PLATFORMCTL_BIN, else one built here.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if binary = os.Getenv("PLATFORMCTL_BIN"); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "platformctl-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "platformctl")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "../cmd/platformctl")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building platformctl:", err)
		return 1
	}
	return m.Run()
}

func TestStories(t *testing.T) {
	for _, group := range []string{"plain", "local"} {
		t.Run(group, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir:                 filepath.Join("testdata", "stories", group),
				Setup:               setup,
				Cmds:                commands,
				RequireExplicitExec: true,
				RequireUniqueNames:  true,
				ContinueOnError:     true,
			})
		})
	}
}

// setup isolates a script: its own home, its own platform, nothing inherited
// that could steer a tool. The local server that a script starts is stopped at
// its end.
func setup(env *testscript.Env) error {
	home := filepath.Join(env.WorkDir, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	pctl := filepath.Join(env.WorkDir, "pctl")
	path := filepath.Dir(binary) + string(filepath.ListSeparator) + os.Getenv("PATH")
	tools := os.Getenv("PLATFORMCTL_TOOLS")
	if tools == "" {
		if data := os.Getenv("XDG_DATA_HOME"); data != "" {
			tools = filepath.Join(data, "platformctl", "tools")
		} else {
			tools = filepath.Join(os.Getenv("HOME"), ".local", "share", "platformctl", "tools")
		}
	}
	capabilities, err := filepath.Abs(filepath.Join("testdata", "capabilities"))
	if err != nil {
		return err
	}
	for key, value := range map[string]string{
		"CAPABILITIES": capabilities, "HOME": home, "PLATFORMCTL_HOME": pctl, "PLATFORMCTL_TOOLS": tools, "PATH": path,
		"TERM": "dumb", "LANG": "C.UTF-8", "USER": "tester", "TMPDIR": filepath.Join(env.WorkDir, ".tmp"),
		"GIT_AUTHOR_EMAIL": "tester@example.com",
	} {
		env.Setenv(key, value)
	}
	env.Values["state"] = &state{env: env, held: map[string]func(){}}
	env.Defer(func() {
		stop(env)
		for _, release := range env.Values["state"].(*state).held {
			release()
		}
	})
	return nil
}

// stop stops the servers whose data directories are below the script's directory.
func stop(env *testscript.Env) {
	var files []string
	err := filepath.WalkDir(env.WorkDir, func(path string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.Name() == "postmaster.pid" {
			files = append(files, path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went while we looked
		}
		return err
	})
	if err != nil {
		env.T().Log(err)
	}
	for _, file := range files {
		if err := stopServer(file); err != nil {
			env.T().Log(err)
		}
	}
}

// stopServer ends the server that file belongs to: its first line is the process
// id, and SIGINT is PostgreSQL's fast shutdown.
func stopServer(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(data), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	// A server that was killed left its file and is not there: no such process.
	if err := signal(pid, os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping process %d of %s: %w", pid, file, err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if !alive(pid) {
			return nil
		}
	}
	return fmt.Errorf("process %d of %s does not stop", pid, file)
}

func alive(pid int) bool { return signal(pid, syscall.Signal(0)) == nil }

// signal sends a signal; os.ErrProcessDone says that there is no such process.
func signal(pid int, what os.Signal) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer func() { _ = process.Release() }() // cannot fail usefully
	return process.Signal(what)
}
