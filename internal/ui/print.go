package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Format is how a result is printed. It is a pflag.Value; its zero value
// prints a table.
type Format string

// The formats.
const (
	Table Format = "table" // for people: columns or blocks of text
	JSON  Format = "json"  // indented by two spaces
	YAML  Format = "yaml"  // the same fields as JSON, in the same order
	Name  Format = "name"  // one name a line
)

// Formats returns the valid formats in the order in which help lists them.
func Formats() []string {
	return []string{string(Table), string(JSON), string(YAML), string(Name)}
}

// String returns the name of the format.
func (f *Format) String() string {
	if *f == "" {
		return string(Table)
	}
	return string(*f)
}

// Set takes the name of a format.
func (f *Format) Set(s string) error {
	if !slices.Contains(Formats(), s) {
		return &FormatError{Name: s}
	}
	*f = Format(s)
	return nil
}

// Type names the flag's type in help.
func (*Format) Type() string { return "format" }

// FormatError reports a name that is no format.
type FormatError struct{ Name string }

func (e *FormatError) Error() string {
	return fmt.Sprintf("%q is not one of %s", Escape(e.Name), strings.Join(Formats(), ", "))
}

// Tabular is a result that Table prints in columns.
type Tabular interface {
	Header() []string
	Rows() [][]string
}

// Texter is a result that Table prints as blocks of text.
type Texter interface {
	Text(t *Text)
}

// Named is a result that Name can print.
type Named interface {
	Names() []string
}

// UnsupportedError reports a result that has no form for a format.
type UnsupportedError struct{ Format Format }

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("this result has no %s form", e.Format)
}

// Print writes v to stdout in one piece. JSON and YAML use the json tags of v;
// Table needs a Tabular or a Texter and Name a Named, else the error is an
// *UnsupportedError and nothing is written.
func (s Streams) Print(f Format, v any) error {
	var out []byte
	var err error
	switch f {
	case JSON:
		out, err = marshalJSON(v)
	case YAML:
		out, err = marshalYAML(v)
	case Name:
		named, ok := v.(Named)
		if !ok {
			return &UnsupportedError{Format: f}
		}
		for _, name := range named.Names() {
			out = append(out, Escape(name)+"\n"...)
		}
	default:
		out, err = s.marshalText(v)
	}
	if err != nil {
		return err
	}
	_, err = s.Out.Write(out)
	return err
}

func (s Streams) marshalText(v any) ([]byte, error) {
	var out bytes.Buffer
	switch v := v.(type) {
	case Tabular:
		writeTable(&out, v.Header(), v.Rows(), s.outWidth())
	case Texter:
		t := &Text{}
		v.Text(t)
		t.write(&out, s.outWidth(), s.outColor())
	default:
		return nil, &UnsupportedError{Format: Table}
	}
	return out.Bytes(), nil
}

func marshalJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return EscapeJSON(out.Bytes()), nil
}

// EscapeJSON replaces what Escape would show in JSON by escape sequences of
// JSON: the values stay the same.
func EscapeJSON(data []byte) []byte {
	return escapeQuoted(data, func(w io.Writer, r rune) {
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			fmt.Fprintf(w, `\u%04x\u%04x`, high, low)
			return
		}
		fmt.Fprintf(w, `\u%04x`, r)
	})
}

// escapeQuoted replaces what Escape would show by the escape sequence of the
// format, so that the value stays the same. In JSON, and in YAML as written by
// marshalYAML, such characters stand only between double quotes.
func escapeQuoted(data []byte, escape func(io.Writer, rune)) []byte {
	special := func(r rune) bool { return r != '\n' && unsafe(r) }
	if !bytes.ContainsFunc(data, special) {
		return data
	}
	var out bytes.Buffer
	for _, r := range string(data) {
		if special(r) {
			escape(&out, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.Bytes()
}
