package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/gowebpki/jcs"
)

// maxNumber is 2^53: up to here a float64 holds every whole number.
const maxNumber = 1 << 53

// EventError says which field of an event cannot be recorded, and why.
type EventError struct {
	Field, Problem string
}

func (e *EventError) Error() string {
	return fmt.Sprintf("event field %q: %s", e.Field, e.Problem)
}

// Seal makes e the event after head: it sets Seq, Prev and Digest, brings
// Time to UTC and Data to plain JSON values, and returns the event with its
// line, which ends with a newline. Parsing the line gives the event back.
//
// ID, Time, Writer and Type must be set. What cannot be recorded unchanged
// (invalid UTF-8, a number beyond 2^53 or no number at all, a value JSON does
// not know, a line over [MaxLine]) is refused with an [*EventError].
func Seal(head Head, e Event) (Event, []byte, error) {
	data, err := plain(e.Data)
	if err != nil {
		return Event{}, nil, err
	}
	e.Data = data
	// Round drops the reading of the monotonic clock.
	e.Time = e.Time.Round(0).UTC()
	e.Seq, e.Prev = head.Seq+1, head.Digest
	if err := e.check(); err != nil {
		return Event{}, nil, err
	}
	if e.Digest, err = e.digest(); err != nil {
		return Event{}, nil, err
	}
	line, err := e.canonical()
	if err != nil {
		return Event{}, nil, err
	}
	line = append(line, '\n')
	if len(line) > MaxLine {
		return Event{}, nil, &EventError{"data", fmt.Sprintf("makes a line of %d bytes, more than %d", len(line), MaxLine)}
	}
	return e, line, nil
}

// check refuses an event that lacks what every event has, or that holds text
// which JSON would change silently.
func (e Event) check() error {
	fields := []struct {
		name, value string
		required    bool
	}{
		{"id", e.ID, true},
		{"writer", e.Writer, true},
		{"type", e.Type, true},
		{"actor", e.Actor, false},
		{"subject", e.Subject, false},
		{"request", e.Request, false},
		{"prev", e.Prev, false},
	}
	for _, f := range fields {
		switch {
		case f.required && f.value == "":
			return &EventError{f.name, "must not be empty"}
		case !utf8.ValidString(f.value):
			return &EventError{f.name, "is not valid UTF-8"}
		}
	}
	if e.Time.IsZero() {
		return &EventError{"time", "must be set"}
	}
	if y := e.Time.Year(); y < 1 || y > 9999 {
		return &EventError{"time", "is outside the years 1 to 9999"}
	}
	return nil
}

// digest returns the digest of e, whatever e.Digest says.
func (e Event) digest() (string, error) {
	e.Digest = ""
	data, err := e.canonical()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// canonical returns the RFC 8785 form of e.
func (e Event) canonical() ([]byte, error) {
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	out, err := jcs.Transform(data)
	if err != nil {
		return nil, fmt.Errorf("encode event canonically: %w", err)
	}
	return out, nil
}

// plain returns data as its reader will see it: JSON values with int64 for
// whole numbers.
func plain(data map[string]any) (map[string]any, error) {
	if len(data) == 0 {
		return map[string]any{}, nil
	}
	// Marshal would replace invalid UTF-8 by U+FFFD without a word.
	if err := checkText("data", data); err != nil {
		return nil, err
	}
	text, err := json.Marshal(data)
	if err != nil {
		return nil, &EventError{"data", "is no JSON value: " + err.Error()}
	}
	var out map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&out); err != nil {
		return nil, &EventError{"data", err.Error()}
	}
	if err := numbers("data", out); err != nil {
		return nil, err
	}
	return out, nil
}

func checkText(field string, value any) error {
	switch v := value.(type) {
	case string:
		if !utf8.ValidString(v) {
			return &EventError{field, "is not valid UTF-8"}
		}
	case []string:
		for i, item := range v {
			if err := checkText(fmt.Sprintf("%s[%d]", field, i), item); err != nil {
				return err
			}
		}
	case map[string]string:
		for key, item := range v {
			if !utf8.ValidString(key + item) {
				return &EventError{field + "." + key, "is not valid UTF-8"}
			}
		}
	case map[string]any:
		for key, item := range v {
			if !utf8.ValidString(key) {
				return &EventError{field, "has a key that is not valid UTF-8"}
			}
			if err := checkText(field+"."+key, item); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range v {
			if err := checkText(fmt.Sprintf("%s[%d]", field, i), item); err != nil {
				return err
			}
		}
	}
	return nil
}

// numbers replaces each json.Number below the map or list value by an int64
// or a float64.
func numbers(field string, value any) error {
	switch v := value.(type) {
	case map[string]any:
		for key, item := range v {
			n, err := number(field+"."+key, item)
			if err != nil {
				return err
			}
			v[key] = n
		}
	case []any:
		for i, item := range v {
			n, err := number(fmt.Sprintf("%s[%d]", field, i), item)
			if err != nil {
				return err
			}
			v[i] = n
		}
	}
	return nil
}

func number(field string, value any) (any, error) {
	literal, ok := value.(json.Number)
	if !ok {
		return value, numbers(field, value)
	}
	f, err := literal.Float64()
	if err != nil || math.Abs(f) > maxNumber || (math.Abs(f) == maxNumber && !isMax(literal)) {
		return nil, &EventError{field, "is a number beyond 2^53"}
	}
	if f == math.Trunc(f) {
		return int64(f), nil
	}
	return f, nil
}

// isMax tells 2^53 from 2^53+1, which has the same float64.
func isMax(n json.Number) bool {
	return strings.TrimPrefix(n.String(), "-") == "9007199254740992"
}
