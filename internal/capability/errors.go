package capability

import (
	"errors"
	"fmt"
	"strings"
)

var (
	errDuration = errors.New("must be a duration above zero, as in 720h or 2s")
	errDate     = errors.New("must be a day, as in 2027-01-31")
)

// UnknownError says that there is no capability, type or tier of a name.
type UnknownError struct {
	What  string // "capability", "type" or "tier"
	Name  string
	Known []string // the names there are, sorted
}

func (e *UnknownError) Error() string { return fmt.Sprintf("unknown %s %s", e.What, show(e.Name)) }

// InputError says what is wrong with an input of a request.
type InputError struct {
	Field   string // name of the input, or a path into it as in extensions[1]
	Problem string
	Value   string   // the refused value, escaped and cut short; may be empty
	Known   []string // what is valid instead, where that is a short list: names of inputs or values
}

func (e *InputError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("input %s: %s", show(e.Field), e.Problem)
	}
	return fmt.Sprintf("input %s: %s: %s", show(e.Field), e.Problem, e.Value)
}

// LockedError says that a request sets an input that its tier locks.
type LockedError struct {
	Field, Tier string
	Value       any // what the tier sets it to; nil when it only locks the default of the module
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("input %q is fixed by the platform in tier %q", e.Field, e.Tier)
}

// MatchError says that no implementation serves a request, or that several do
// equally well.
type MatchError struct {
	Capability  string // as in database/postgresql@1.0.0
	Environment string
	Target      string
	Tier        string
	Known       []string // targets that the type has implementations for, sorted
	Tied        []string // the implementations that match equally well, as "spec.types.postgresql.implementations[0] (target=local)"; empty when none matches
}

func (e *MatchError) Error() string {
	if len(e.Tied) > 0 {
		return fmt.Sprintf("capability %s: these implementations match equally well: %s", e.Capability, strings.Join(e.Tied, ", "))
	}
	return fmt.Sprintf("capability %s has no implementation for target %q (environment %q, tier %q)", e.Capability, e.Target, e.Environment, e.Tier)
}

// ExpressionError says that an expression of the definition failed on the
// values of a request: an operator's matter, such as a value that the
// environment lacks.
type ExpressionError struct {
	Field      string // path in capability.yaml
	Expression string
	Problem    string
}

func (e *ExpressionError) Error() string {
	return fmt.Sprintf("field %q: expression %q: %s", e.Field, e.Expression, e.Problem)
}

// OutputError says that a module did not give what the definition promises.
type OutputError struct {
	Output, From, Problem string
}

func (e *OutputError) Error() string {
	return fmt.Sprintf("output %q (from module output %q): %s", e.Output, e.From, e.Problem)
}

// FileError says that a file or directory of a capability cannot be used: it is
// missing, too large, or no regular file.
type FileError struct {
	File string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("%s: %v", e.File, e.Err) }

// Unwrap returns what is wrong with it.
func (e *FileError) Unwrap() error { return e.Err }

// Problem is one fault of a definition.
type Problem struct {
	Field   string // path in capability.yaml, as in spec.types.postgresql.inputs
	Problem string
	Known   []string // what is valid instead, where that is a short list
}

func (p Problem) String() string { return fmt.Sprintf("field %q: %s", p.Field, p.Problem) }

// DefinitionError lists what is wrong with a definition that could be read.
type DefinitionError struct {
	File     string
	Problems []Problem // at least one, in the order of the fields
}

func (e *DefinitionError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return e.File + ": " + strings.Join(lines, "; ")
}
