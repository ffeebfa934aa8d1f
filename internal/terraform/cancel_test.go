//go:build unix

package terraform_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/platformctl/platformctl/internal/terraform"
)

// slowModule makes one thing, then one that takes its time, then another.
const slowModule = `
variable "mark" {}
resource "terraform_data" "first" {
  input = "first"
}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" {
    command = "touch $MARK; sleep 2"
    environment = { MARK = var.mark }
  }
}
resource "terraform_data" "last" {
  depends_on = [terraform_data.slow]
}
`

// slow prepares and plans slowModule, and returns a function that waits until
// the slow part has begun.
func slow(t *testing.T, e terraform.Engine) (dir string, begun func()) {
	t.Helper()
	dir = t.TempDir()
	mark := filepath.Join(t.TempDir(), "begun")
	prepare(t, e, dir, local("./slow", map[string]any{"mark": mark}, "main.tf", slowModule))
	plan(t, e, dir, terraform.Run{})
	return dir, func() { waitFor(t, mark) }
}

// waitFor waits until a file is there, or the test is over.
func waitFor(t *testing.T, file string) {
	t.Helper()
	for t.Context().Err() == nil {
		if _, err := os.Stat(file); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestCancel(t *testing.T) {
	e := engine(t)
	dir, begun := slow(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		begun()
		cancel()
	}()
	_, err := e.Apply(ctx, dir, terraform.Run{})
	var failed *terraform.RunError
	if !errors.Is(err, context.Canceled) || !errors.As(err, &failed) {
		t.Fatalf("Apply = %v, want a cancelled *RunError", err)
	}
	if !strings.HasPrefix(err.Error(), "terraform apply was cancelled: ") {
		t.Errorf("error = %q", err)
	}
	if n, err := terraform.Objects(dir); n < 1 || n > 2 || err != nil {
		t.Errorf("%d objects in the state, %v, want the first one, perhaps the slow one", n, err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".terraform.tfstate.lock.info")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lock was not released: %v", err)
	}
	apply(t, e, dir)
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
}

func TestCancelledBefore(t *testing.T) {
	e, log := wrapped(t)
	dir, _ := slow(t, e)
	ran := len(verbs(t, log))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Plan(ctx, dir, terraform.Run{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Plan = %v, want a cancellation", err)
	}
	if _, err := e.Apply(ctx, dir, terraform.Run{}); !errors.Is(err, context.Canceled) && !errors.Is(err, terraform.ErrNoPlan) {
		t.Errorf("Apply = %v, want a cancellation", err)
	}
	if got := len(verbs(t, log)); got != ran {
		t.Errorf("%d commands ran", got-ran)
	}
}

// A cancellation that comes when all is done changes nothing about that.
func TestCancelledAtTheEnd(t *testing.T) {
	path, err := exec.LookPath("terraform")
	if err != nil {
		t.Fatal(err)
	}
	// An engine that takes a moment to leave.
	lazy := filepath.Join(t.TempDir(), "terraform")
	write(t, lazy, "#!/bin/sh\ntrap '' INT\n"+path+" \"$@\"\ncode=$?\ntouch $0.$1\nsleep 0.5\nexit $code\n", 0o700)
	e := engine(t, "PLATFORMCTL_TERRAFORM", lazy)
	dir := t.TempDir()
	prepare(t, e, dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule))
	cancelAfter := func(verb string) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		t.Cleanup(cancel)
		go func() {
			waitFor(t, lazy+"."+verb)
			cancel()
		}()
		return ctx
	}
	ctx := cancelAfter("plan")
	if p, err := e.Plan(ctx, dir, terraform.Run{}); err != nil || p.Add != 1 || p.Empty() || ctx.Err() == nil {
		t.Errorf("Plan = %+v, %v, want 1 to add", p, err)
	}
	ctx = cancelAfter("apply")
	if out, err := e.Apply(ctx, dir, terraform.Run{}); err != nil || string(out["name"]) != `"x"` || ctx.Err() == nil {
		t.Errorf("Apply = %v, %v, want the outputs", out, err)
	}
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
}

// The engine is killed in the middle: what was finished is kept, nothing is
// taken for damaged, and a second run finishes.
func TestKilled(t *testing.T) {
	e, log := wrapped(t)
	dir, begun := slow(t, e)
	go func() {
		begun()
		pid, err := strconv.Atoi(strings.TrimSpace(read(t, log, "pid")))
		if err != nil {
			t.Error(err)
			return
		}
		// A Ctrl-C on the terminal must reach the engine through us alone: two
		// interrupts make it leave without saving.
		if group, err := syscall.Getpgid(pid); err != nil || group == syscall.Getpgrp() {
			t.Errorf("process group %d, %v, want one of its own", group, err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}()
	_, err := e.Apply(t.Context(), dir, terraform.Run{})
	var failed *terraform.RunError
	if !errors.As(err, &failed) || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "killed") {
		t.Fatalf("Apply = %v, want a *RunError that says killed", err)
	}
	if n, err := terraform.Objects(dir); n != 1 || err != nil {
		t.Errorf("%d objects in the state, %v, want the first one", n, err)
	}
	apply(t, e, dir)
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
}

// The kernel kills the engine when the thread that started it ends, and
// goroutines that end while locked to their thread end the thread.
func TestThreadsMayEnd(t *testing.T) {
	e := engine(t)
	dir, _ := slow(t, e)
	done := make(chan struct{})
	var churn sync.WaitGroup
	churn.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			var ended sync.WaitGroup
			for range 20 {
				ended.Go(func() { runtime.LockOSThread() })
			}
			ended.Wait()
			time.Sleep(time.Millisecond)
		}
	})
	_, err := e.Apply(t.Context(), dir, terraform.Run{})
	close(done)
	churn.Wait()
	if err != nil {
		t.Errorf("Apply = %v", err)
	}
}

// An engine that does not stop is killed after the delay.
func TestWaitDelay(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	mark := filepath.Join(t.TempDir(), "begun")
	prepare(t, e, dir, local("./slow", map[string]any{"mark": mark}, "main.tf", strings.ReplaceAll(slowModule, "sleep 2", "trap '' INT TERM; sleep 3; sleep 3")))
	plan(t, e, dir, terraform.Run{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := time.Now()
	_, err := e.Apply(ctx, dir, terraform.Run{WaitDelay: 200 * time.Millisecond, Progress: func(event terraform.Event) {
		if event.Kind == terraform.EventStart && strings.HasSuffix(event.Address, ".slow") {
			time.AfterFunc(200*time.Millisecond, cancel)
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Apply = %v, want a cancellation", err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("Apply took %s", took)
	}
}
