package ui

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// syncBuffer may be read while the spinner writes.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// fakeClock moves only when told to.
type fakeClock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *fakeClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *fakeClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// work is a run with everything that a Progress can show.
func work(p *Progress, c *fakeClock) {
	p.Note("beginning\nwith two lines")
	p.Start("resolve", "resolving")
	c.pass(99 * time.Millisecond)
	p.Done("")
	p.Start("plan", "planning")
	p.Update("planning role")
	c.pass(240 * time.Millisecond)
	p.Done("2 to add")
	p.Start("apply", "applying")
	p.Note("slow \x1b[2J")
	c.pass(1290 * time.Millisecond)
	p.Done("")
	p.Start("first", "left open")
	p.Start("commit", "committing\x1b]0;x\a")
	c.pass(61 * time.Second)
	p.Fail("moved\n")
	p.Update("late")
	p.Done("late")
	p.Fail("")
	p.Fail("at last")
}

func TestPlainProgress(t *testing.T) {
	const want = `beginning
with two lines
resolving ... done
planning ... 2 to add (240ms)
applying ... 
slow ^[[2J
applying ... done (1.2s)
left open ... done
committing^[]0;x^G ... failed: moved^J (1m01s)
at last
`
	for name, s := range map[string]Streams{
		"pipe":                   {Color: true, Width: 10},
		"terminal without color": {ErrTTY: true, Width: 80},
		"dumb terminal":          {ErrTTY: true, Color: true, dumb: true},
		"only stdout a terminal": {OutTTY: true, Color: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			s.Out, s.Err = &out, &errs
			c := &fakeClock{}
			work(NewProgress(s, c.now), c)
			if diff := cmp.Diff(want, errs.String()); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
			if out.Len() > 0 {
				t.Errorf("stdout = %q, want nothing", out.String())
			}
		})
	}
}

// Stderr may be for a program to read: with JSON asked for, the error alone.
func TestQuietProgress(t *testing.T) {
	for _, tty := range []bool{false, true} {
		var errs syncBuffer
		c := &fakeClock{}
		work(NewProgress(Streams{Err: &errs, Quiet: true, ErrTTY: tty, Color: tty}, c.now), c)
		if got := errs.String(); got != "" {
			t.Errorf("on a terminal %v: stderr = %q, want nothing", tty, got)
		}
	}
}

// screenOf is what a terminal shows after s: each line from its last erasure.
func screenOf(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if at := strings.LastIndex(line, "\r\x1b[K"); at >= 0 {
			lines[i] = line[at+len("\r\x1b[K"):]
		}
		lines[i] = colorSequence.ReplaceAllString(lines[i], "")
	}
	return strings.Join(lines, "\n")
}

func TestSpinner(t *testing.T) {
	const want = `beginning
with two lines
✓ resolving
✓ 2 to add (240ms)
slow ^[[2J
✓ applying (1.2s)
✓ left open
✗ moved^J (1m01s)
at last
`
	var errs syncBuffer
	c := &fakeClock{}
	work(NewProgress(Streams{Err: &errs, ErrTTY: true, Color: true, Width: 80}, c.now), c)
	if diff := cmp.Diff(want, screenOf(errs.String())); diff != "" {
		t.Errorf("screen (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"\x1b[2J", "\x1b]", "\x1b[?25"} {
		if strings.Contains(errs.String(), bad) {
			t.Errorf("terminal got %q", bad)
		}
	}
}

func TestSpinnerTurnsUntilTheStepEnds(t *testing.T) {
	var errs syncBuffer
	p := NewProgress(Streams{Err: &errs, ErrTTY: true, Color: true, Width: 20}, time.Now)
	p.Start("apply", strings.Repeat("long text ", 10))
	begin := time.Now()
	for !strings.Contains(errs.String(), "⠹") {
		if time.Since(begin) > deadline {
			t.Fatalf("the spinner does not turn: %q", errs.String())
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := displayWidth(screenOf(errs.String())); got >= 20 {
		t.Errorf("the spinner takes %d of 20 columns", got)
	}
	p.Fail("no")
	at := errs.String()
	if !strings.HasSuffix(at, "\n") {
		t.Errorf("the line is open after Fail: %q", at)
	}
	time.Sleep(3 * spinnerInterval)
	if later := errs.String(); later != at {
		t.Errorf("the spinner wrote %q after Fail", strings.TrimPrefix(later, at))
	}
}

func TestProgressIsSafeForConcurrentUse(t *testing.T) {
	var errs syncBuffer
	p := NewProgress(Streams{Err: &errs, ErrTTY: true, Color: true, Width: 80}, time.Now)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				p.Start("step", "step")
				p.Update(fmt.Sprint("update ", i, j))
				p.Note("note")
				p.Done("")
			}
		})
	}
	wg.Wait()
	p.Done("")
	if got := strings.Count(errs.String(), "note\n"); got != 8*50 {
		t.Errorf("%d whole notes, want %d", got, 8*50)
	}
}

func TestProgressWithoutStderr(*testing.T) {
	c := &fakeClock{}
	work(NewProgress(Streams{Err: brokenWriter{}}, c.now), c)
	work(NewProgress(Streams{Err: io.Discard, ErrTTY: true, Color: true}, c.now), c)
}
