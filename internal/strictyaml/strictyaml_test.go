package strictyaml_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// day reads itself from text, as dates and durations do.
type day struct{ time.Time }

func (d *day) UnmarshalText(text []byte) error {
	t, err := time.Parse(time.DateOnly, string(text))
	d.Time = t
	return err
}

type spec struct {
	Version string             `yaml:"version"`
	Count   int                `yaml:"count"`
	Small   int8               `yaml:"small"`
	Size    uint               `yaml:"size"`
	Ratio   float64            `yaml:"ratio"`
	Admin   bool               `yaml:"admin"`
	Tags    []string           `yaml:"tags"`
	Labels  map[string]string  `yaml:"labels"`
	Values  map[string]any     `yaml:"values"`
	Any     any                `yaml:"any"`
	Nested  *nested            `yaml:"nested"`
	List    []nested           `yaml:"list"`
	Sunset  day                `yaml:"sunset"`
	Prices  map[string]float64 `yaml:"prices"`
	Hidden  string
	Skipped string `yaml:"-"`
}

type nested struct {
	Name string `yaml:"name"`
}

func TestDecodeValues(t *testing.T) {
	in := `# a comment
version: "1.10"
count: 9007199254740991
small: -128
size: 3
ratio: 1.5e3
admin: true
tags: [a, 'b', "c"]
labels: {a: b, "on": x}
values:
  s: text
  i: 3
  f: 0.5
  b: false
  n: null
  l: [1, {k: v}]
any: [1, two]
nested: {name: x}
list:
  - name: one
  - name: |
      two
      lines
sunset: 2027-01-31
prices: {small: 15, large: 15.5}
`
	want := spec{
		Version: "1.10", Count: 9007199254740991, Small: -128, Size: 3, Ratio: 1500, Admin: true,
		Tags: []string{"a", "b", "c"}, Labels: map[string]string{"a": "b", "on": "x"},
		Values: map[string]any{
			"s": "text", "i": int64(3), "f": 0.5, "b": false, "n": nil,
			"l": []any{int64(1), map[string]any{"k": "v"}},
		},
		Any: []any{int64(1), "two"}, Nested: &nested{"x"}, List: []nested{{"one"}, {"two\nlines\n"}},
		Sunset: day{time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)},
		Prices: map[string]float64{"small": 15, "large": 15.5},
		Hidden: "kept",
	}
	got := spec{Hidden: "kept"}
	if err := strictyaml.Decode("f.yaml", []byte(in), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Decode (-want +got):\n%s", diff)
	}
}

func TestDecodeKeepsTargetOnError(t *testing.T) {
	got := spec{Version: "1", Tags: []string{"x"}}
	if err := strictyaml.Decode("f.yaml", []byte("version: '2'\ntags: [y]\nbad: 1\n"), &got); err == nil {
		t.Fatal("Decode took an unknown field")
	}
	if diff := cmp.Diff(spec{Version: "1", Tags: []string{"x"}}, got); diff != "" {
		t.Errorf("Decode changed its target before failing (-want +got):\n%s", diff)
	}
}

func TestErrorNamesPlace(t *testing.T) {
	in := "version: '1'\nlist:\n  - name: a\n  - nam: b\n"
	err := strictyaml.Decode("platform.yaml", []byte(in), &spec{})
	var e *strictyaml.Error
	if !errors.As(err, &e) {
		t.Fatalf("Decode = %v, want *strictyaml.Error", err)
	}
	want := &strictyaml.Error{
		File: "platform.yaml", Line: 4, Column: 5, Field: "list[1].nam",
		Problem: "unknown field", Known: []string{"name"},
	}
	if diff := cmp.Diff(want, e); diff != "" {
		t.Errorf("Error (-want +got):\n%s", diff)
	}
	if got, want := e.Error(), `platform.yaml:4: field "list[1].nam": unknown field`; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}
