package postgres

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

// ErrDamaged is wrapped by errors about a directory that holds half a server,
// for instance data without its password. Nothing was changed.
var ErrDamaged = errors.New("server directory is damaged")

// ErrUnsupported says that servers cannot be run on this system.
var ErrUnsupported = errors.New("PostgreSQL servers are run on Linux and macOS, not on " + runtime.GOOS)

// NotFoundError says that no usable PostgreSQL was found.
type NotFoundError struct {
	Searched []string // directories, patterns and "PATH", in the order of the search
	Broken   []Broken // what was found but cannot be used
}

// Broken is a PostgreSQL binary that was found and cannot be used.
type Broken struct {
	Path string
	Err  error
}

// Error names the places searched and what was wrong with those found.
func (e *NotFoundError) Error() string {
	var b strings.Builder
	b.WriteString("no usable PostgreSQL found")
	for _, x := range e.Broken {
		fmt.Fprintf(&b, "; %s: %v", x.Path, x.Err)
	}
	fmt.Fprintf(&b, "; searched %s", strings.Join(e.Searched, ", "))
	return b.String()
}

// Unwrap returns the errors of the broken ones.
func (e *NotFoundError) Unwrap() []error {
	errs := make([]error, len(e.Broken))
	for i, x := range e.Broken {
		errs[i] = x.Err
	}
	return errs
}

// TooOldError says that a PostgreSQL is older than [MinMajor].
type TooOldError struct {
	Path    string
	Version string
	Min     int
}

func (e *TooOldError) Error() string {
	return fmt.Sprintf("PostgreSQL %s is too old, at least %d is needed", e.Version, e.Min)
}

// PortTakenError says that other programs hold every port the server tried.
type PortTakenError struct {
	Port int // the stored one
}

func (e *PortTakenError) Error() string {
	return fmt.Sprintf("port %d and those after it are taken by other programs", e.Port)
}

// VersionMismatchError says that a data directory was made by another major
// version of PostgreSQL than the ones found here.
type VersionMismatchError struct {
	Dir  string
	Have int // of the data directory
	Want int // of the binaries
}

func (e *VersionMismatchError) Error() string {
	return fmt.Sprintf("data directory %q is of PostgreSQL %d, and only PostgreSQL %d was found", e.Dir, e.Have, e.Want)
}

// StartError says that initdb or the server failed. It wraps ENOSPC, EROFS,
// EDQUOT or EACCES when the output tells of one, else what ended the wait or
// the process.
type StartError struct {
	Step    string // "initialize" or "start"
	Log     string // the end of what the program wrote
	LogFile string // where all of it is; empty when it is in no file
	Err     error
}

// Error holds the line of the log that says why, and where the others are.
func (e *StartError) Error() string {
	text := fmt.Sprintf("%s the PostgreSQL server: %v", e.Step, e.Err)
	if line := reason(e.Log); line != "" {
		text += ": " + line
	}
	if e.LogFile != "" {
		text += fmt.Sprintf(" (log: %s)", e.LogFile)
	}
	return text
}

func (e *StartError) Unwrap() error { return e.Err }

// newStartError makes the error of a step from what the program wrote. A caller
// that keeps it in a file adds the path.
func newStartError(step, output string, err error) *StartError {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EROFS, syscall.EDQUOT, syscall.EACCES} {
		// The programs run with LC_ALL=C, where strerror says what Go says
		// apart from the case of the first letter.
		if strings.Contains(strings.ToLower(output), errno.Error()) {
			err = errno
			break
		}
	}
	return &StartError{Step: step, Log: tail(output, maxTail), Err: err}
}

// fatal finds what ended a program: "FATAL:  ..." of the server, after a prefix
// with time and process, and "initdb: error: ...". They run with LC_ALL=C.
var fatal = regexp.MustCompile(`(?m)(?:FATAL|PANIC|error): .*$`)

// maxReason is how much of a line goes into the text of an error, in bytes.
const maxReason = 400

// reason returns the last line of log that tells of a failure, else its last.
func reason(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	line := lines[len(lines)-1]
	if found := fatal.FindAllString(log, -1); len(found) > 0 {
		line = found[len(found)-1]
	}
	if len(line) > maxReason {
		line = line[:maxReason] + "..."
	}
	return strings.ToValidUTF8(strings.TrimSpace(line), "?")
}

// maxTail is how much of a log an error carries, in bytes.
const maxTail = 4 << 10

// tail returns the last lines of s, at most n bytes.
func tail(s string, n int) string {
	s = strings.TrimSpace(s)
	if len(s) <= n {
		return s
	}
	s = s[len(s)-n:]
	if _, rest, ok := strings.Cut(s, "\n"); ok {
		return rest
	}
	return s
}
