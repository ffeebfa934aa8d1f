// Package ui is where platformctl meets a person or a pipe: results on stdout
// in one of four formats, progress and questions on stderr. Every string that
// it prints is escaped, so that nothing from outside drives a terminal.
package ui

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"
)

// defaultWidth stands for the width of a terminal that does not tell it.
const defaultWidth = 80

// Streams are the three standard streams and what is known of them.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer

	// InTTY, OutTTY and ErrTTY say which of them are terminals.
	InTTY, OutTTY, ErrTTY bool
	// Width is the number of columns of the terminal. It limits only what
	// goes to a terminal; 0 is no limit.
	Width int
	// Color allows escape codes on the streams that are terminals.
	Color bool
	// Quiet silences progress, also of what fails; results and questions remain.
	Quiet bool
	// Done ends a question that waits for an answer, which a blocking read
	// would survive. It may be nil; set it to the Done of the main context.
	Done <-chan struct{}

	// dumb is a terminal that cannot move its cursor.
	dumb bool
	// forced asks for colour where there is no terminal.
	forced bool
}

// System returns the streams of this process. NO_COLOR, CLICOLOR=0 and
// TERM=dumb turn colour off; CLICOLOR_FORCE and FORCE_COLOR turn it on for
// pipes too, unless NO_COLOR is set.
func System(getenv func(string) string) Streams {
	s := Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	s.InTTY = term.IsTerminal(int(os.Stdin.Fd()))
	s.OutTTY = term.IsTerminal(int(os.Stdout.Fd()))
	s.ErrTTY = term.IsTerminal(int(os.Stderr.Fd()))
	s.dumb = dumb(getenv)
	s.Color, s.forced = color(getenv, s.OutTTY || s.ErrTTY)
	switch {
	case s.OutTTY:
		s.Width = width(os.Stdout, getenv)
	case s.ErrTTY:
		s.Width = width(os.Stderr, getenv)
	}
	return s
}

// dumb also takes a terminal without a name for one that knows no escape codes.
func dumb(getenv func(string) string) bool {
	t := getenv("TERM")
	return t == "" || t == "dumb"
}

func color(getenv func(string) string, tty bool) (on, forced bool) {
	set := func(name string) bool { v := getenv(name); return v != "" && v != "0" && v != "false" }
	switch {
	case getenv("NO_COLOR") != "":
		return false, false
	case set("CLICOLOR_FORCE"), set("FORCE_COLOR"):
		return true, true
	case getenv("CLICOLOR") == "0", dumb(getenv):
		return false, false
	}
	return tty, false
}

func width(f *os.File, getenv func(string) string) int {
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
		return columns
	}
	if columns, err := strconv.Atoi(getenv("COLUMNS")); err == nil && columns > 0 {
		return columns
	}
	return defaultWidth
}

// outWidth is the limit for results; 0 is none.
func (s Streams) outWidth() int {
	if !s.OutTTY {
		return 0
	}
	return s.Width
}

// errWidth is the limit for one line of progress or a question.
func (s Streams) errWidth() int {
	if s.Width > 0 {
		return s.Width
	}
	return defaultWidth
}

func (s Streams) outColor() bool { return s.Color && (s.OutTTY || s.forced) }
