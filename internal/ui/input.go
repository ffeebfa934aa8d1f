package ui

import (
	"errors"
	"io"
	"time"
)

// donePoll is how long an interrupted question may go on waiting.
const donePoll = 100 * time.Millisecond

// input reads a terminal without ever being stuck in a read: it waits for
// bytes in slices, and in between looks whether the program is to end. The
// runtime cannot do this, as a terminal that is shared with other processes
// must stay in blocking mode.
type input struct {
	r    io.Reader
	fd   int // -1: not a file, reads are plain
	done <-chan struct{}
}

func newInput(s Streams) *input {
	in := &input{r: s.In, fd: -1, done: s.Done}
	if f, ok := s.In.(interface{ Fd() uintptr }); ok && waitable(f.Fd()) {
		in.fd = int(f.Fd())
	}
	return in
}

// Read waits as long as it takes. It returns ErrInterrupted once done is
// closed.
func (in *input) Read(p []byte) (int, error) {
	for {
		ready, err := in.wait(donePoll)
		if err != nil {
			return 0, err
		}
		if ready {
			return in.r.Read(p)
		}
	}
}

// wait reports whether a read will not block, after at most timeout.
func (in *input) wait(timeout time.Duration) (ready bool, err error) {
	for {
		select {
		case <-in.done:
			return false, ErrInterrupted
		default:
		}
		if in.fd < 0 {
			return true, nil
		}
		ready, again, err := waitFor(in.fd, timeout)
		if !again {
			return ready, err
		}
	}
}

// inputError turns what a read ended with into the errors of Prompter. A
// terminal that was closed gives io.EOF or, to a process in the background,
// EIO.
func inputError(err error) error {
	if errors.Is(err, ErrInterrupted) {
		return ErrInterrupted
	}
	return ErrNoInput
}
