package ui

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// spinnerInterval is how often the spinner moves.
	spinnerInterval = 100 * time.Millisecond
	// shownDuration is from which time on a step shows how long it took.
	shownDuration = 100 * time.Millisecond

	doneMark   = "\x1b[32m✓\x1b[0m "
	failedMark = "\x1b[31m✗\x1b[0m "
)

// outcome is the word that ends the line of a step.
type outcome string

const (
	done   outcome = "done"
	failed outcome = "failed"
)

// Progress tells on stderr which step runs: with a spinner on a terminal, with
// one plain line a step elsewhere. When Quiet it writes nothing: the error that
// follows a failed step is its caller's to print. At most one step runs at a
// time. Its methods are safe for concurrent use.
type Progress struct {
	streams Streams
	now     func() time.Time

	mu      sync.Mutex
	step    string // name of the running step; "" is none
	text    string
	started time.Time
	frame   int
	stop    chan struct{} // ends the spinner of the running step
	midline bool          // a plain line waits for its end
}

// NewProgress returns a Progress on s.Err that takes the time from now.
func NewProgress(s Streams, now func() time.Time) *Progress {
	return &Progress{streams: s, now: now}
}

// Start begins the step name and shows text. A step that still runs is done.
func (p *Progress) Start(name, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step != "" {
		p.end(done, "")
	}
	p.step, p.text, p.started = name, Escape(text), p.now()
	switch {
	case p.streams.Quiet:
	case p.spins():
		p.stop = make(chan struct{})
		p.draw()
		go p.spin(p.stop)
	default:
		p.print(p.text + " ... ")
		p.midline = true
	}
}

// Update replaces the text of the running step where a spinner shows it.
func (p *Progress) Update(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step == "" {
		return
	}
	p.text = Escape(text)
	if p.stop != nil {
		p.draw()
	}
}

// Done ends the running step. A text that is not empty replaces the step's.
func (p *Progress) Done(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step != "" {
		p.end(done, text)
	}
}

// Fail ends the running step as failed. Without one it prints text alone.
func (p *Progress) Fail(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end(failed, text)
}

// Note prints a line beside the steps.
func (p *Progress) Note(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.streams.Quiet {
		return
	}
	p.clear()
	p.print(EscapeLines(text) + "\n")
	if p.stop != nil {
		p.draw()
	}
}

// spins needs a terminal that can go back on its line.
func (p *Progress) spins() bool {
	return p.streams.ErrTTY && p.streams.Color && !p.streams.dumb && !p.streams.Quiet
}

// spin draws until stop is closed. It checks under the lock, so that nothing
// is drawn once the step has ended.
func (p *Progress) spin(stop chan struct{}) {
	ticker := time.NewTicker(spinnerInterval)
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			return
		case <-ticker.C:
		}
		p.mu.Lock()
		if p.stop == stop {
			p.frame++
			p.draw()
		}
		p.mu.Unlock()
	}
}

// end writes how the step went. What a plain step has begun to write is
// completed when nothing came in between.
func (p *Progress) end(how outcome, text string) {
	running, duration := p.step != "", p.duration()
	text = Escape(text)
	p.halt()
	switch {
	case p.streams.Quiet:
	case running && p.spins():
		p.endSpinner(how, text, duration)
	case running:
		p.endLine(how, text, duration)
	case text != "":
		p.print(text + "\n")
	}
}

func (p *Progress) endSpinner(how outcome, text, duration string) {
	if text == "" {
		text = p.text
	}
	mark := doneMark
	if how == failed {
		mark = failedMark
	}
	p.clear()
	p.print(mark + text + duration + "\n")
}

func (p *Progress) endLine(how outcome, text, duration string) {
	if !p.midline {
		p.print(p.text + " ... ")
	}
	p.midline = false
	switch {
	case text == "":
		text = string(how)
	case how == failed:
		text = string(how) + ": " + text
	}
	p.print(text + duration + "\n")
}

func (p *Progress) halt() {
	if p.stop != nil {
		close(p.stop)
		p.stop = nil
	}
	p.step = ""
}

// clear makes room for a whole line: the spinner goes, a plain line that was
// begun is closed.
func (p *Progress) clear() {
	switch {
	case p.midline:
		p.print("\n")
		p.midline = false
	case p.spins():
		p.print("\r\x1b[K")
	}
}

func (p *Progress) draw() {
	frames := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	line := cut(p.text, p.streams.errWidth()-3)
	p.print("\r\x1b[K\x1b[36m" + string(frames[p.frame%len(frames)]) + "\x1b[0m " + line)
}

// print ignores errors: a lost stderr has nobody to tell.
func (p *Progress) print(s string) { _, _ = io.WriteString(p.streams.Err, s) }

// duration is empty for a step that was too short to notice.
func (p *Progress) duration() string {
	if p.step == "" {
		return ""
	}
	d := p.now().Sub(p.started)
	switch {
	case d < shownDuration:
		return ""
	case d < time.Second:
		return fmt.Sprintf(" (%dms)", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf(" (%.1fs)", d.Truncate(shownDuration).Seconds())
	}
	return fmt.Sprintf(" (%dm%02ds)", int(d.Minutes()), int(d.Seconds())%60)
}
