package strictyaml_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// badInput is one refused input and what the error must say.
type badInput struct {
	in      string
	line    int
	field   string
	problem string // part of the error's Problem
	value   string // the error's Value; "*" for any
}

// aliasBomb is nine levels of nine aliases: 387 million strings when expanded.
func aliasBomb() string {
	var b strings.Builder
	b.WriteString("values:\n  a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i <= 9; i++ {
		alias := fmt.Sprintf("*a%d", i-1)
		fmt.Fprintf(&b, "  a%d: &a%d [%s]\n", i, i, strings.Join(slices.Repeat([]string{alias}, 9), ","))
	}
	return b.String()
}

func badYAML() map[string]badInput {
	return map[string]badInput{
		"B25_yes_in_string":          {"version: yes\n", 1, "version", "true or false to some readers", "yes"},
		"B25_no_in_list":             {"tags: [a, no]\n", 1, "tags[1]", "true or false to some readers", "no"},
		"B25_off_in_any":             {"any: off\n", 1, "any", "true or false to some readers", "off"},
		"B25_null_in_string":         {"version: null\n", 1, "version", "must be a string, not nothing", "null"},
		"B25_nothing_in_string":      {"version:\n", 1, "version", "must be a string, not nothing", ""},
		"B25_exponent_in_string":     {"version: 1e5\n", 1, "version", "must be a string, not a number", "1e5"},
		"B25_hexadecimal_in_string":  {"version: 0x10\n", 1, "version", "must be a string, not a number", "0x10"},
		"B25_hexadecimal_in_integer": {"count: 0x10\n", 1, "count", "plain decimal digits", "0x10"},
		"B25_octal_in_integer":       {"count: 0777\n", 1, "count", "plain decimal digits", "0777"},
		"B25_octal_in_any":           {"any: 0o17\n", 1, "any", "plain decimal digits", "0o17"},
		"B25_underscores_in_integer": {"count: 1_000\n", 1, "count", "plain decimal digits", "1_000"},
		"B25_plus_in_float":          {"ratio: +1.5\n", 1, "ratio", "plain decimal digits", "+1.5"},
		"B25_decimal_in_string":      {"version: 1.10\n", 1, "version", "must be a string, not a number", "1.10"},
		"B25_date_in_string":         {"version: 2024-01-01\n", 1, "version", "must be a string, not a date", "2024-01-01"},
		"B25_date_in_any":            {"any: 2024-01-01\n", 1, "any", "must be a string, not a date", "2024-01-01"},
		"B25_string_in_integer":      {"count: '3'\n", 1, "count", "must be a whole number", "3"},
		"B25_fraction_in_integer":    {"count: 1.5\n", 1, "count", "must be a whole number", "1.5"},
		"B25_yes_in_boolean":         {"admin: yes\n", 1, "admin", "must be true or false", "yes"},
		"B25_quoted_in_boolean":      {"admin: 'true'\n", 1, "admin", "must be true or false", "true"},
		"B25_quoted_in_float":        {"ratio: '1.5'\n", 1, "ratio", "must be a number", "1.5"},

		"B27_alias_bomb":                {aliasBomb(), 2, "values.a0", "anchors are not allowed", "&a0"},
		"B28_self_reference":            {"values: &a {b: *a}\n", 1, "values", "anchors are not allowed", "&a"},
		"B29_deep_nesting":              {"any: " + strings.Repeat("[", 20000), 0, "", "", ""},
		"B29_deep_nesting_closed":       {"any: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), 1, "", "nested deeper than 64", ""},
		"B29_deep_maps":                 {"any: " + strings.Repeat("{a: ", 65) + "1" + strings.Repeat("}", 65), 1, "", "nested deeper than 64", ""},
		"B30_duplicate_key":             {"version: a\nversion: b\n", 2, "version", "is given twice; the first is on line 1", ""},
		"B30_duplicate_key_in_any":      {"values:\n  a: 1\n  b: 2\n  a: 3\n", 4, "values.a", "is given twice", ""},
		"B30_duplicate_key_quoted":      {"version: a\n\"version\": b\n", 2, "version", "is given twice", ""},
		"B31_upper_case_key":            {"ADMIN: true\n", 1, "ADMIN", "unknown field", ""},
		"B32_merge_key":                 {"values:\n  <<: {a: 1}\n", 2, "values", "merge keys are not allowed", "<<"},
		"B32_anchor":                    {"version: &v x\n", 1, "version", "anchors are not allowed", "&v"},
		"B32_anchor_on_key":             {"&k version: x\n", 1, "", "anchors are not allowed", "version"},
		"B32_alias":                     {"values: {a: &x 1, b: *x}\n", 1, "values.a", "anchors are not allowed", "&x"},
		"B33_above_2_to_53":             {"count: 9007199254740993\n", 1, "count", "out of range", "9007199254740993"},
		"B33_below_minus_2_to_53":       {"any: -9007199254740992\n", 1, "any", "out of range", "-9007199254740992"},
		"B33_30_digits":                 {"count: 123456789012345678901234567890\n", 1, "count", "out of range", "123456789012345678901234567890"},
		"B33_30_digits_in_any":          {"any: 123456789012345678901234567890\n", 1, "any", "out of range", "*"},
		"B33_30_digits_in_float":        {"ratio: 123456789012345678901234567890\n", 1, "ratio", "out of range", "*"},
		"B33_small_type":                {"small: 128\n", 1, "small", "out of range", "128"},
		"B33_negative_unsigned":         {"size: -1\n", 1, "size", "out of range", "-1"},
		"B34_infinity":                  {"ratio: .inf\n", 1, "ratio", "must be a number in plain decimal digits", ".inf"},
		"B34_infinity_in_any":           {"any: -.inf\n", 1, "any", "must be a number in plain decimal digits", "-.inf"},
		"B34_not_a_number":              {"any: .nan\n", 1, "any", "must be a number in plain decimal digits", ".nan"},
		"B34_minus_zero":                {"count: -0\n", 1, "count", "plain decimal digits", "-0"},
		"B34_minus_zero_float":          {"ratio: -0.0\n", 1, "ratio", "plain decimal digits", "-0.0"},
		"B34_overflow":                  {"ratio: 1e999\n", 1, "ratio", "out of range", "1e999"},
		"B33_float_above_2_to_53":       {"ratio: 1e17\n", 1, "ratio", "out of range", "1e17"},
		"B34_overflow_in_any":           {"any: 1e999\n", 1, "any", "number out of range", "1e999"},
		"B35_tab_indentation":           {"nested:\n\tname: x\n", 2, "", "cannot start any token", ""},
		"B35_line_separator":            {"version: a\nlabels: {x: a\u2028b}\n", 2, "", "U+2028", ""},
		"B35_next_line":                 {"version: 'a\u0085b'\n", 1, "", "U+0085", ""},
		"B36_two_documents":             {"version: a\n---\nversion: b\n", 3, "", "only one document", ""},
		"B36_second_document_empty":     {"version: a\n---\n", 0, "", "only one document", ""},
		"B37_python_object":             {"values: !!python/object:os.system {a: b}\n", 1, "values", "tags are not allowed", "!!python/object:os.system"},
		"B37_binary":                    {"version: !!binary aGk=\n", 1, "version", "tags are not allowed", "!!binary"},
		"B37_unknown_tag":               {"version: !secret x\n", 1, "version", "tags are not allowed", "!secret"},
		"B37_tag_on_map":                {"values: !thing {a: b}\n", 1, "values", "tags are not allowed", "!thing"},
		"B37_tag_on_list":               {"tags: !!set [a]\n", 1, "tags", "tags are not allowed", "!!set"},
		"B37_tag_on_key":                {"!!str version: x\n", 1, "", "tags are not allowed", "version"},
		"B37_number_called_integer":     {"count: !!int '3'\n", 1, "count", "tags are not allowed", "!!int"},
		"B38_null_key":                  {"values: {~: x}\n", 1, "values", "a key must be a string, not nothing", "~"},
		"B38_map_as_key":                {"values: {? {a: b} : x}\n", 1, "values", "a key must be a string, not a map", ""},
		"B38_list_as_key":               {"values:\n  ? [a, b]\n  : x\n", 2, "values", "a key must be a string, not a list", ""},
		"B38_number_as_key":             {"labels: {1: x}\n", 1, "labels", "a key must be a string, not a number", "1"},
		"B39_empty":                     {"", 0, "", "is empty", ""},
		"B39_only_comments":             {"# nothing\n# here\n", 0, "", "is empty", ""},
		"B39_only_a_separator":          {"---\n", 0, "", "is empty", ""},
		"B39_list_at_top":               {"[]\n", 1, "", "must be a map of fields, not a list", ""},
		"B39_string_at_top":             {"hello\n", 1, "", "must be a map of fields, not a string", ""},
		"B40_unknown_field":             {"databse: x\n", 1, "databse", "unknown field", ""},
		"B40_unknown_field_in_list":     {"list:\n  - name: a\n  - nam: b\n", 3, "list[1].nam", "unknown field", ""},
		"B8_NUL":                        {"version: \"a\\0b\"\n", 1, "version", "NUL", `a\x00b`},
		"B8_NUL_in_key":                 {"values: {\"a\\0b\": 1}\n", 1, "values", "NUL", `a\x00b`},
		"B9_raw_escape":                 {"version: a\x1b[2Jb\n", 0, "", "control characters", ""},
		"B10_larger_than_the_limit":     {"version: " + strings.Repeat("x", strictyaml.MaxSize), 0, "", "is larger than", ""},
		"B17_not_UTF_8":                 {"version: x\nlabels: {a: \xff\xfe}\n", 2, "", "is not UTF-8", ""},
		"B16_value_shown_escaped":       {"count: \"\u202e\\e[2J\"\n", 1, "count", "whole number", `\u202e\x1b[2J`},
		"list_for_string":               {"version: [a]\n", 1, "version", "must be a string, not a list", ""},
		"map_for_list":                  {"tags: {a: b}\n", 1, "tags", "must be a list, not a map", ""},
		"list_for_map":                  {"labels: [a]\n", 1, "labels", "must be a map, not a list", ""},
		"string_for_struct":             {"nested: x\n", 1, "nested", "must be a map of fields, not a string", "x"},
		"text_of_a_type_that_reads_it":  {"sunset: soon\n", 1, "sunset", "parsing time", "soon"},
		"number_for_a_type_with_a_text": {"sunset: 20270131\n", 1, "sunset", "must be a string, not a number", "20270131"},
		"key_that_is_no_word":           {"labels: {a.b/c: 1}\n", 1, `labels["a.b/c"]`, "must be a string", "1"},
	}
}

func TestDecode(t *testing.T) {
	for name, bad := range badYAML() {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := strictyaml.Decode("f.yaml", []byte(bad.in), &spec{})
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("Decode took %v", took)
			}
			checkBad(t, err, bad)
		})
	}
}

func TestDecodeJSON(t *testing.T) {
	tests := map[string]badInput{
		"B29_deep_nesting":        {`{"any":` + strings.Repeat("[", 20000), 1, "", "nested deeper than 64", ""},
		"B30_duplicate_key":       {"{\"version\": \"a\",\n \"version\": \"b\"}", 2, "version", "is given twice; the first is on line 1", ""},
		"B30_duplicate_by_escape": {`{"version": "a", "v\u0065rsion": "b"}`, 1, "version", "is given twice", ""},
		"B31_upper_case_key":      {`{"ADMIN": true}`, 1, "ADMIN", "unknown field", ""},
		"B33_above_2_to_53":       {`{"count": 9007199254740993}`, 1, "count", "out of range", "9007199254740993"},
		"B33_30_digits":           {`{"any": 123456789012345678901234567890}`, 1, "any", "out of range", "*"},
		"B34_minus_zero":          {`{"any": -0}`, 1, "any", "plain decimal digits", "-0"},
		"B34_overflow":            {`{"any": 1e999}`, 1, "any", "out of range", "1e999"},
		"B36_two_values":          {`{"version": "a"} {}`, 1, "", "more after the end", ""},
		"B39_empty":               {" \n", 0, "", "is empty", ""},
		"B39_null":                {"null", 0, "", "is empty", ""},
		"B39_list_at_top":         {"[]", 1, "", "must be a map of fields, not a list", ""},
		"B40_unknown_field":       {`{"nested": {"nam": "x"}}`, 1, "nested.nam", "unknown field", ""},
		"B8_NUL":                  {`{"version": "a\u0000b"}`, 1, "version", "NUL", `a\x00b`},
		"B17_not_UTF_8":           {"{\"version\": \"\xff\"}", 1, "", "is not UTF-8", ""},
		"number_for_string":       {`{"version": 1.10}`, 1, "version", "must be a string, not a number", "1.10"},
		"cut":                     {`{"version": "a"`, 1, "", "ends in the middle", ""},
		"wrong_close":             {`{"tags": ["a"}`, 1, "", "invalid character", ""},
		"yaml":                    {"version: a\n", 1, "", "invalid character", ""},
	}
	for name, bad := range tests {
		t.Run(name, func(t *testing.T) {
			checkBad(t, strictyaml.DecodeJSON("f.yaml", []byte(bad.in), &spec{}), bad)
		})
	}
}

func checkBad(t *testing.T, err error, bad badInput) {
	t.Helper()
	var e *strictyaml.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %v, want *strictyaml.Error", err)
	}
	if e.File != "f.yaml" || e.Field != bad.field || !strings.Contains(e.Problem, bad.problem) {
		t.Errorf("error = %+v, want field %q and problem %q", *e, bad.field, bad.problem)
	}
	if bad.line > 0 && e.Line != bad.line {
		t.Errorf("error on line %d, want %d: %v", e.Line, bad.line, e)
	}
	if bad.value != "*" && e.Value != bad.value {
		t.Errorf("error shows value %q, want %q", e.Value, bad.value)
	}
	if strings.ContainsAny(e.Error(), "\x00\x1b\u202e\n") {
		t.Errorf("error is not escaped: %q", e.Error())
	}
}

func TestUnknownFieldListsKnown(t *testing.T) { // B40
	var e *strictyaml.Error
	if err := strictyaml.Decode("f.yaml", []byte("vers: a\n"), &spec{}); !errors.As(err, &e) {
		t.Fatalf("error = %v, want *strictyaml.Error", err)
	}
	want := []string{
		"admin", "any", "count", "labels", "list", "nested", "prices", "ratio", "size", "small", "sunset", "tags",
		"values", "version",
	}
	if diff := cmp.Diff(want, e.Known); diff != "" {
		t.Errorf("Known (-want +got):\n%s", diff)
	}
}

// What parsers differ about must not change the result where it is taken.
func TestDecodeSameResult(t *testing.T) {
	want := spec{Version: "a b", Nested: &nested{"x\ny\n"}}
	tests := map[string]string{
		"plain":              "version: a b\nnested:\n  name: |\n    x\n    y\n",
		"B35_CRLF":           "version: a b\r\nnested:\r\n  name: |\r\n    x\r\n    y\r\n",
		"B35_BOM":            "\ufeffversion: a b\nnested:\n  name: |\n    x\n    y\n",
		"document_markers":   "---\nversion: a b\nnested:\n  name: |\n    x\n    y\n...\n",
		"said_to_be_strings": "version: !!str a b\nnested: !!map\n  name: |\n    x\n    y\n",
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			var got spec
			if err := strictyaml.Decode("f.yaml", []byte(in), &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Decode (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeStringsKept(t *testing.T) {
	for _, s := range []string{"yes", "null", "1e5", "0x10", "1.10", "2024-01-01", "~", "", "${x}", "{{ .x }}", " a ", "<<", "é"} {
		var got spec
		if err := strictyaml.Decode("f.yaml", fmt.Appendf(nil, "version: %q\nany: %q\n", s, s), &got); err != nil {
			t.Errorf("quoted %q: %v", s, err)
		}
		if got.Version != s || got.Any != s {
			t.Errorf("quoted %q = %q, %v", s, got.Version, got.Any)
		}
	}
}

func TestDecodeAll(t *testing.T) {
	in := "# first\n---\nversion: a\n---\n---\nversion: b\n"
	var got []string
	err := strictyaml.DecodeAll("f.yaml", []byte(in), func(i int, decode func(v any) error) error {
		var s spec
		if err := decode(&s); err != nil {
			return err
		}
		got = append(got, fmt.Sprintf("%d %s", i, s.Version))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"0 a", "1 b"}, got); diff != "" {
		t.Errorf("DecodeAll (-want +got):\n%s", diff)
	}
	stop := errors.New("stop")
	if err := strictyaml.DecodeAll("f.yaml", []byte(in), func(int, func(any) error) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("DecodeAll = %v, want the error of each", err)
	}
	for _, empty := range []string{"", "---\n---\n", "# x\n"} {
		if err := strictyaml.DecodeAll("f.yaml", []byte(empty), func(int, func(any) error) error { return nil }); err == nil {
			t.Errorf("DecodeAll(%q) took a file with nothing in it", empty)
		}
	}
}

func TestDecodeInline(t *testing.T) {
	var got struct {
		Name string         `yaml:"name"`
		Rest map[string]any `yaml:",inline"`
	}
	if err := strictyaml.Decode("f.yaml", []byte("name: x\na: 1\nb: {c: d}\n"), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"a": int64(1), "b": map[string]any{"c": "d"}}, got.Rest); diff != "" {
		t.Errorf("inline (-want +got):\n%s", diff)
	}
}

// No input within the size limit may take much time or memory.
func TestDecodeWorstCases(t *testing.T) {
	const size = strictyaml.MaxSize - 64
	tests := map[string]string{
		"B27_aliases_in_a_row":  "any: [&a x" + strings.Repeat(",*a", size/3) + "]",
		"B29_open_brackets":     "any: " + strings.Repeat("[", size),
		"B29_open_braces":       "any: " + strings.Repeat("{", size),
		"B29_dashes":            strings.Repeat("- ", size/2),
		"B29_question_marks":    strings.Repeat("? ", size/2),
		"B30_many_keys":         manyKeys(size),
		"B35_tabs":              "any: x\n" + strings.Repeat("\t", size),
		"B36_many_documents":    strings.Repeat("---\n", size/4),
		"B39_comments":          strings.Repeat("#\n", size/2),
		"B39_indented_comments": "a:\n" + strings.Repeat("  #\n", size/4),
		"long_plain_string":     "version: " + strings.Repeat("x ", size/2),
		"long_quoted_string":    "version: \"" + strings.Repeat(`\e`, size/2),
		"long_key":              strings.Repeat("x", size) + ": 1",
		"list_of_ones":          "any: [1" + strings.Repeat(",1", size/2) + "]",
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_ = strictyaml.Decode("f.yaml", []byte(in), &spec{}) // refused or not: it must end
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			t.Logf("%v, %d MB allocated", took, (after.TotalAlloc-before.TotalAlloc)>>20)
			// Far above what it takes, far below what anything quadratic takes.
			if took > 30*time.Second {
				t.Errorf("took %v", took)
			}
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 300 {
				t.Errorf("allocated %d MB", mb)
			}
		})
	}
}

func manyKeys(size int) string {
	var b strings.Builder
	b.WriteString("values:\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "  k%d: 1\n", i)
	}
	return b.String()
}
