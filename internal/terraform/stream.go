package terraform

import (
	"bytes"
	"encoding/json"
	"time"
)

// EventKind says what an [Event] is about.
type EventKind string

// The kinds of events.
const (
	EventRefresh  EventKind = "refresh"  // a resource is looked at
	EventPlanned  EventKind = "planned"  // a change is planned, or about to be applied
	EventStart    EventKind = "start"    // a change begins
	EventProgress EventKind = "progress" // a change goes on
	EventComplete EventKind = "complete" // a change is done
	EventError    EventKind = "error"    // a change failed
)

// Event is one step of a run.
type Event struct {
	Kind                  EventKind
	Address, Type, Action string
	Elapsed               time.Duration
}

// Change is what happens, or happened outside, to one resource. Action is one of
// create, read, update, replace, delete, move, import, forget.
type Change struct {
	Address string `json:"address"`
	Type    string `json:"type"`
	Action  string `json:"action"`
}

// message is one line of what the engine says with -json.
type message struct {
	Type       string                     `json:"type"`
	Change     *resourceChange            `json:"change"`
	Hook       *resourceChange            `json:"hook"`
	Changes    *summary                   `json:"changes"`
	Outputs    map[string]json.RawMessage `json:"outputs"`
	Diagnostic *Diagnostic                `json:"diagnostic"`
	Mocked     *mockedPlan                `json:"test_plan"`
}

type resourceChange struct {
	Resource struct {
		Address string `json:"addr"`
		Type    string `json:"resource_type"`
	} `json:"resource"`
	Action  string  `json:"action"`
	Elapsed float64 `json:"elapsed_seconds"`
}

type summary struct {
	Add, Change, Import, Remove int
	Operation                   string
}

// eventKinds are the messages that are passed on.
var eventKinds = map[string]EventKind{
	"refresh_start":  EventRefresh,
	"planned_change": EventPlanned,
	"apply_start":    EventStart,
	"apply_progress": EventProgress,
	"apply_complete": EventComplete,
	"apply_errored":  EventError,
}

// stream reads what the engine says with -json, a line at a time, and keeps what
// the answer is made of. Lines that are no JSON are kept as text, for the case
// that nothing else explains a failure.
type stream struct {
	progress func(Event)

	rest        []byte
	planned     []Change
	drift       []Change
	summary     summary
	mocked      []Change // of a plan that a test makes
	outputs     map[string]json.RawMessage
	diagnostics []Diagnostic
	text        []byte
}

// Write takes a part of the stream. It never fails.
func (s *stream) Write(p []byte) (int, error) {
	s.rest = append(s.rest, p...)
	for {
		line, rest, ok := bytes.Cut(s.rest, []byte{'\n'})
		if !ok {
			return len(p), nil
		}
		s.line(line)
		s.rest = rest
	}
}

// flush takes what is left as a line.
func (s *stream) flush() {
	s.line(s.rest)
	s.rest = nil
}

func (s *stream) line(line []byte) {
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	var m message
	if err := json.Unmarshal(line, &m); err != nil {
		s.text = append(append(s.text, line...), '\n')
		return
	}
	switch m.Type {
	case "planned_change":
		s.planned = append(s.planned, m.Change.change())
	case "resource_drift":
		s.drift = append(s.drift, m.Change.change())
	case "change_summary":
		if m.Changes != nil {
			s.summary = *m.Changes
		}
	case "test_plan":
		if m.Mocked != nil {
			s.mocked = m.Mocked.changes()
		}
	case "outputs":
		s.outputs = m.Outputs
	case "diagnostic":
		if m.Diagnostic != nil {
			s.diagnostics = append(s.diagnostics, *m.Diagnostic)
		}
	}
	kind, ok := eventKinds[m.Type]
	if !ok || s.progress == nil {
		return
	}
	about := m.Hook
	if about == nil {
		about = m.Change
	}
	c := about.change()
	e := Event{Kind: kind, Address: c.Address, Type: c.Type, Action: c.Action}
	if about != nil {
		e.Elapsed = time.Duration(about.Elapsed * float64(time.Second))
	}
	s.progress(e)
}

func (r *resourceChange) change() Change {
	if r == nil {
		return Change{}
	}
	return Change{Address: r.Resource.Address, Type: r.Resource.Type, Action: r.Action}
}

// outputsChanged reports whether a plan changes an output.
func (s *stream) outputsChanged() bool {
	for _, raw := range s.outputs {
		var o struct{ Action string }
		if json.Unmarshal(raw, &o) == nil && o.Action != "" && o.Action != "noop" {
			return true
		}
	}
	return false
}

func (s *stream) failed() bool {
	for _, d := range s.diagnostics {
		if d.Severity == "error" {
			return true
		}
	}
	return false
}

func (s *stream) warnings() []Diagnostic {
	var out []Diagnostic
	for _, d := range s.diagnostics {
		if d.Severity != "error" {
			out = append(out, d)
		}
	}
	return out
}
