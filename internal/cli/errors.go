package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/platformctl/platformctl/internal/ui"
)

// Exit codes. The table is also `platformctl help exit-codes`.
const (
	exitDone       = 0
	exitFailed     = 1   // it did not work
	exitUsage      = 2   // bad usage or bad input: nothing has changed
	exitGate       = 3   // a gate or a check did not pass
	exitUnfinished = 4   // resume, or the same command again, finishes it
	exitConflict   = 5   // what exists is in the way
	exitCancelled  = 130 // cancelled before anything had changed
)

// usageError is bad usage of the command line itself.
type usageError struct {
	err  error
	next []string // commands that say more
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}

// childError carries the exit code of a command that the user ran through us.
type childError struct{ code int }

func (e *childError) Error() string {
	return fmt.Sprintf("the command ended with exit code %d", e.code)
}

// notHereError says that a resource is in the record and was never applied with
// the state of this home.
type notHereError struct{ name string }

func (e *notHereError) Error() string {
	return fmt.Sprintf("resource %q has not been applied from here: there is no Terraform state of it", e.name)
}

// movedError says that the local server listens on another port than when the
// resource was last applied.
type movedError struct {
	name, capability string
	have, now        any
}

func (e *movedError) Error() string {
	return fmt.Sprintf("the server of %q listens on port %v now, not on %v", e.name, e.now, e.have)
}

// goneError says that the local server of a resource was deleted.
type goneError struct{ name, capability string }

func (e *goneError) Error() string {
	return fmt.Sprintf("the server of %q is gone, with all its data", e.name)
}

// misfitError says that a resource cannot be described by what the platform says
// of its capability and its environment now.
type misfitError struct {
	name, capability string
	err              error
}

func (e *misfitError) Error() string { return fmt.Sprintf("resource %q: %v", e.name, e.err) }
func (e *misfitError) Unwrap() error { return e.err }

// askedError names the capability of a request that was wrong.
type askedError struct {
	capability string
	err        error
}

func (e *askedError) Error() string { return e.err.Error() }
func (e *askedError) Unwrap() error { return e.err }

// answerError says that the answer could not be written, after the work was done.
type answerError struct{ err error }

func (e *answerError) Error() string { return "the answer could not be written: " + e.err.Error() }
func (e *answerError) Unwrap() error { return e.err }

// answerLost reports whether err is about stdout.
func answerLost(err error) bool {
	if _, ok := errors.AsType[*answerError](err); ok {
		return true
	}
	file, ok := errors.AsType[*fs.PathError](err)
	return ok && file.Path == "/dev/stdout"
}

// print writes the answer of a command to stdout in the format asked for.
func (app *App) print(v any) error {
	err := app.IO.Print(app.flags.Output, v)
	if _, refused := errors.AsType[*ui.UnsupportedError](err); err == nil || refused {
		return err
	}
	return &answerError{err}
}

// checkError says that a check found something; what, is on stdout already.
type checkError struct{ problem string }

func (e *checkError) Error() string { return e.problem }

// commands names the platform in each command, when it was named in this one.
func (app *App) commands(list []string) []string {
	if app.flags.Platform == "" {
		return list
	}
	named := make([]string, len(list))
	for i, command := range list {
		rest, ours := strings.CutPrefix(command, "platformctl ")
		if named[i] = command; ours {
			named[i] = "platformctl --platform " + shellWord(app.flags.Platform) + " " + rest
		}
	}
	return named
}

// explanation is what the user is told of an error.
type explanation struct {
	Error string   `json:"error"`
	Code  int      `json:"code"`
	Hint  string   `json:"hint,omitempty"`
	Next  []string `json:"next,omitempty"`
}

// report prints err for a person, or as one JSON object when the answer was to
// be JSON, and returns the exit code.
func (app *App) report(err error) int {
	if child, ok := errors.AsType[*childError](err); ok {
		return child.code
	}
	if answerLost(err) && errors.Is(err, syscall.EPIPE) {
		return exitDone // the reader of our output has seen enough
	}
	e := app.explain(err)
	e.Next = app.commands(e.Next)
	if app.flags.Output == ui.JSON {
		line, _ := json.Marshal(e)
		fmt.Fprintln(app.IO.Err, string(ui.EscapeJSON(line)))
		return e.Code
	}
	writeExplanation(app.IO.Err, e)
	return e.Code
}

// writeExplanation indents what is not the first line, so that no line of a
// message from elsewhere looks like one of ours.
func writeExplanation(w io.Writer, e explanation) {
	indented := func(s string) string {
		return strings.ReplaceAll(strings.TrimRight(ui.EscapeLines(s), "\n"), "\n", "\n  ")
	}
	fmt.Fprintf(w, "error: %s\n", indented(e.Error))
	if e.Hint != "" {
		fmt.Fprintf(w, "hint: %s\n", indented(e.Hint))
	}
	for _, next := range e.Next {
		fmt.Fprintf(w, "next: %s\n", ui.Escape(next))
	}
}
