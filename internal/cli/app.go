// Package cli is the command line of platformctl: one file per command, the App
// that holds everything which comes from outside, exit codes and hints.
package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/platformctl/platformctl/catalog"
	"github.com/platformctl/platformctl/internal/ui"
)

// App is all that a command gets from outside. Tests build it as a literal.
type App struct {
	Build      Build // what this binary was built from
	IO         ui.Streams
	Prompt     ui.Prompter
	Now        func() time.Time
	NewID      func() string // a new ULID
	Getenv     func(string) string
	Environ    func() []string
	Dir        string // working directory
	Hostname   string
	Executable func() (string, error)         // path of this binary
	TempDir    func() (string, func(), error) // a scratch directory of mode 0700 and its removal
	Exec       func(ctx context.Context, argv, env []string, io ui.Streams) error
	LookPath   func(string) (string, error)
	Catalog    fs.FS // the built-in platform
	Cores      int   // of this machine that this process may use

	flags      globalFlags
	describing time.Duration // see the constant; 0 is that
}

// globalFlags are those that every command takes.
type globalFlags struct {
	Platform string
	NoInput  bool
	Quiet    bool
	Output   ui.Format
	Parallel parallel
}

// System is the App of a real process, of the given build. The end of ctx ends
// a question that waits for an answer.
func System(ctx context.Context, build Build) *App {
	// The Terraform SDK inside this process would log requests to stderr or to
	// files when these ask for it, secrets included.
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "TF_LOG") {
			_ = os.Unsetenv(name)
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = "." // a deleted working directory: only what needs it fails
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	streams := ui.System(os.Getenv)
	streams.Done = ctx.Done()
	return &App{
		Build:      build,
		IO:         streams,
		Prompt:     ui.NewPrompter(streams, os.Getenv),
		Now:        time.Now,
		NewID:      func() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() },
		Getenv:     os.Getenv,
		Environ:    os.Environ,
		Dir:        dir,
		Hostname:   host,
		Executable: os.Executable,
		TempDir:    tempDir,
		Exec:       runChild,
		LookPath:   exec.LookPath,
		Catalog:    catalog.FS,
		Cores:      runtime.GOMAXPROCS(0),
	}
}

func tempDir() (string, func(), error) {
	dir, err := os.MkdirTemp("", "platformctl-")
	if err != nil {
		return "", nil, fmt.Errorf("scratch directory: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// runChild runs argv with exactly env and the given streams, and waits for it.
// The terminal's Ctrl-C reaches the child itself, so ctx does not end it.
func runChild(ctx context.Context, argv, env []string, streams ui.Streams) error {
	cmd := exec.CommandContext(context.WithoutCancel(ctx), argv[0], argv[1:]...)
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = streams.In, streams.Out, streams.Err
	if err := cmd.Start(); err != nil {
		return err
	}
	// What is sent to this process alone is meant for the child.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s)
			case <-ended:
				return
			}
		}
	}()
	return cmd.Wait()
}
