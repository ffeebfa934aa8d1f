package capability

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed schema/capability.schema.json
var schemaText string

// Schema returns the JSON Schema (draft 2020-12) of capability.yaml.
func Schema() []byte { return []byte(schemaText) }

// keywords are the parts of JSON Schema that a schema of inputs may use: what
// each holds is "value", a "schema", a "list" of schemas or a "map" of them.
// References are not among them: a schema is written out, so it is finite and
// reads the same everywhere.
func keywords() map[string]string {
	known := map[string]string{
		"properties": "map", "items": "schema", "prefixItems": "list", "contains": "schema",
		"additionalProperties": "schema", "propertyNames": "schema", "dependentSchemas": "map",
		"allOf": "list", "anyOf": "list", "oneOf": "list", "not": "schema", "if": "schema", "then": "schema", "else": "schema",
	}
	for _, name := range []string{
		"type", "enum", "const", "default", "examples", "title", "description", "deprecated", "readOnly", "writeOnly",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
		"format", "minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties", "maxProperties",
		"required", "dependentRequired", "x-immutable",
	} {
		known[name] = "value"
	}
	return known
}

// checkSchema refuses keywords that JSON Schema would pass over in silence, in
// a schema and all schemas within it.
func checkSchema(field string, doc any, add func(Problem)) {
	if _, isBool := doc.(bool); isBool {
		return
	}
	m, ok := doc.(map[string]any)
	if !ok {
		add(Problem{Field: field, Problem: "must be a schema: a map of keywords"})
		return
	}
	known := keywords()
	for _, name := range sortedKeys(m) {
		at := field + "." + name
		switch holds := known[name]; {
		case holds == "schema":
			checkSchema(at, m[name], add)
		case holds == "list":
			for i, item := range listOf(m[name]) {
				checkSchema(fmt.Sprintf("%s[%d]", at, i), item, add)
			}
		case holds == "map":
			inner, _ := m[name].(map[string]any)
			for _, key := range sortedKeys(inner) {
				checkSchema(at+"."+key, inner[key], add)
			}
		case strings.HasPrefix(name, "$"):
			add(Problem{Field: at, Problem: "references are not supported; write the schema out"})
		case holds == "" && !strings.HasPrefix(name, "x-"):
			add(Problem{Field: at, Problem: "unknown keyword", Known: slices.Sorted(maps.Keys(known))})
		}
	}
}
