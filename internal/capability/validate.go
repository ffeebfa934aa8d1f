package capability

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"

	"github.com/google/jsonschema-go/jsonschema"
)

// schema is a JSON Schema (draft 2020-12) made ready. A library holds a value
// against it. It does not say where a value is wrong, and does not check
// formats: so each value within a value is held against its own schema, here.
type schema struct {
	doc           map[string]any // nil when the schema is just true or false
	never         bool           // the schema false
	fields        map[string]*schema
	prefix        []*schema
	items, others *schema // nil takes anything

	// own is what doc says of a value, but for the values within. It is made
	// when it is needed: most schemas of a definition are not, in one run.
	own func() (*jsonschema.Resolved, error)
}

// compile makes a schema ready in which schemaProblems finds none.
func compile(doc any) *schema {
	s := &schema{never: doc == false, fields: map[string]*schema{}}
	s.doc, _ = doc.(map[string]any)
	own := maps.Clone(s.doc)
	for _, name := range []string{"properties", "prefixItems", "items", "additionalProperties", "required"} {
		delete(own, name)
	}
	s.own = sync.OnceValues(func() (*jsonschema.Resolved, error) { return resolve(own) })
	fields, _ := s.doc["properties"].(map[string]any)
	for name, field := range fields {
		s.fields[name] = compile(field)
	}
	for _, item := range listOf(s.doc["prefixItems"]) {
		s.prefix = append(s.prefix, compile(item))
	}
	if items, ok := s.doc["items"]; ok {
		s.items = compile(items)
	}
	if others, ok := s.doc["additionalProperties"]; ok {
		s.others = compile(others)
	}
	return s
}

func resolve(doc map[string]any) (*jsonschema.Resolved, error) {
	text, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, err
	}
	return s.Resolve(nil)
}

const unknownField = "unknown field"

// faults returns what is wrong with a JSON-like value, in the order of its
// parts; path is where it lies.
func (s *schema) faults(path string, v any) []*InputError {
	switch {
	case !plain(v):
		return []*InputError{refuse(path, v, "is no JSON value")}
	case s.never:
		return []*InputError{refuse(path, v, "is not allowed")}
	case s.doc == nil:
		return nil
	}
	own, err := s.own()
	if err == nil {
		err = own.Validate(v)
	}
	if err != nil {
		return []*InputError{s.explain(path, v, err)}
	}
	var found []*InputError
	switch v := v.(type) {
	case string:
		if format, ok := s.doc["format"].(string); ok && !formats()[format](v) {
			found = append(found, refuse(path, v, "must be of the format "+format))
		}
	case []any:
		for i, item := range v {
			inner := s.items
			if i < len(s.prefix) {
				inner = s.prefix[i]
			}
			if inner != nil {
				found = append(found, inner.faults(fmt.Sprintf("%s[%d]", path, i), item)...)
			}
		}
	case map[string]any:
		found = s.objectFaults(path, v)
	}
	return found
}

func (s *schema) objectFaults(path string, v map[string]any) (found []*InputError) {
	if path != "" {
		path += "."
	}
	for _, name := range listOf(s.doc["required"]) {
		if _, ok := v[stringOf(name)]; !ok {
			found = append(found, &InputError{Field: path + stringOf(name), Problem: "is required"})
		}
	}
	for _, name := range sortedKeys(v) {
		inner, known := s.fields[name]
		switch {
		case known:
			found = append(found, inner.faults(path+name, v[name])...)
		case s.others != nil && s.others.never:
			found = append(found, &InputError{Field: path + name, Problem: unknownField, Known: sortedKeys(s.fields)})
		case s.others != nil:
			found = append(found, s.others.faults(path+name, v[name])...)
		}
	}
	return found
}

// explain puts what the library says into plain words, where it begins with a
// keyword of the schema, and not with one of a schema that this one compares
// with.
func (s *schema) explain(path string, v any, err error) *InputError {
	text := strings.TrimPrefix(err.Error(), "validating root: ")
	keyword, _, _ := strings.Cut(text, ": ")
	words, ok := map[string]string{
		"type": "must be of type %", "enum": "is not one of the values allowed", "const": "must be %",
		"minimum": "must be at least %", "maximum": "must be at most %", "multipleOf": "must be a multiple of %",
		"exclusiveMinimum": "must be above %", "exclusiveMaximum": "must be below %", "pattern": "must match %",
		"minLength": "length must be at least %", "maxLength": "length must be at most %",
		"minItems": "number of items must be at least %", "maxItems": "number of items must be at most %",
		"minProperties": "number of fields must be at least %", "maxProperties": "number of fields must be at most %",
		"uniqueItems": "must not have equal items", "contains": "lacks an item that it must contain",
		"anyOf": "has none of the forms allowed", "oneOf": "must have exactly one of the forms allowed",
		"not": "is of a form that is not allowed",
	}[keyword]
	if !ok {
		for strings.HasPrefix(text, "validating ") {
			_, text, _ = strings.Cut(text, ": ")
		}
		return refuse(path, v, escape(clip(text, 200)))
	}
	want := []string{textOf(s.doc[keyword])}
	if list, ok := s.doc[keyword].([]any); ok && keyword != "const" {
		want = textsOf(list)
	}
	e := refuse(path, v, strings.ReplaceAll(words, "%", strings.Join(want, " or ")))
	if keyword == "enum" {
		e.Known = want
	}
	return e
}

// plain reports whether a value is of the types that the strict reader gives:
// the library takes more, and NaN for zero.
func plain(v any) bool {
	switch v := v.(type) {
	case nil, bool, string, int, int64, uint64, []any, map[string]any:
		return true
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return false
}

func refuse(path string, v any, problem string) *InputError {
	return &InputError{Field: path, Problem: problem, Value: show(v)}
}
