package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
)

// Phases of a journal record. An intent is on disk before its side effect
// begins, a done after it ended.
const (
	phaseAccepted = "accepted"
	phaseIntent   = "intent"
	phaseDone     = "done"
	phaseFailed   = "failed"
)

// record is one line of a journal.
type record struct {
	Seq     int       `json:"seq"`
	Time    time.Time `json:"time"`
	Request string    `json:"request"`
	Step    string    `json:"step,omitempty"`
	Phase   string    `json:"phase"`
	Ask     *Ask      `json:"ask,omitempty"`    // with phase accepted: frozen
	Reason  string    `json:"reason,omitempty"` // with phase failed
}

// journal is the write-ahead record of the one open request for a resource. Its
// file is open/<resource>.ndjson while the request is unfinished and moves to
// done/<request>.ndjson with its end, so that a listing of open/ says what is
// unfinished.
type journal struct {
	dir     string
	name    string
	now     func() time.Time
	records []record
	torn    bool // the file has a torn last line
}

// DamagedError says that a journal cannot be trusted. It is never guessed at.
type DamagedError struct {
	Path string
	Line int
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("journal %s is damaged at line %d", e.Path, e.Line)
}

func (j *journal) path() string { return filepath.Join(j.dir, "open", j.name+".ndjson") }

// readJournal reads the journal of the resource name below dir. A request that
// is not open gives an empty one. Nothing is written.
func readJournal(dir, name string, now func() time.Time) (*journal, error) {
	j := &journal{dir: dir, name: name, now: now}
	data, err := durable.ReadFile(j.path(), durable.Large)
	if errors.Is(err, fs.ErrNotExist) {
		return j, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	// A torn last line is what a kill in the middle of an append leaves: what
	// it would have said did not happen yet.
	whole := bytes.LastIndexByte(data, '\n') + 1
	j.torn = whole < len(data)
	data = data[:whole]
	for i, line := range slices.Collect(bytes.Lines(data)) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil || r.Seq != i+1 || !r.about(name) {
			return nil, &DamagedError{Path: j.path(), Line: i + 1}
		}
		j.records = append(j.records, r)
	}
	if len(j.records) > 0 && j.records[0].Ask == nil {
		return nil, &DamagedError{Path: j.path(), Line: 1}
	}
	return j, nil
}

// about reports whether a record belongs into the journal of a resource. Its
// request becomes the name of a file.
func (r record) about(name string) bool {
	word := r.Request != "" && strings.Trim(r.Request, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
	return word && (r.Ask == nil || r.Ask.Name == name)
}

// open reports whether a request is under way.
func (j *journal) open() bool { return len(j.records) > 0 }

// ask returns the frozen ask and the id of the open request.
func (j *journal) ask() (Ask, string) {
	for _, r := range slices.Backward(j.records) {
		if r.Ask != nil {
			return *r.Ask, r.Request
		}
	}
	return Ask{}, ""
}

// did reports whether the open request has ended the step.
func (j *journal) did(step string) bool {
	done := false
	for _, r := range j.records {
		if r.Ask != nil {
			done = false // another ask took the place
		}
		done = done || r.Step == step && r.Phase == phaseDone
	}
	return done
}

// began returns when the open request was accepted, and now when none is open.
func (j *journal) began(now time.Time) time.Time {
	if !j.open() {
		return now
	}
	return j.records[0].Time
}

// append writes records of one moment with a single fsync: the done of a step
// and the intent of the next belong together.
func (j *journal) append(records ...record) error {
	_, id := j.ask()
	var lines []byte
	for i := range records {
		r := &records[i]
		r.Seq, r.Time = len(j.records)+i+1, j.now().UTC()
		if r.Request == "" {
			r.Request = id
		}
		line, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		lines = append(append(lines, line...), '\n')
	}
	if err := os.MkdirAll(filepath.Dir(j.path()), 0o700); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if j.torn {
		if err := j.mend(); err != nil {
			return err
		}
	}
	if err := durable.Append(j.path(), lines, 0o600); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.records = append(j.records, records...)
	return nil
}

// mend rewrites the file without its torn last line.
func (j *journal) mend() error {
	var lines []byte
	for _, r := range j.records {
		line, err := json.Marshal(r)
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		lines = append(append(lines, line...), '\n')
	}
	if err := durable.WriteFile(j.path(), lines, 0o600); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.torn = false
	return nil
}

// close ends the open request: its journal moves out of the way.
func (j *journal) close() error {
	_, id := j.ask()
	done := filepath.Join(j.dir, "done")
	if err := os.MkdirAll(done, 0o700); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	if err := os.Rename(j.path(), filepath.Join(done, id+".ndjson")); err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.records = nil
	return errors.Join(durable.SyncDir(done), durable.SyncDir(filepath.Dir(j.path())))
}

// Unfinished is a request that began to change things and did not end.
type Unfinished struct {
	Name      string    `json:"name"`
	RequestID string    `json:"requestId"`
	Step      string    `json:"step"` // the last step that was begun
	Since     time.Time `json:"since"`
	Reason    string    `json:"reason,omitempty"`
	Ask       Ask       `json:"ask"`
	Err       error     `json:"-"` // why its journal cannot be read; *DamagedError
}

// Verb is what did not end: "request" or "destroy".
func (u Unfinished) Verb() string {
	if u.Ask.Destroy != nil {
		return "destroy"
	}
	return "request"
}

// ListUnfinished returns the open requests in the journals below dir, by name.
// It changes nothing. Damaged journals are listed with their error as Reason.
func ListUnfinished(dir string) ([]Unfinished, error) {
	entries, err := os.ReadDir(filepath.Join(dir, "open"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("journals: %w", err)
	}
	var list []Unfinished
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".ndjson")
		if !ok {
			continue
		}
		j, err := readJournal(dir, name, nil)
		if err != nil {
			list = append(list, Unfinished{Name: name, Reason: err.Error(), Err: err})
			continue
		}
		if j.open() {
			list = append(list, j.unfinished())
		}
	}
	return list, nil
}

func (j *journal) unfinished() Unfinished {
	ask, id := j.ask()
	u := Unfinished{Name: j.name, RequestID: id, Since: j.records[0].Time, Ask: ask}
	for _, r := range j.records {
		if r.Step != "" {
			u.Step = r.Step
		}
		u.Reason = r.Reason
	}
	return u
}
