package capability

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// ParseSet turns key=value pairs into typed inputs of a type, by the schema of
// the inputs: a string is taken as it stands, numbers and booleans are parsed,
// arrays and objects are JSON. Whether a value is allowed is left to Resolve.
// Errors: *UnknownError, *InputError.
func ParseSet(d *Definition, typ string, pairs []string) (map[string]any, error) {
	compiled, ok := d.compiled[typ]
	if !ok {
		return nil, &UnknownError{What: "type", Name: typ, Known: d.Types()}
	}
	schema := compiled.inputs
	inputs := make(map[string]any, len(pairs))
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, &InputError{Field: name, Problem: "needs a value, as in name=value", Known: schema.names}
		}
		property, ok := schema.properties[name]
		if !ok {
			return nil, &InputError{Field: name, Problem: "unknown input", Known: schema.names}
		}
		if _, ok := inputs[name]; ok {
			return nil, &InputError{Field: name, Problem: "is given twice"}
		}
		value, problem := parseValue(stringOf(property["type"]), text)
		if problem != "" {
			return nil, &InputError{Field: name, Problem: problem, Value: show(text)}
		}
		inputs[name] = value
	}
	return inputs, nil
}

// parseValue reads the text of a value of a JSON Schema type.
func parseValue(kind, text string) (value any, problem string) {
	switch kind {
	case "string":
		return parseText(text)
	case "boolean":
		if text != "true" && text != "false" {
			return nil, "must be true or false"
		}
		return text == "true", ""
	case "integer":
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil || strconv.FormatInt(i, 10) != text || i > 1<<53-1 || i < -(1<<53-1) {
			return nil, "must be a whole number"
		}
		return i, ""
	case "number":
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.Trim(text, "0123456789.eE+-") != "" {
			return nil, "must be a number"
		}
		return f, ""
	default:
		return parseJSON(kind, text)
	}
}

// parseText takes any text that every file and database can hold.
func parseText(text string) (any, string) {
	if !utf8.ValidString(text) {
		return nil, "must be UTF-8 text"
	}
	if strings.ContainsRune(text, 0) {
		return nil, "must not contain a NUL character"
	}
	return text, ""
}

func parseJSON(kind, text string) (any, string) {
	var v struct {
		Value any `yaml:"value"`
	}
	if err := strictyaml.DecodeJSON("value", []byte(`{"value":`+text+`}`), &v); err != nil {
		return nil, "must be a JSON " + kind
	}
	return v.Value, ""
}
