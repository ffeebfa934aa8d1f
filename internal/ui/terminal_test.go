package ui

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// deadline is far more than a question needs, also on a busy machine.
const deadline = 5 * time.Second

// fakeTerminal is a pseudo-terminal whose other end is the test: nobody
// answers escape codes, unless answer is set.
type fakeTerminal struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	answer string // to askCursor
	hangUp func() // closes the terminal

	mu      sync.Mutex
	written bytes.Buffer
}

func newTerminal(t *testing.T, answer string) *fakeTerminal {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeTerminal{t: t, master: master, slave: slave, answer: answer}
	stop, stopped := make(chan struct{}), make(chan struct{})
	f.hangUp = sync.OnceFunc(func() {
		close(stop)
		<-stopped // a read would keep the terminal open
		_ = master.Close()
	})
	t.Cleanup(func() { f.hangUp(); _ = slave.Close() })
	reader := newInput(Streams{In: master, Done: stop})
	go func() { defer close(stopped); f.run(reader) }()
	return f
}

func (f *fakeTerminal) run(reader io.Reader) {
	buffer := make([]byte, 4096)
	for {
		n, err := reader.Read(buffer)
		if err != nil {
			return
		}
		f.mu.Lock()
		f.written.Write(buffer[:n])
		f.mu.Unlock()
		if f.answer != "" && bytes.Contains(buffer[:n], []byte(askCursor)) {
			_, _ = io.WriteString(f.master, f.answer)
		}
	}
}

func (f *fakeTerminal) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.written.String()
}

func (f *fakeTerminal) typeKeys(keys string) {
	f.t.Helper()
	if _, err := io.WriteString(f.master, keys); err != nil {
		f.t.Error(err)
	}
}

// shown is all that was written to the terminal.
func (f *fakeTerminal) shown() string {
	f.t.Helper()
	const end = "<end>"
	if _, err := io.WriteString(f.slave, end); err != nil {
		f.t.Error(err)
	}
	f.waitFor(end)
	return f.text()
}

// waitFor returns once the terminal shows s.
func (f *fakeTerminal) waitFor(s string) {
	f.t.Helper()
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if strings.Contains(f.text(), s) {
			return
		}
	}
	f.t.Errorf("terminal shows %q, want %q in it", f.text(), s)
}

func (f *fakeTerminal) streams() Streams {
	return Streams{In: f.slave, Out: io.Discard, Err: f.slave, InTTY: true, ErrTTY: true, Width: 80, Color: true}
}

// within runs ask and fails the test when it does not return in time.
func within(t *testing.T, ask func() (any, error)) (any, error) {
	t.Helper()
	type result struct {
		answer any
		err    error
	}
	results := make(chan result, 1)
	go func() {
		answer, err := ask()
		results <- result{answer, err}
	}()
	select {
	case r := <-results:
		return r.answer, r.err
	case <-time.After(deadline):
		t.Fatal("the question did not return")
		return nil, nil
	}
}
