package ui

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/AlecAivazis/survey/v2/terminal"
	"golang.org/x/term"
)

// survey asks the terminal where the cursor is, and waits for the answer for
// ever. Behind many pseudo-terminals there is nobody to answer: agents, CI
// runners, tests. screen and keys stand between survey and the terminal and
// answer in its place when it does not.
const (
	askCursor    = "\x1b[6n"
	moveToCorner = "\x1b[999;999f" // survey's way to the size of the terminal
	firstCell    = "\x1b[1;1R"

	// probeTimeout is how long a terminal may take to answer.
	probeTimeout = 500 * time.Millisecond
	// escapeTimeout is how long the rest of an escape sequence may take;
	// after that it was the Escape key.
	escapeTimeout = 50 * time.Millisecond

	defaultRows = 24
	endOfInput  = 0x04 // Ctrl-D, which survey takes for Enter
)

var (
	_ terminal.FileReader = (*keys)(nil)
	_ terminal.FileWriter = (*screen)(nil)
)

// screen passes on what survey writes, except for its probes.
type screen struct {
	terminal.FileWriter
	keys   *keys
	width  int
	color  bool
	corner bool // the next probe asks for the size
}

var colorSequence = regexp.MustCompile("\x1b\\[[0-9;]*m")

// Write never fails: survey does not expect it to and would crash. A terminal
// that is gone ends the input instead.
func (s *screen) Write(p []byte) (int, error) {
	switch string(p) {
	case moveToCorner: // makes some terminals scroll
		s.corner = true
		return len(p), nil
	case askCursor:
		if s.corner {
			s.corner = false
			columns, rows := s.size()
			s.keys.answer(fmt.Sprintf("\x1b[%d;%dR", rows, columns))
			return len(p), nil
		}
		if !s.keys.probe() {
			return len(p), nil
		}
	}
	out := p
	if s.color {
		// survey shows defaults in white, invisible on white.
		out = bytes.ReplaceAll(out, []byte("\x1b[0;37m"), []byte("\x1b[0;39m"))
	} else {
		out = colorSequence.ReplaceAll(out, nil)
	}
	if _, err := s.FileWriter.Write(out); err != nil {
		s.keys.end(io.EOF)
	}
	return len(p), nil
}

func (s *screen) size() (columns, rows int) {
	columns, rows, err := term.GetSize(int(s.Fd()))
	if err != nil || columns <= 0 || rows <= 0 {
		return s.width, defaultRows
	}
	return columns, rows
}

// keys hands survey one key at a time, so that it holds none back that belong
// to the next question, and only those that it understands: it fails on other
// escape sequences or takes them for text.
type keys struct {
	in      *input
	answers []byte // to probes, made by us
	pending []byte // read and not handed over
	probing bool   // the terminal was asked and has not answered
	mute    bool   // the terminal does not answer
	err     error  // what ended the input
}

// Fd returns the descriptor of the terminal, whose mode survey changes.
func (k *keys) Fd() uintptr { return uintptr(k.in.fd) }

func (k *keys) Read(p []byte) (int, error) {
	for {
		if len(k.answers) > 0 {
			n := copy(p, k.answers)
			k.answers = k.answers[n:]
			return n, nil
		}
		if k.probing {
			k.awaitReport()
			continue
		}
		n, kind := scanKey(k.pending)
		key := k.pending[:n]
		k.pending = k.pending[n:]
		switch {
		case n == 0 && k.err != nil:
			return 0, k.err
		case n == 0:
			k.fill()
		case key[0] == endOfInput:
			k.pending = nil
			k.end(io.EOF)
		case kind != unknownKey:
			return copy(p, key), nil
		}
	}
}

// awaitReport takes the answer of the terminal out of the keys that were typed
// before it arrived.
func (k *keys) awaitReport() {
	if at := cursorReport.FindIndex(k.pending); at != nil {
		k.answer(string(k.pending[at[0]:at[1]]))
		k.pending = slices.Delete(k.pending, at[0], at[1])
		k.probing = false
		return
	}
	ready, err := k.in.wait(probeTimeout)
	switch {
	case err != nil:
		k.end(err)
	case ready:
		k.read()
	default:
		k.probing, k.mute = false, true
		k.answer(firstCell)
	}
}

// fill waits for the next key, or for the rest of one.
func (k *keys) fill() {
	if len(k.pending) == 0 {
		k.read()
		return
	}
	ready, err := k.in.wait(escapeTimeout)
	switch {
	case err != nil:
		k.end(err)
	case ready:
		k.read()
	default:
		k.pending = nil
	}
}

func (k *keys) read() {
	buffer := make([]byte, 256)
	n, err := k.in.Read(buffer)
	k.pending = append(k.pending, buffer[:n]...)
	if err != nil {
		k.end(err)
	}
}

// end makes err the end of the input. A probe is still answered: survey
// crashes without.
func (k *keys) end(err error) {
	k.err = err
	if k.probing {
		k.probing = false
		k.answer(firstCell)
	}
}

func (k *keys) answer(s string) { k.answers = append(k.answers, s...) }

// probe reports whether the terminal is to be asked; if not, the answer is
// there already.
func (k *keys) probe() bool {
	if k.mute || k.err != nil {
		k.answer(firstCell)
		return false
	}
	k.probing = true
	return true
}

type keyKind int

const (
	textKey    keyKind = iota // a character or a control character
	specialKey                // an escape sequence that survey knows
	unknownKey                // another: dropped, also a report that is too late
)

// maxSequence bounds how much a sequence without an end may swallow.
const maxSequence = 32

var (
	specialSequence = regexp.MustCompile("^\x1b([\\[O][ABCDFH]|\\[3~)$")
	cursorReport    = regexp.MustCompile("\x1b\\[[0-9]+;[0-9]+R")
)

// scanKey returns the length and the kind of the first key in b. The length is
// 0 when b does not hold the whole of it.
func scanKey(b []byte) (int, keyKind) {
	if len(b) == 0 || !utf8.FullRune(b) {
		return 0, textKey
	}
	if b[0] != '\x1b' {
		_, size := utf8.DecodeRune(b)
		return size, textKey
	}
	n := sequenceLength(b)
	if specialSequence.Match(b[:n]) {
		return n, specialKey
	}
	return n, unknownKey
}

// sequenceLength is that of the escape sequence at the beginning of b, 0 when
// its end is missing. A control character inside is a key of its own: Ctrl-C
// after Escape must work.
func sequenceLength(b []byte) int {
	if len(b) == 1 {
		return 0
	}
	start := 1 // of the byte that may end it: ESC x
	switch b[1] {
	case '[', 'O':
		start = 2
	}
	for i, c := range b[start:] {
		switch {
		case c < 0x20 || c >= 0x7f:
			return start + i
		case c >= 0x40 || b[1] != '[':
			return start + i + 1
		case i == maxSequence:
			return start + i
		}
	}
	return 0
}
