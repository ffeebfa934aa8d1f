package capability

import (
	"fmt"
	"math"
	"slices"
)

// Input describes one input, for prompts, flags and listings.
type Input struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"` // of JSON Schema: string, integer, number, boolean, array or object
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Required    bool     `json:"required"`
	Immutable   bool     `json:"immutable"`
	Default     any      `json:"default,omitempty"` // nil when the schema gives none
	Enum        []any    `json:"enum,omitempty"`
	ItemEnum    []any    `json:"itemEnum,omitempty"` // values that the items of an array may have
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
}

// inputSchema is the JSON Schema of a type's inputs, made ready.
type inputSchema struct {
	properties map[string]map[string]any
	names      []string // of the properties, sorted
	required   []any
	whole      *schema
}

// compileInputs checks and compiles the schema at field. It is usable only
// when no problem was added.
func compileInputs(field string, doc map[string]any, add func(Problem)) *inputSchema {
	s := &inputSchema{properties: map[string]map[string]any{}, whole: &schema{}}
	if doc == nil {
		doc = map[string]any{"type": "object"}
	}
	properties, _ := doc["properties"].(map[string]any)
	s.names = sortedKeys(properties)
	problems := schemaProblems(field, doc)
	if doc["type"] != "object" {
		problems = append(problems, Problem{Field: field + ".type", Problem: `must be "object"`})
	}
	if len(problems) > 0 {
		for _, p := range problems {
			add(p)
		}
		return s
	}
	s.whole = compile(doc)
	for _, name := range s.names {
		s.properties[name], _ = properties[name].(map[string]any)
		s.checkProperty(field+".properties."+name, name, add)
	}
	s.required = listOf(doc["required"])
	for _, name := range s.required {
		if !slices.Contains(s.names, stringOf(name)) {
			add(Problem{Field: field + ".required", Problem: fmt.Sprintf("no input is called %q", name), Known: s.names})
		}
	}
	return s
}

// checkProperty checks what JSON Schema leaves open and an input needs: a name
// for expressions, one type, and a default that is valid.
func (s *inputSchema) checkProperty(field, name string, add func(Problem)) {
	if !identifier(name) {
		add(Problem{Field: field, Problem: "the name of an input must be a letter, then letters, digits and _"})
		return
	}
	if _, ok := s.properties[name]["type"].(string); !ok {
		add(Problem{Field: field + ".type", Problem: "an input needs one type"})
	}
	if def, ok := s.properties[name]["default"]; ok {
		if err := s.check(name, def); err != nil {
			add(Problem{Field: field + ".default", Problem: err.Error()})
		}
	}
}

// check holds one value against the schema of its input.
func (s *inputSchema) check(name string, value any) error {
	if !slices.Contains(s.names, name) {
		return &InputError{Field: name, Problem: "unknown input", Known: s.names}
	}
	if property, ok := s.whole.fields[name]; ok {
		return first(property.faults(name, value))
	}
	return nil // the schema itself is refused
}

// checkAll holds all inputs together against the schema.
func (s *inputSchema) checkAll(inputs map[string]any) error {
	return first(s.whole.faults("", inputs))
}

func first(faults []*InputError) error {
	if len(faults) == 0 {
		return nil
	}
	return faults[0]
}

// fill returns the effective inputs: given ahead of preset ahead of defaults.
func (s *inputSchema) fill(preset, given map[string]any) map[string]any {
	out := make(map[string]any, len(s.names))
	for _, name := range s.names {
		for _, value := range []any{given[name], preset[name], s.properties[name]["default"]} {
			if value != nil {
				out[name] = s.normal(name, value)
				break
			}
		}
	}
	return out
}

// normal gives whole numbers one Go type, so that expressions may count with
// them.
func (s *inputSchema) normal(name string, value any) any {
	if s.properties[name]["type"] != "integer" {
		return value
	}
	switch v := value.(type) {
	case int:
		return int64(v)
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return int64(v)
		}
	}
	return value
}

func (s *inputSchema) immutable(name string) bool {
	v, _ := s.properties[name]["x-immutable"].(bool)
	return v
}

// Inputs returns the inputs of a type, required ones first, then by name.
func (d *Definition) Inputs(typ string) []Input {
	compiled, ok := d.compiled[typ]
	if !ok {
		return nil
	}
	s := compiled.inputs
	list := make([]Input, len(s.names))
	for i, name := range s.names {
		p := s.properties[name]
		list[i] = Input{
			Name: name, Type: stringOf(p["type"]), Title: stringOf(p["title"]), Description: stringOf(p["description"]),
			Enum: listOf(p["enum"]), Default: p["default"], Minimum: numberOf(p["minimum"]), Maximum: numberOf(p["maximum"]),
			Required: slices.Contains(s.required, any(name)), Immutable: s.immutable(name),
		}
		if items, ok := p["items"].(map[string]any); ok {
			list[i].ItemEnum = listOf(items["enum"])
		}
	}
	slices.SortStableFunc(list, func(a, b Input) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		default:
			return 1
		}
	})
	return list
}

func stringOf(v any) string {
	s, _ := v.(string)
	return s
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

func numberOf(v any) *float64 {
	switch v := v.(type) {
	case int64:
		f := float64(v)
		return &f
	case float64:
		return &v
	}
	return nil
}
