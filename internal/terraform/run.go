package terraform

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// Reattach is a value of TF_REATTACH_PROVIDERS: an object of providers that run
// already, by source address.
type Reattach = json.RawMessage

// Run is how a plan or an apply is carried out.
type Run struct {
	// Reattach starts the provider server of this run, whose stop function is
	// called when the engine has ended. Its context is not cancelled with the
	// run: a resource in the making is finished first. Nil means that the engine
	// starts the provider itself.
	Reattach func(context.Context) (Reattach, func(), error)
	// Env is added to the environment, as "NAME=value": credentials of the
	// target. Names that steer the engine are refused with *EnvError.
	Env []string
	// Progress is told what happens, from another goroutine.
	Progress func(Event)
	// Destroy plans the end of everything; RefreshOff leaves out looking.
	Destroy, RefreshOff bool
	// PlanDigest, when set, is the only plan that Apply applies.
	PlanDigest string
	// WaitDelay is how long a cancelled engine may take before it is killed,
	// which loses what it was making. Zero means 60 s.
	WaitDelay time.Duration
}

// job is one command of the engine. do gets the driver and what to reattach to,
// which is nil when the engine starts the provider.
type job struct {
	dir, verb string
	run       Run
	do        func(*tfexec.Terraform, tfexec.ReattachInfo) error
}

func (e Engine) drive(ctx context.Context, j job) (*stream, error) {
	run, verb := j.run, j.verb
	if err := useDefaultState(j.dir); err != nil {
		return nil, err
	}
	tf, err := e.command(j.dir, run.Env, map[string]string{"TF_CLI_ARGS_" + verb: "-json"})
	if err != nil {
		return nil, err
	}
	// A provider that the engine starts talks to it over a socket that only this
	// user may open. TLS on top costs 35 ms for each start.
	if err := tf.SetDisablePluginTLS(runtime.GOOS != "windows"); err != nil {
		return nil, err
	}
	if run.WaitDelay > 0 {
		if err := tf.SetWaitDelay(run.WaitDelay); err != nil {
			return nil, err
		}
	}
	var info tfexec.ReattachInfo
	if run.Reattach != nil {
		attach, stop, err := run.Reattach(context.WithoutCancel(ctx))
		if err != nil {
			return nil, err
		}
		defer stop()
		if err := json.Unmarshal(attach, &info); err != nil {
			return nil, err
		}
	}
	out := &stream{progress: run.Progress}
	tf.SetStdout(out)
	err = onOneThread(func() error { return j.do(tf, info) })
	out.flush()
	if err == nil || finished(ctx, verb, out) {
		return out, nil
	}
	return out, runError(ctx, verb, out, err)
}

// finished reports whether a command that was cancelled had come to its end
// nevertheless: then it did what it was asked to.
func finished(ctx context.Context, verb string, out *stream) bool {
	return ctx.Err() != nil && out.summary.Operation == verb && !out.failed()
}

// onOneThread runs fn, which starts a process and waits for it, on a thread
// that nothing else uses meanwhile. terraform-exec has the kernel kill the
// engine when its parent dies, and to the kernel the parent is the thread. A
// thread ends when a goroutine locked to it returns; were that the thread that
// had started the engine, the engine would be killed in the middle of an apply.
func onOneThread(fn func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return fn()
}

// runError explains how a command ended. With -json what went wrong is in the
// stream, else in the text after the exit status.
func runError(ctx context.Context, verb string, out *stream, err error) error {
	e := &RunError{Verb: verb, Err: err}
	if out != nil {
		e.Diagnostics = out.diagnostics
	}
	if cause := ctx.Err(); cause != nil {
		// err may be terraform-exec's wrapper around nil, whose Error panics.
		e.Err = cause
		return e
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return e
	}
	e.Err = exit
	if out == nil || !out.failed() {
		_, text, _ := strings.Cut(err.Error(), "\n")
		if strings.TrimSpace(text) == "" && out != nil {
			text = string(out.text)
		}
		if text = explanation(text); text != "" {
			e.Diagnostics = append(e.Diagnostics, Diagnostic{Severity: "error", Summary: text})
		}
	}
	return e
}

// explanation is the first error in text meant for people, on one line.
func explanation(text string) string {
	text = strings.NewReplacer("╷", "", "│", "", "╵", "").Replace(text)
	if i := strings.Index(text, "Error: "); i >= 0 {
		text = text[i+len("Error: "):]
		if j := strings.Index(text, "Error: "); j >= 0 {
			text = text[:j]
		}
	}
	return oneLine(text)
}
