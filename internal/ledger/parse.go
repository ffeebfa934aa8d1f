package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// LineError names a line that is not exactly the canonical form of an event.
type LineError struct {
	// Line counts from 1.
	Line    int
	Problem string
}

func (e *LineError) Error() string {
	return fmt.Sprintf("ledger line %d: %s", e.Line, e.Problem)
}

// TornError says that the last line has no newline: a write that did not
// complete. The events before it are good.
type TornError struct {
	// Line counts from 1.
	Line int
	// Offset is where the torn line begins, and Bytes how long it is.
	Offset, Bytes int
}

func (e *TornError) Error() string {
	return fmt.Sprintf("ledger line %d: torn after %d bytes", e.Line, e.Bytes)
}

// Parse reads the lines that [Seal] made. Each must be byte for byte the
// canonical form of its event, so that what [Check] proves of the events
// holds for the bytes too.
//
// At a line that is not, Parse stops with a [*LineError]; a last line without
// a newline is a [*TornError]. Both come with the events before that line.
func Parse(data []byte) ([]Event, error) {
	events := make([]Event, 0, bytes.Count(data, []byte{'\n'}))
	offset := 0
	for n := 1; offset < len(data); n++ {
		end := bytes.IndexByte(data[offset:], '\n')
		if end < 0 {
			return events, &TornError{Line: n, Offset: offset, Bytes: len(data) - offset}
		}
		e, err := parseLine(data[offset : offset+end])
		if err != nil {
			return events, &LineError{Line: n, Problem: err.Error()}
		}
		events = append(events, e)
		offset += end + 1
	}
	return events, nil
}

func parseLine(line []byte) (Event, error) {
	if len(line) >= MaxLine {
		return Event{}, fmt.Errorf("has %d bytes, more than %d", len(line)+1, MaxLine)
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	var e Event
	if err := decoder.Decode(&e); err != nil {
		return Event{}, fmt.Errorf("is no event: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Event{}, errors.New("has more than one event")
	}
	e.Time = e.Time.UTC()
	if err := e.check(); err != nil {
		return Event{}, err
	}
	if err := numbers("data", e.Data); err != nil {
		return Event{}, err
	}
	// Case-insensitive and duplicate keys, other spellings of a number or a
	// time, white space: all of it shows up here.
	canonical, err := e.canonical()
	if err != nil {
		return Event{}, err
	}
	if !bytes.Equal(canonical, line) {
		return Event{}, errors.New("is not in canonical form")
	}
	return e, nil
}
