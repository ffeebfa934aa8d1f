package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

type resource struct {
	Name    string            `json:"name"`
	Team    string            `json:"team"`
	Port    int               `json:"port"`
	Ratio   float64           `json:"ratio"`
	Ready   bool              `json:"ready"`
	Note    *string           `json:"note"`
	Tags    []string          `json:"tags"`
	Empty   map[string]string `json:"empty"`
	Outputs map[string]any    `json:"outputs"`
	Hidden  string            `json:"-"`
}

func sample() resource {
	return resource{
		Name: "checkout-db", Team: "yes", Port: 5432, Ratio: 0.5, Ready: true,
		Tags: []string{"a & <b>", "1.10", "2026-01-02", "", "two\nlines", " led"}, Empty: map[string]string{},
		Outputs: map[string]any{"z": nil, "a": []any{}, "big": json.Number("12345678901234567890")},
		Hidden:  "no",
	}
}

type resources []resource

func (resources) Header() []string { return []string{"name", "team", "note"} }

func (rs resources) Rows() [][]string {
	rows := [][]string{}
	for _, r := range rs {
		rows = append(rows, []string{r.Name, r.Team, strings.Join(r.Tags, " ")})
	}
	return rows
}

func (rs resources) Names() []string {
	var names []string
	for _, r := range rs {
		names = append(names, r.Name)
	}
	return names
}

// printed is what Print writes to streams like s.
func printed(t *testing.T, s Streams, f Format, v any) string {
	t.Helper()
	var out, errs bytes.Buffer
	s.Out, s.Err = &out, &errs
	if err := s.Print(f, v); err != nil {
		t.Fatal(err)
	}
	if errs.Len() > 0 {
		t.Errorf("stderr = %q, want nothing", errs.String())
	}
	return out.String()
}

const sampleJSON = `{
  "name": "checkout-db",
  "team": "yes",
  "port": 5432,
  "ratio": 0.5,
  "ready": true,
  "note": null,
  "tags": [
    "a & <b>",
    "1.10",
    "2026-01-02",
    "",
    "two\nlines",
    " led"
  ],
  "empty": {},
  "outputs": {
    "a": [],
    "big": 12345678901234567890,
    "z": null
  }
}
`

const sampleYAML = `name: checkout-db
team: "yes"
port: 5432
ratio: 0.5
ready: true
note: null
tags:
  - a & <b>
  - "1.10"
  - "2026-01-02"
  - ""
  - |-
    two
    lines
  - ' led'
empty: {}
outputs:
  a: []
  big: 12345678901234567890
  z: null
`

func TestPrintJSONAndYAML(t *testing.T) {
	if diff := cmp.Diff(sampleJSON, printed(t, Streams{}, JSON, sample())); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sampleYAML, printed(t, Streams{}, YAML, sample())); diff != "" {
		t.Errorf("YAML (-want +got):\n%s", diff)
	}
}

// Scalars at the top have both forms too.
func TestPrintScalars(t *testing.T) {
	for _, v := range []any{"text", true, nil, 1.5, []int{}, []any{[]any{1, []any{}}, map[string]any{}}} {
		var fromJSON, fromYAML any
		if err := json.Unmarshal([]byte(printed(t, Streams{}, JSON, v)), &fromJSON); err != nil {
			t.Error(err)
		}
		if err := yaml.Unmarshal([]byte(printed(t, Streams{}, YAML, v)), &fromYAML); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(normal(t, fromJSON), normal(t, fromYAML)); diff != "" {
			t.Errorf("%v (-json +yaml):\n%s", v, diff)
		}
	}
}

func normal(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The machine formats keep every value and still hold nothing that a terminal
// acts on.
func FuzzPrint(f *testing.F) {
	for _, s := range []string{"", "x", "yes", "0x10", "1_000", "~", "a: b # c", "\x1b[2J\n", "\u009b\u202e", "\U000e0041日本", "two\nlines\n", "\r\n", " x ", "\ufeff", "'\"", "- a", "\t", "1e3", "=", "<<", "12:30:45", "\u2028", "a\u0085b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "\ufffd")
		want := map[string]any{"key " + s: []any{s}}
		for _, format := range []Format{JSON, YAML} {
			out := printed(t, Streams{}, format, want)
			if strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && unsafe(r) }) {
				t.Errorf("%s of %q holds control characters: %q", format, s, out)
			}
			var got map[string]any
			var err error
			if format == JSON {
				err = json.Unmarshal([]byte(out), &got)
			} else {
				err = yaml.Unmarshal([]byte(out), &got)
			}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s of %q: %v\n%s(-want +got)\n%s", format, s, err, out, diff)
			}
		}
	})
}

func TestPrintTable(t *testing.T) {
	rows := resources{
		{Name: "checkout-service-postgresql", Team: "checkout", Tags: []string{"the first of all databases that we made"}},
		{Name: "日本", Team: "a\x1b[2Jb", Tags: []string{"x"}},
		{Name: "c"},
	}
	tests := map[string]struct {
		streams Streams
		want    string
	}{
		"a pipe is never cut": {Streams{Width: 20}, `
NAME                          TEAM       NOTE
checkout-service-postgresql   checkout   the first of all databases that we made
日本                          a^[[2Jb    x
c
`},
		"a wide terminal": {Streams{OutTTY: true, Color: true, Width: 200}, `
NAME                          TEAM       NOTE
checkout-service-postgresql   checkout   the first of all databases that we made
日本                          a^[[2Jb    x
c
`},
		"a narrow terminal cuts the widest": {Streams{OutTTY: true, Width: 60}, `
NAME                          TEAM       NOTE
checkout-service-postgresql   checkout   the first of all d…
日本                          a^[[2Jb    x
c
`},
		"the name is cut last": {Streams{OutTTY: true, Width: 46}, `
NAME                          TEAM     NOTE
checkout-service-postgresql   check…   the fi…
日本                          a^[[2…   x
c
`},
		"a terminal that is too narrow for columns": {Streams{OutTTY: true, Width: 10}, `
  NAME:  checkout-service-postgresql
  TEAM:  checkout
  NOTE:  the first of all databases that we made

  NAME:  日本
  TEAM:  a^[[2Jb
  NOTE:  x

  NAME:  c
  TEAM:
  NOTE:
`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), printed(t, tt.streams, Table, rows)); diff != "" {
				t.Errorf("table (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTableFitsTheTerminal(t *testing.T) {
	row := []string{strings.Repeat("a", 50), strings.Repeat("日", 30), "short", strings.Repeat("b", 80)}
	for width := 40; width < 200; width += 7 {
		var out bytes.Buffer
		writeTable(&out, []string{"first", "second", "third", "fourth"}, [][]string{row}, width)
		for line := range strings.Lines(out.String()) {
			if got := displayWidth(strings.TrimSuffix(line, "\n")); got > width {
				t.Errorf("in %d columns a line has %d: %q", width, got, line)
			}
		}
	}
}

func TestTableOfOddShapes(t *testing.T) {
	var out bytes.Buffer
	writeTable(&out, nil, [][]string{{"lost"}}, 80)
	writeTable(&out, []string{"one"}, [][]string{{}, {"a", "too many"}}, 3)
	if got, want := out.String(), "ONE\n\na\n"; got != want {
		t.Errorf("tables = %q, want %q", got, want)
	}
}

type report struct{}

func (report) Text(t *Text) {
	t.Heading("checkout-db is ready")
	t.Pair("Database", "checkout on 127.0.0.1")
	t.Pair("Responsible", "the platform for provisioning and patching, the team for its data")
	t.Heading("Who does\x1b what")
	t.Paragraph("first line of text that is long enough\nsecond line\x07")
	t.Bullet("application code and dependencies and configuration")
	t.Bullet("costs")
	t.Gap()
	t.Literal("platformctl resource run checkout-service-postgresql -- psql")
	t.Heading("Resources")
	t.Table([]string{"name"}, [][]string{{"checkout-db"}})
}

const reportWrapped = `checkout-db is ready
  Database:     checkout on 127.0.0.1
  Responsible:  the platform for
                provisioning and
                patching, the team for
                its data

Who does^[ what
first line of text that is long enough
second line^G
  - application code and dependencies
    and configuration
  - costs

  platformctl resource run checkout-service-postgresql -- psql

Resources
NAME
checkout-db
`

func TestPrintText(t *testing.T) {
	if diff := cmp.Diff(reportWrapped, printed(t, Streams{OutTTY: true, Width: 40}, Table, report{})); diff != "" {
		t.Errorf("text on a terminal (-want +got):\n%s", diff)
	}
	piped := printed(t, Streams{Width: 40, Color: true}, "", report{})
	for _, want := range []string{"the platform for provisioning and patching, the team for its data\n", "dependencies and configuration\n"} {
		if !strings.Contains(piped, want) {
			t.Errorf("piped text wraps:\n%s", piped)
		}
	}
	if strings.Contains(piped, "\x1b") {
		t.Errorf("piped text has escape codes: %q", piped)
	}
	if colored := printed(t, Streams{OutTTY: true, Color: true}, Table, report{}); !strings.HasPrefix(colored, "\x1b[1mcheckout-db is ready\x1b[0m\n") {
		t.Errorf("text on a color terminal = %q", colored)
	}
}

func TestWrapKeepsEveryWord(t *testing.T) {
	for _, s := range []string{"", " ", "a  b   c", "    indented text that goes on and on for long", strings.Repeat("word ", 40), "short " + strings.Repeat("x", 90) + " after", "日本 " + strings.Repeat("日本", 30)} {
		for _, columns := range []int{-5, 0, 20, 33} {
			if got := strings.Join(wrap(s, columns), " "); got != s {
				t.Errorf("wrap(%q, %d) joined = %q", s, columns, got)
			}
		}
	}
}

func TestPrintNames(t *testing.T) {
	if got, want := printed(t, Streams{}, Name, resources{{Name: "a"}, {Name: "b\n"}}), "a\nb^J\n"; got != want {
		t.Errorf("names = %q, want %q", got, want)
	}
}

func TestPrintUnsupported(t *testing.T) {
	for f, v := range map[Format]any{Name: sample(), Table: sample()} {
		var out bytes.Buffer
		err := Streams{Out: &out}.Print(f, v)
		var unsupported *UnsupportedError
		if !errors.As(err, &unsupported) || unsupported.Format != f || out.Len() > 0 {
			t.Errorf("Print(%s) = %v and %q, want an UnsupportedError", f, err, out.String())
		}
	}
	for _, f := range []Format{JSON, YAML} {
		var out bytes.Buffer
		if err := (Streams{Out: &out}).Print(f, func() {}); err == nil || out.Len() > 0 {
			t.Errorf("Print(%s) of a function = %v and %q, want an error", f, err, out.String())
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestPrintReportsALostStdout(t *testing.T) {
	for _, name := range Formats() {
		if err := (Streams{Out: brokenWriter{}}).Print(Format(name), resources{{Name: "a"}}); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Print(%s) = %v, want %v", name, err, io.ErrClosedPipe)
		}
	}
}

func TestFormat(t *testing.T) {
	var f Format
	if f.String() != "table" || f.Type() != "format" {
		t.Errorf("zero format = %q of type %q", f.String(), f.Type())
	}
	for _, name := range Formats() {
		if err := f.Set(name); err != nil || f.String() != name {
			t.Errorf("Set(%q) = %v, format %q", name, err, f.String())
		}
	}
	for _, bad := range []string{"", "JSON", "jsonn", " yaml", "\x1b[2J"} {
		err := f.Set(bad)
		if err == nil || !strings.Contains(err.Error(), "table, json, yaml, name") || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("Set(%q) = %v, want an error that lists the formats", bad, err)
		}
		if f != Name {
			t.Errorf("Set(%q) changed the format to %q", bad, f)
		}
	}
}
