package secret

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[redacted]"

// Value holds a secret on its way through the program. Whatever formats,
// encodes or logs it gets "[redacted]", also when it lies in an unexported
// field, where fmt calls no method: it then sees a pointer. Equal secrets are
// therefore not equal as Values; compare what Reveal returns.
type Value struct{ s *string }

var (
	_ fmt.Formatter  = Value{}
	_ slog.LogValuer = Value{}
)

// NewValue wraps s.
func NewValue(s string) Value { return Value{&s} }

// Reveal returns the secret. The zero Value holds the empty string.
func (v Value) Reveal() string {
	if v.s == nil {
		return ""
	}
	return *v.s
}

// String returns "[redacted]".
func (v Value) String() string { return redacted }

// GoString returns "[redacted]".
func (v Value) GoString() string { return redacted }

// Format prints "[redacted]" for every verb.
func (v Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText makes JSON, YAML, XML and text logs hold "[redacted]".
func (v Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue makes log/slog record "[redacted]".
func (v Value) LogValue() slog.Value { return slog.StringValue(redacted) }
