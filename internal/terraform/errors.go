package terraform

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
)

var (
	// ErrStateDamaged says that the state file is not what was last seen: empty,
	// torn, missing, older or another one. The error is a *StateDamagedError.
	ErrStateDamaged = errors.New("terraform state is damaged")
	// ErrNoPlan says that there is no saved plan to apply.
	ErrNoPlan = errors.New("no saved plan")
	// ErrPlanStale says that the saved plan is another one than was shown, or
	// that the state changed since it was made.
	ErrPlanStale = errors.New("saved plan is stale")
)

// NotFoundError says that there is no engine in any of the places searched.
type NotFoundError struct{ Searched []string }

func (e *NotFoundError) Error() string {
	return "no terraform or tofu found in " + strings.Join(e.Searched, ", ")
}

// TooOldError names an engine below [MinVersion].
type TooOldError struct{ Path, Version, Min string }

func (e *TooOldError) Error() string {
	return fmt.Sprintf("%s is version %s, older than %s", e.Path, e.Version, e.Min)
}

// NotExecutableError names a file that should be an engine and does not run as one.
type NotExecutableError struct {
	Path, Reason string

	err error
}

func (e *NotExecutableError) Error() string {
	return fmt.Sprintf("%s cannot be run as terraform: %s", e.Path, e.Reason)
}

// Unwrap returns the cause, if there is one.
func (e *NotExecutableError) Unwrap() error { return e.err }

// DigestError says that a module's files are not those that were asked for, or,
// when Want is empty, that it is fetched and nobody said which files it has.
type DigestError struct{ Source, Want, Got string }

func (e *DigestError) Error() string {
	if e.Want == "" {
		return fmt.Sprintf("module %q is fetched and not pinned by a digest; what it gives now is %s", e.Source, e.Got)
	}
	return fmt.Sprintf("module %q has digest %s, not %s", e.Source, e.Got, e.Want)
}

// UnlockedError says that a module from elsewhere brings providers and nobody
// said which files those have.
type UnlockedError struct {
	Source    string
	Providers []string // "source constraints"
}

func (e *UnlockedError) Error() string {
	return fmt.Sprintf("module %q brings providers that no %s pins: %s", e.Source, lockFile, strings.Join(e.Providers, ", "))
}

// ModuleError names what a module holds and may not hold, or why it cannot be read.
type ModuleError struct {
	Source, Path, Problem string

	err error
}

func (e *ModuleError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("module %q: %s", e.Source, e.Problem)
	}
	return fmt.Sprintf("module %q: %s: %s", e.Source, e.Path, e.Problem)
}

// Unwrap returns the cause, if there is one.
func (e *ModuleError) Unwrap() error { return e.err }

// InterfaceError says that a module and what is given to it or wanted from it
// do not fit. Kind is "variable", "output" or "provider".
type InterfaceError struct{ Kind, Name, Problem string }

func (e *InterfaceError) Error() string {
	return fmt.Sprintf("%s %q %s", e.Kind, e.Name, e.Problem)
}

// EnvError names a variable that a command may not be given.
type EnvError struct{ Name string }

func (e *EnvError) Error() string {
	return fmt.Sprintf("variable %q cannot be set for terraform", e.Name)
}

// StateDamagedError holds what is wrong with a state file. Found is zero when
// nothing could be read; Backup is a readable older copy, or empty.
type StateDamagedError struct {
	Path, Problem   string
	Recorded, Found State
	Backup          string
}

func (e *StateDamagedError) Error() string {
	return fmt.Sprintf("%s %s", e.Path, e.Problem)
}

// Is reports whether target is [ErrStateDamaged].
func (e *StateDamagedError) Is(target error) bool { return target == ErrStateDamaged }

// Diagnostic is one message of the engine.
type Diagnostic struct {
	Severity string `json:"severity"` // "error" or "warning"
	Summary  string `json:"summary"`
	Detail   string `json:"detail,omitempty"`
	Address  string `json:"address,omitempty"` // of the resource it is about, if any
}

// RunError is a command of the engine that did not succeed. When it was
// cancelled, errors.Is finds the error of the context.
type RunError struct {
	Verb        string // "plan", "apply", "init", "get"
	Diagnostics []Diagnostic
	Err         error // how the process ended
}

func (e *RunError) Error() string {
	text := "terraform " + e.Verb
	if errors.Is(e.Err, context.Canceled) || errors.Is(e.Err, context.DeadlineExceeded) {
		text += " was cancelled"
	}
	i := slices.IndexFunc(e.Diagnostics, func(d Diagnostic) bool { return d.Severity == "error" })
	if i < 0 {
		return fmt.Sprintf("%s: %v", text, e.Err)
	}
	text += ": " + e.Diagnostics[i].Summary
	if detail := e.Diagnostics[i].Detail; detail != "" {
		text += ": " + detail
	}
	return text
}

// Unwrap returns how the process ended.
func (e *RunError) Unwrap() error { return e.Err }

// Unreachable reports whether a plan failed only because providers could not be
// configured, or did not get what they asked for. What is wrong with the
// configuration itself is told about no object, or as one of a few summaries.
func (e *RunError) Unreachable() bool {
	failed := 0
	for _, d := range e.Diagnostics {
		if d.Severity != "error" {
			continue
		}
		if d.Address == "" || slices.Contains([]string{
			"Missing required argument", "Unsupported argument", "Missing Configuration for Required Attribute",
		}, d.Summary) {
			return false
		}
		failed++
	}
	return e.Verb == "plan" && failed > 0
}

// Is finds what is wrong with the disk, which the engine tells in words only:
// ENOSPC, EDQUOT and EROFS.
func (e *RunError) Is(target error) bool {
	if target != syscall.ENOSPC && target != syscall.EDQUOT && target != syscall.EROFS {
		return false
	}
	return slices.ContainsFunc(e.Diagnostics, func(d Diagnostic) bool {
		words := strings.Join(strings.Fields(d.Summary+" "+d.Detail), " ")
		return strings.Contains(words, target.Error())
	})
}
