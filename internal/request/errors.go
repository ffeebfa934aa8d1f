package request

import (
	"errors"
	"fmt"
	"strings"
)

// ErrDeclined is what Service.Confirm returns when the answer was no.
var ErrDeclined = errors.New("declined")

// ErrCancelled says that a request was stopped before anything had changed.
var ErrCancelled = errors.New("cancelled before anything was changed")

// MissingError names a value that a request cannot do without.
type MissingError struct {
	Field   string   // "type", "tier", "team"
	Choices []string // what could be given, if that is known
	Err     error    // says it in other words; may be nil
}

func (e *MissingError) Unwrap() error { return e.Err }

func (e *MissingError) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	if len(e.Choices) == 0 {
		return e.Field + " is missing"
	}
	return fmt.Sprintf("%s is missing: one of %s", e.Field, strings.Join(e.Choices, ", "))
}

// ConflictError says that the name is taken by a resource that the request
// would have to replace, and what differs: nothing when somebody else made it
// while the request was under way.
type ConflictError struct {
	Name        string
	Environment string
	Differs     []Difference
}

// Difference is one value that differs between what exists and what is asked.
type Difference struct {
	Field, Have, Want string
}

func (e *ConflictError) Error() string {
	if len(e.Differs) == 0 {
		return fmt.Sprintf("resource %q was made by somebody else meanwhile", e.Name)
	}
	parts := make([]string, len(e.Differs))
	for i, d := range e.Differs {
		parts[i] = fmt.Sprintf("%s is %q, not %q", d.Field, d.Have, d.Want)
	}
	return fmt.Sprintf("resource %q exists and would have to be replaced: its %s", e.Name, strings.Join(parts, ", its "))
}

// ElsewhereError says that the state and the secrets of a resource are on another
// machine or, with User, in the home of another user of Machine.
type ElsewhereError struct {
	Name, Machine string
	User          bool
}

func (e *ElsewhereError) Error() string {
	if e.User {
		return fmt.Sprintf("resource %q was made on %s from another home, and can be changed only from there", e.Name, e.Machine)
	}
	return fmt.Sprintf("resource %q was made on %s and can be changed only there", e.Name, e.Machine)
}

// UsedIDError says that a chosen request id belongs to another request.
type UsedIDError struct {
	ID, Name string // Name of the resource that it was about
}

func (e *UsedIDError) Error() string {
	return fmt.Sprintf("request id %s was used for another request, about %q", e.ID, e.Name)
}

// RefusedError says which gates did not let a plan pass.
type RefusedError struct {
	Name     string
	Destroy  *Destruction // it is the end of the resource that was asked for
	Verdicts []Verdict
}

func (e *RefusedError) Error() string {
	parts := make([]string, len(e.Verdicts))
	for i, v := range e.Verdicts {
		parts[i] = v.Gate + ": " + v.Reason
	}
	return fmt.Sprintf("the plan for %q is refused by %s", e.Name, strings.Join(parts, "; "))
}

// UnfinishedError says that a request stopped after it had begun to change
// things; the same request again, or a resume, finishes it. So does a destroy.
type UnfinishedError struct {
	Name, RequestID, Step string
	Destroy               bool // it was to destroy the resource
	Err                   error
}

func (e *UnfinishedError) Error() string {
	what := "request %s for"
	if e.Destroy {
		what = "destroy %s of"
	}
	return fmt.Sprintf(what+" %q is unfinished (step %s): %v", e.RequestID, e.Name, e.Step, e.Err)
}

func (e *UnfinishedError) Unwrap() error { return e.Err }

// NoStateError says that a resource is in the record and that there is no state
// on this machine that tells what it is made of.
type NoStateError struct {
	Name, Capability string
}

func (e *NoStateError) Error() string {
	return fmt.Sprintf("there is no Terraform state of resource %q here that says what to destroy", e.Name)
}

// ForeignError says that all that kept an engine from its end was something of
// that name which is not ours, and was left untouched.
type ForeignError struct{ Err error }

func (e *ForeignError) Error() string { return e.Err.Error() }
func (e *ForeignError) Unwrap() error { return e.Err }

// LostError says that nothing of what the state of a resource holds was found
// where its environment says, so that there was nothing to destroy.
type LostError struct {
	Name, Capability string
	Objects          int // in the state
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the state of resource %q holds %s, and nothing of it is on the server of its environment",
		e.Name, plural(e.Objects, "object"))
}

// ChangedError says that somebody else changed a resource, or destroyed it,
// while it was being destroyed.
type ChangedError struct {
	Name string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("resource %q was changed by somebody else meanwhile", e.Name)
}
