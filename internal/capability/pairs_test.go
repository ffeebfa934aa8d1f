package capability_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/capability"
)

func TestParseSet(t *testing.T) {
	tests := map[string]struct {
		pairs []string
		want  map[string]any
	}{
		"none":              {nil, map[string]any{}},
		"string":            {[]string{"text=hello"}, map[string]any{"text": "hello"}},
		"string of digits":  {[]string{"text=0777"}, map[string]any{"text": "0777"}},
		"string, empty":     {[]string{"text="}, map[string]any{"text": ""}},
		"string with =":     {[]string{"text=a=b"}, map[string]any{"text": "a=b"}},
		"string with JSON":  {[]string{`text="a"`}, map[string]any{"text": `"a"`}},
		"B25_string yes":    {[]string{"text=yes"}, map[string]any{"text": "yes"}},
		"B22_expression":    {[]string{"text=${inputs.size}"}, map[string]any{"text": "${inputs.size}"}},
		"integer":           {[]string{"size=-3"}, map[string]any{"size": int64(-3)}},
		"number":            {[]string{"ratio=0.25"}, map[string]any{"ratio": 0.25}},
		"number, exponent":  {[]string{"ratio=1e-3"}, map[string]any{"ratio": 0.001}},
		"boolean":           {[]string{"open=true"}, map[string]any{"open": true}},
		"array":             {[]string{`tags=["a", "b"]`}, map[string]any{"tags": []any{"a", "b"}}},
		"object":            {[]string{`labels={"a": "b"}`}, map[string]any{"labels": map[string]any{"a": "b"}}},
		"several":           {[]string{"size=1", "text=x"}, map[string]any{"size": int64(1), "text": "x"}},
		"left to Resolve":   {[]string{"size=99", `tags=["z"]`}, map[string]any{"size": int64(99), "tags": []any{"z"}}},
		"array as a string": {[]string{`tags="a"`}, map[string]any{"tags": "a"}},
	}
	d := thing(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := capability.ParseSet(d, "plain", tt.pairs)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseSet(%q) (-want +got):\n%s", tt.pairs, diff)
			}
		})
	}
}

func TestParseSetRefuses(t *testing.T) {
	known := []string{"color", "labels", "open", "ratio", "size", "tags", "text"}
	tests := map[string]struct {
		pairs []string
		want  *capability.InputError
	}{
		"B40_unknown":          {[]string{"sise=1"}, &capability.InputError{Field: "sise", Problem: "unknown input", Known: known}},
		"B31_upper case":       {[]string{"SIZE=1"}, &capability.InputError{Field: "SIZE", Problem: "unknown input", Known: known}},
		"no value":             {[]string{"size"}, &capability.InputError{Field: "size", Problem: "needs a value, as in name=value", Known: known}},
		"no name":              {[]string{"=1"}, &capability.InputError{Field: "", Problem: "unknown input", Known: known}},
		"B46_twice":            {[]string{"size=1", "size=2"}, &capability.InputError{Field: "size", Problem: "is given twice"}},
		"B25_integer word":     {[]string{"size=one"}, &capability.InputError{Field: "size", Problem: "must be a whole number", Value: `"one"`}},
		"B25_hexadecimal":      {[]string{"size=0x10"}, &capability.InputError{Field: "size", Problem: "must be a whole number", Value: `"0x10"`}},
		"B25_octal":            {[]string{"size=0777"}, &capability.InputError{Field: "size", Problem: "must be a whole number", Value: `"0777"`}},
		"B25_yes":              {[]string{"open=yes"}, &capability.InputError{Field: "open", Problem: "must be true or false", Value: `"yes"`}},
		"B33_above 2^53":       {[]string{"size=9007199254740993"}, &capability.InputError{Field: "size", Problem: "must be a whole number", Value: `"9007199254740993"`}},
		"B33_30 digits":        {[]string{"size=123456789012345678901234567890"}, &capability.InputError{Field: "size", Problem: "must be a whole number", Value: `"123456789012345678901234567890"`}},
		"B33_in JSON":          {[]string{"labels={\"a\":9007199254740993}"}, &capability.InputError{Field: "labels", Problem: "must be a JSON object", Value: `"{\"a\":9007199254740993}"`}},
		"B34_infinity":         {[]string{"ratio=Inf"}, &capability.InputError{Field: "ratio", Problem: "must be a number", Value: `"Inf"`}},
		"B34_not a number":     {[]string{"ratio=NaN"}, &capability.InputError{Field: "ratio", Problem: "must be a number", Value: `"NaN"`}},
		"B34_overflow":         {[]string{"ratio=1e999"}, &capability.InputError{Field: "ratio", Problem: "must be a number", Value: `"1e999"`}},
		"B34_minus zero":       {[]string{"size=-0"}, &capability.InputError{Field: "size", Problem: "must be a whole number", Value: `"-0"`}},
		"array of words":       {[]string{"tags=a,b"}, &capability.InputError{Field: "tags", Problem: "must be a JSON array", Value: `"a,b"`}},
		"B30_object key twice": {[]string{`labels={"a":"1","a":"2"}`}, &capability.InputError{Field: "labels", Problem: "must be a JSON object", Value: `"{\"a\":\"1\",\"a\":\"2\"}"`}},
		"more than one value":  {[]string{`labels={}, "x": {}`}, &capability.InputError{Field: "labels", Problem: "must be a JSON object", Value: `"{}, \"x\": {}"`}},
		"B29_deep":             {[]string{"labels=" + strings.Repeat("[", 20000)}, &capability.InputError{Field: "labels", Problem: "must be a JSON object", Value: `"` + strings.Repeat("[", 59) + `…"`}},
		"B8_NUL":               {[]string{"text=a\x00b"}, &capability.InputError{Field: "text", Problem: "must not contain a NUL character", Value: `"a\x00b"`}},
		"B17_not UTF-8":        {[]string{"text=\xff"}, &capability.InputError{Field: "text", Problem: "must be UTF-8 text", Value: `"\xff"`}},
	}
	d := thing(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := capability.ParseSet(d, "plain", tt.pairs)
			if diff := cmp.Diff(error(tt.want), err); diff != "" {
				t.Errorf("ParseSet(%.80q) = %v, error (-want +got):\n%s", tt.pairs, got, diff)
			}
		})
	}
}

func TestParseSetUnknownType(t *testing.T) {
	_, err := capability.ParseSet(thing(t), "other", nil)
	if e, ok := errors.AsType[*capability.UnknownError](err); !ok || e.What != "type" {
		t.Errorf("ParseSet = %v, want *UnknownError", err)
	}
}

// FuzzParseSet holds that whatever is given, what ParseSet takes is resolved
// or refused with the input named, and that a string passes unchanged.
func FuzzParseSet(f *testing.F) {
	for _, pair := range []string{"text=a", "size=1", "ratio=.5", "open=true", `tags=["a"]`, `labels={"a":"b"}`, "x", "=", "size=1e1"} {
		f.Add(pair)
	}
	d := thing(f)
	f.Fuzz(func(t *testing.T, pair string) {
		inputs, err := capability.ParseSet(d, "plain", []string{pair})
		if err == nil {
			_, err = d.Resolve(ask(inputs))
		}
		if err != nil {
			if e, ok := errors.AsType[*capability.InputError](err); !ok || strings.ContainsAny(e.Problem+e.Value, "\n\x1b\x00") {
				t.Fatalf("%q: error %v", pair, err)
			}
			return
		}
		if text, ok := strings.CutPrefix(pair, "text="); ok && inputs["text"] != text {
			t.Fatalf("%q became %q", text, inputs["text"])
		}
	})
}
