package ui

import (
	"errors"
	"fmt"
	"slices"
)

// Prompter asks a person on stderr and reads the answers from stdin. Labels
// and options are escaped.
type Prompter interface {
	// Select returns one of the options. def is the one offered first; ""
	// is none, another value that is no option is an error.
	Select(label string, options []string, def string) (string, error)
	// Input returns a line, or def when it is empty.
	Input(label, def string) (string, error)
	// Confirm returns the answer to a question of yes or no.
	Confirm(label string, def bool) (bool, error)
}

var (
	// ErrInterrupted says that the person cancelled the question.
	ErrInterrupted = errors.New("interrupted")
	// ErrNoInput says that there is nobody to ask: no terminal, or one that
	// was closed.
	ErrNoInput = errors.New("no terminal to ask on")
)

// CanPrompt reports whether questions can be asked: stdin and stderr are
// terminals, and the user did not forbid it.
func CanPrompt(s Streams, noInput bool) bool { return s.InTTY && s.ErrTTY && !noInput }

// NewPrompter returns the prompter that suits the terminal: numbered lines
// when it is dumb or PLATFORMCTL_ACCESSIBLE is set, else menus.
func NewPrompter(s Streams, getenv func(string) string) Prompter {
	if dumb(getenv) || getenv("PLATFORMCTL_ACCESSIBLE") != "" {
		return NewPlain(s)
	}
	return NewSurvey(s)
}

// checkOptions reports what neither prompter can show.
func checkOptions(options []string, def string) error {
	if len(options) == 0 {
		return errors.New("no options to select from")
	}
	if def != "" && !slices.Contains(options, def) {
		return fmt.Errorf("default %q is not an option", def)
	}
	return nil
}
