package capability

import (
	_ "embed"
	"encoding/json"
	"strings"
)

//go:embed schema/inputs.schema.json
var schemaOfInputs []byte

// compileKeywords returns the schema of schemas: the keywords of draft 2020-12
// but references and what goes with them. A schema is written out, so it is
// finite and reads the same everywhere. The file leaves out that schemas hold
// schemas. Those of the values within are walked to; those that a value is
// compared with as a whole have no format, because nobody would check it.
func compileKeywords() (*schema, error) {
	var doc any
	if err := json.Unmarshal(schemaOfInputs, &doc); err != nil {
		return nil, err
	}
	walked, compared := compile(doc), compile(doc)
	for _, s := range []*schema{walked, compared} {
		s.fields["items"], s.fields["additionalProperties"] = s, s
		s.fields["properties"].others, s.fields["prefixItems"].items = s, s
		s.fields["dependentSchemas"].others = compared
		for _, name := range []string{"allOf", "anyOf", "oneOf"} {
			s.fields[name].items = compared
		}
		for _, name := range []string{"contains", "else", "if", "not", "propertyNames", "then"} {
			s.fields[name] = compared
		}
	}
	delete(compared.fields, "format")
	return walked, nil
}

// schemaProblems returns what is wrong with the schema at a field.
func schemaProblems(field string, doc any) []Problem {
	keywords, err := compileKeywords()
	if err != nil {
		return []Problem{{Field: field, Problem: err.Error()}}
	}
	var problems []Problem
	for _, e := range keywords.faults(field, doc) {
		p := Problem{Field: e.Field, Problem: e.Problem, Known: e.Known}
		switch keyword := e.Field[strings.LastIndexByte(e.Field, '.')+1:]; {
		case e.Problem == unknownField && strings.HasPrefix(keyword, "$"):
			p = Problem{Field: e.Field, Problem: "references are not supported; write the schema out"}
		case e.Problem == unknownField:
			p.Problem = "unknown keyword"
		case e.Value != "":
			p.Problem += ": " + e.Value
		}
		problems = append(problems, p)
	}
	return problems
}
