// Package strictyaml is the one reader of YAML and JSON files written by
// people and other programs.
//
// It takes less than YAML allows, so that a file means the same to everybody
// who reads it: one document, no anchors, aliases or merge keys, no tags, no
// duplicate or unknown keys (upper and lower case differ), numbers as JSON
// writes them and within the range that every reader keeps exactly, and never
// a number, a date or a "yes" where a string belongs. What it refuses it
// refuses with the line and the field.
package strictyaml

import (
	"errors"
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// MaxSize is the largest input that is read, in bytes.
const MaxSize = 1 << 20

// maxDepth is how deep maps and lists may nest.
const maxDepth = 64

// Decode reads the only document of data into v, a non-nil pointer.
//
// Struct fields are named by their `yaml:"name"` tags; fields without a tag
// are not filled. A field tagged `yaml:",inline"` of type map[string]any takes
// the keys that no other field names. Fields of type any receive string, bool,
// int64, float64, nil, []any and map[string]any. A type that implements
// encoding.TextUnmarshaler receives the text of a string or of a date. Keys
// that are absent leave what v holds.
//
// Every error is an *Error. v is unchanged then.
func Decode(name string, data []byte, v any) error {
	docs, err := parseYAML(name, data)
	if err != nil {
		return err
	}
	if len(docs) > 1 {
		return &Error{File: name, Line: docs[1].Line, Problem: "only one document is allowed in this file"}
	}
	return decodeDocument(name, docs[0], v)
}

// DecodeAll reads every document of data by the rules of Decode: each is
// called once per document, with its number from 0, and decodes it through the
// function that it is given. Documents with nothing in them are passed over.
// An error of each ends the reading and is returned.
func DecodeAll(name string, data []byte, each func(i int, decode func(v any) error) error) error {
	docs, err := parseYAML(name, data)
	if err != nil {
		return err
	}
	n := 0
	for _, doc := range docs {
		if isEmpty(doc) {
			continue
		}
		if err := each(n, func(v any) error { return decodeDocument(name, doc, v) }); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return &Error{File: name, Problem: "is empty"}
	}
	return nil
}

// DecodeJSON reads one JSON object into v by the same rules and tags as
// Decode.
func DecodeJSON(name string, data []byte, v any) error {
	doc, err := parseJSON(name, data)
	if err != nil {
		return err
	}
	return decodeDocument(name, doc, v)
}

func decodeDocument(name string, doc *yaml.Node, v any) error {
	out := reflect.ValueOf(v)
	if out.Kind() != reflect.Pointer || out.IsNil() {
		return fmt.Errorf("decode %s: %T is no pointer to decode into", name, v)
	}
	if isEmpty(doc) {
		return &Error{File: name, Problem: "is empty"}
	}
	if doc.Kind != yaml.MappingNode {
		return &Error{File: name, Line: doc.Line, Column: doc.Column, Problem: "must be a map of fields, not " + kindName(doc)}
	}
	// Decoded aside first: a refused file leaves v as it was.
	fresh := reflect.New(out.Type().Elem()).Elem()
	fresh.Set(out.Elem())
	if err := decodeValue("", doc, fresh); err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			e.File = name
		}
		return err
	}
	out.Elem().Set(fresh)
	return nil
}
