package ui

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/term"
)

// question is asked of each kind of prompter.
type question struct {
	ask    func(Prompter) (any, error)
	keys   string
	answer any
}

func questions() map[string]question {
	colors := []string{"red", "green", "blue"}
	selecting := func(def string) func(Prompter) (any, error) {
		return func(p Prompter) (any, error) { return p.Select("Your color", colors, def) }
	}
	confirming := func(def bool) func(Prompter) (any, error) {
		return func(p Prompter) (any, error) { return p.Confirm("Your consent", def) }
	}
	input := func(p Prompter) (any, error) { return p.Input("Your team", "billing") }
	return map[string]question{
		"select the default": {selecting("green"), "\r", "green"},
		"input":              {input, "checkout\r", "checkout"},
		"input the default":  {input, "\r", "billing"},
		"input unicode":      {input, "é日本\r", "é日本"},
		"confirm":            {confirming(false), "y\r", true},
		"confirm no":         {confirming(true), "n\r", false},
		"confirm default":    {confirming(true), "\r", true},
		"confirm, corrected": {confirming(false), "maybe\ryes\r", true},
	}
}

func prompters() map[string]func(Streams) Prompter {
	return map[string]func(Streams) Prompter{"survey": NewSurvey, "plain": NewPlain}
}

func TestQuestionsOnATerminal(t *testing.T) {
	for kind, newPrompter := range prompters() {
		for terminal, answer := range map[string]string{"without an emulator": "", "that answers": "\x1b[3;7R"} {
			for name, q := range questions() {
				t.Run(kind+" "+terminal+": "+name, func(t *testing.T) {
					t.Parallel()
					f := newTerminal(t, answer)
					before, err := term.GetState(int(f.slave.Fd()))
					if err != nil {
						t.Fatal(err)
					}
					f.typeKeys(q.keys)
					got, err := within(t, func() (any, error) { return q.ask(newPrompter(f.streams())) })
					if err != nil || got != q.answer {
						t.Errorf("answer = %v, %v, want %v; terminal: %q", got, err, q.answer, f.text())
					}
					after, err := term.GetState(int(f.slave.Fd()))
					if err != nil || *before != *after {
						t.Errorf("terminal mode is %v, want %v (%v)", after, before, err)
					}
				})
			}
		}
	}
}

func TestSelectReactsToKeys(t *testing.T) {
	options := []string{"red", "green", "blue"}
	tests := map[string]struct{ keys, want string }{
		"down":                       {"\x1b[B\r", "green"},
		"down in application mode":   {"\x1bOB\x1bOB\r", "blue"},
		"up wraps around":            {"\x1b[A\r", "blue"},
		"filter":                     {"lu\r", "blue"},
		"function keys are ignored":  {"\x1b[15~\x1b[1;5C\x1bOP\r", "red"},
		"mouse and paste marks too":  {"\x1b[<0;3;4M\x1b[200~\r", "red"},
		"alt and a letter too":       {"\x1bx\r", "red"},
		"a late cursor report too":   {"\x1b[24;80R\x1b[B\r", "green"},
		"an unfinished sequence too": {"\x1b[\r", "red"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newTerminal(t, "")
			f.typeKeys(tt.keys)
			got, err := within(t, func() (any, error) { return NewSurvey(f.streams()).Select("Color", options, "") })
			if err != nil || got != tt.want {
				t.Errorf("Select = %v, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestSelectTakesNumbersAndNames(t *testing.T) {
	t.Parallel()
	options := []string{"red", "green", "blue"}
	for keys, want := range map[string]string{"2\r": "green", "blue\r": "blue", "7\rno\r3\r": "blue", "\r\r1\r": "red"} {
		f := newTerminal(t, "")
		f.typeKeys(keys)
		got, err := within(t, func() (any, error) { return NewPlain(f.streams()).Select("Color", options, "") })
		if err != nil || got != want {
			t.Errorf("Select with %q = %v, %v, want %q", keys, got, err, want)
		}
	}
}

// What is typed for the next question must not be lost with this one.
func TestAnswersTypedAhead(t *testing.T) {
	for kind, newPrompter := range prompters() {
		for _, answer := range []string{"", "\x1b[3;7R"} {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				f := newTerminal(t, answer)
				p := newPrompter(f.streams())
				f.typeKeys("Rosa\rblue\ry\r")
				got, err := within(t, func() (any, error) {
					name, err1 := p.Input("Name", "")
					color, err2 := p.Input("Color", "")
					yes, err3 := p.Confirm("Sure", false)
					return []any{name, color, yes}, errors.Join(err1, err2, err3)
				})
				if diff := cmp.Diff([]any{"Rosa", "blue", true}, got); err != nil || diff != "" {
					t.Errorf("answers: %v %s", err, diff)
				}
			})
		}
	}
}

func TestQuestionsEnd(t *testing.T) {
	ends := map[string]struct {
		end  func(f *fakeTerminal, done chan struct{})
		want error
	}{
		"ctrl-d":              {func(f *fakeTerminal, _ chan struct{}) { f.typeKeys("\x04") }, ErrNoInput},
		"the terminal closes": {func(f *fakeTerminal, _ chan struct{}) { f.hangUp() }, ErrNoInput},
		"the program ends":    {func(_ *fakeTerminal, done chan struct{}) { close(done) }, ErrInterrupted},
	}
	for kind, newPrompter := range prompters() {
		for name, tt := range ends {
			for _, what := range []string{"select the default", "input", "confirm"} {
				t.Run(kind+": "+what+": "+name, func(t *testing.T) {
					t.Parallel()
					f := newTerminal(t, "")
					done := make(chan struct{})
					s := f.streams()
					s.Done = done
					go func() {
						f.waitFor("Your") // the label of every question
						time.Sleep(20 * time.Millisecond)
						tt.end(f, done)
					}()
					p := newPrompter(s)
					_, err := within(t, func() (any, error) { return questions()[what].ask(p) })
					if !errors.Is(err, tt.want) {
						t.Errorf("error = %v, want %v", err, tt.want)
					}
				})
			}
		}
	}
}

// The plain prompter leaves Ctrl-C to the terminal, which sends a signal.
func TestSurveyIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"\x03", "ab\x03", "\x1b\x03"} {
		for _, what := range []string{"select the default", "input", "confirm"} {
			f := newTerminal(t, "")
			go func() {
				f.waitFor("Your")                 // the label of every question
				time.Sleep(20 * time.Millisecond) // the mode of the terminal is set after the label is shown
				f.typeKeys(keys)
			}()
			_, err := within(t, func() (any, error) { return questions()[what].ask(NewSurvey(f.streams())) })
			if !errors.Is(err, ErrInterrupted) {
				t.Errorf("%s with %q: error = %v, want %v", what, keys, err, ErrInterrupted)
			}
		}
	}
}

func TestNobodyIsAskedWithoutATerminal(t *testing.T) {
	for kind, newPrompter := range prompters() {
		for name, q := range questions() {
			for _, tty := range []struct{ in, err bool }{{false, false}, {true, false}, {false, true}} {
				var out, errs bytes.Buffer
				s := Streams{In: strings.NewReader(q.keys), Out: &out, Err: &errs, InTTY: tty.in, ErrTTY: tty.err}
				_, err := within(t, func() (any, error) { return q.ask(newPrompter(s)) })
				if !errors.Is(err, ErrNoInput) {
					t.Errorf("%s %s: error = %v, want %v", kind, name, err, ErrNoInput)
				}
				if out.Len()+errs.Len() > 0 {
					t.Errorf("%s %s: wrote %q and %q", kind, name, out.String(), errs.String())
				}
			}
		}
	}
}

// The size comes from the system: asking the terminal makes some scroll.
func TestTheTerminalIsNotAskedForItsSize(t *testing.T) {
	f := newTerminal(t, "\x1b[3;7R")
	f.typeKeys("checkout\r")
	if _, err := within(t, func() (any, error) { return NewSurvey(f.streams()).Input("Team", "") }); err != nil {
		t.Fatal(err)
	}
	text := f.shown()
	if strings.Contains(text, moveToCorner) || strings.Count(text, askCursor) != 1 {
		t.Errorf("terminal got %q, want one question for the cursor", text)
	}
}

// What survey cannot know of a terminal that is slow must not reach it later.
func TestSlowTerminal(t *testing.T) {
	f := newTerminal(t, "")
	p := NewSurvey(f.streams())
	go func() {
		f.waitFor(askCursor)
		time.Sleep(probeTimeout + 100*time.Millisecond)
		f.typeKeys("\x1b[24;")
		time.Sleep(escapeTimeout / 5)
		f.typeKeys("80Rcheckout\r")
	}()
	got, err := within(t, func() (any, error) { return p.Input("Team", "") })
	if err != nil || got != "checkout" {
		t.Errorf("Input = %q, %v, want %q", got, err, "checkout")
	}
}

func TestSelectRefusesAWrongDefault(t *testing.T) {
	for kind, newPrompter := range prompters() {
		f := newTerminal(t, "")
		if _, err := newPrompter(f.streams()).Select("Color", []string{"red"}, "pink"); err == nil || !strings.Contains(err.Error(), "pink") {
			t.Errorf("%s: error = %v, want one that names the default", kind, err)
		}
		if _, err := newPrompter(f.streams()).Select("Color", nil, ""); err == nil {
			t.Errorf("%s: no error without options", kind)
		}
	}
}

func TestQuestionsAreEscaped(t *testing.T) {
	const evil = "a\x1b]0;owned\x07\u202e"
	for kind, newPrompter := range prompters() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f := newTerminal(t, "")
			p := newPrompter(f.streams())
			f.typeKeys("\r\r\r")
			got, err := within(t, func() (any, error) {
				chosen, err1 := p.Select(evil, []string{evil, "b"}, evil)
				typed, err2 := p.Input(evil, evil)
				_, err3 := p.Confirm(evil, false)
				return []string{chosen, typed}, errors.Join(err1, err2, err3)
			})
			if diff := cmp.Diff([]string{evil, evil}, got); err != nil || diff != "" {
				t.Errorf("answers: %v %s", err, diff)
			}
			text := f.shown()
			for _, bad := range []string{"\x1b]", "\x07", "\u202e"} {
				if strings.Contains(text, bad) {
					t.Errorf("terminal got %q: %q", bad, text)
				}
			}
			if !strings.Contains(text, `a^[]0;owned^G\u202e`) {
				t.Errorf("terminal shows %q", text)
			}
		})
	}
}

func TestColorOfQuestions(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{false, true} {
		f := newTerminal(t, "")
		s := f.streams()
		s.Color = color
		f.typeKeys("\r\r")
		_, err := within(t, func() (any, error) {
			p := NewSurvey(s)
			_, err1 := p.Select("Color", []string{"red", "green"}, "red")
			_, err2 := p.Input("Name", "x")
			return nil, errors.Join(err1, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
		text := f.shown()
		if got := colorSequence.MatchString(text); got != color {
			t.Errorf("with color %v the terminal got colors: %v: %q", color, got, text)
		}
	}
	f := newTerminal(t, "")
	f.typeKeys("2\r")
	if _, err := within(t, func() (any, error) { return NewPlain(f.streams()).Select("Color", []string{"red", "green"}, "") }); err != nil {
		t.Fatal(err)
	}
	if text := f.shown(); strings.Contains(text, "\x1b") {
		t.Errorf("plain questions hold escape codes: %q", text)
	}
}

func TestNarrowTerminal(t *testing.T) {
	t.Parallel()
	f := newTerminal(t, "")
	if err := pty.Setsize(f.slave, &pty.Winsize{Rows: 10, Cols: 30}); err != nil {
		t.Fatal(err)
	}
	s := f.streams()
	s.Width = 30
	long := strings.Repeat("label ", 30)
	f.typeKeys("\ry\r")
	if _, err := within(t, func() (any, error) {
		p := NewSurvey(s)
		_, err1 := p.Select(long, []string{long + "1", long + "2"}, "")
		_, err2 := p.Confirm(long, false)
		return nil, errors.Join(err1, err2)
	}); err != nil {
		t.Fatal(err)
	}
	if text := f.shown(); strings.Contains(text, strings.Repeat("label ", 5)) {
		t.Errorf("a label is wider than the terminal: %q", text)
	}
}

func TestNewPrompter(t *testing.T) {
	tests := map[string]struct {
		env   map[string]string
		plain bool
	}{
		"a terminal":   {map[string]string{"TERM": "xterm-256color"}, false},
		"dumb":         {map[string]string{"TERM": "dumb"}, true},
		"without name": {nil, true},
		"accessible":   {map[string]string{"TERM": "xterm", "PLATFORMCTL_ACCESSIBLE": "1"}, true},
	}
	for name, tt := range tests {
		_, got := NewPrompter(Streams{}, func(k string) string { return tt.env[k] }).(*plain)
		if got != tt.plain {
			t.Errorf("%s: plain = %v, want %v", name, got, tt.plain)
		}
	}
}

func TestCanPrompt(t *testing.T) {
	for _, in := range []bool{false, true} {
		for _, err := range []bool{false, true} {
			for _, no := range []bool{false, true} {
				want := in && err && !no
				if got := CanPrompt(Streams{InTTY: in, ErrTTY: err, OutTTY: true}, no); got != want {
					t.Errorf("CanPrompt(in %v, err %v, no input %v) = %v, want %v", in, err, no, got, want)
				}
			}
		}
	}
}
