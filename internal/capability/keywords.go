package capability

import (
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
)

// schema is a JSON Schema (draft 2020-12) made ready. It may use all keywords
// but references and what goes with them: a schema is written out, so it is
// finite and reads the same everywhere. Formats are checked.
//
// A library would do, were it not that those which say where a value is wrong
// compile the schemas of JSON Schema itself when the program starts, each time,
// which takes as long as all else that happens before main.
type schema struct {
	never   bool // the schema false
	types   []string
	enum    []any
	fixed   []any // the value of const, if there is one
	numbers map[string]*big.Rat
	counts  map[string]int
	pattern *regexp.Regexp
	format  string
	unique  bool

	required  []string
	dependent map[string][]string

	inner map[string]*schema            // additionalProperties, contains, else, if, items, not, propertyNames, then
	lists map[string][]*schema          // allOf, anyOf, oneOf, prefixItems
	named map[string]map[string]*schema // dependentSchemas, properties
}

// keyword reads the value of one keyword into a schema. It returns what is
// wrong with the value, or "".
type keyword func(r reading) (problem string)

// reading is a keyword that is read: its name, its value, where it stands, and
// the schema that it belongs to.
type reading struct {
	*schemaCompiler
	schema   *schema
	at, name string
	value    any
}

// keywords are what a schema of inputs may say.
func keywords() map[string]keyword {
	known := map[string]keyword{
		"type": readTypes, "enum": readEnum, "const": readConst, "pattern": readPattern, "format": readFormat,
		"uniqueItems": readUnique, "required": readRequired, "dependentRequired": readDependent,
		"default": anyValue, "examples": anyList,
	}
	add := func(read keyword, names ...string) {
		for _, name := range names {
			known[name] = read
		}
	}
	add(readNumber, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
	add(readCount, "minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains", "minProperties", "maxProperties")
	add(readSchema, "additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then")
	add(readList, "allOf", "anyOf", "oneOf", "prefixItems")
	add(readNamed, "dependentSchemas", "properties")
	add(anyText, "title", "description")
	add(anyBool, "deprecated", "readOnly", "writeOnly", "x-immutable")
	return known
}

// schemaCompiler reads schemas and collects what is wrong with them.
type schemaCompiler struct {
	known  map[string]keyword
	add    func(Problem)
	faults int
}

func (c *schemaCompiler) fault(p Problem) {
	c.faults++
	c.add(p)
}

// compile reads the schema at a field, and all schemas within it.
func (c *schemaCompiler) compile(field string, doc any) *schema {
	if allowed, isBool := doc.(bool); isBool {
		return &schema{never: !allowed}
	}
	m, ok := doc.(map[string]any)
	if !ok {
		c.fault(Problem{Field: field, Problem: "must be a schema: a map of keywords"})
		return &schema{}
	}
	s := &schema{
		numbers: map[string]*big.Rat{}, counts: map[string]int{},
		inner: map[string]*schema{}, lists: map[string][]*schema{}, named: map[string]map[string]*schema{},
	}
	for _, name := range sortedKeys(m) {
		at := field + "." + name
		switch read, ok := c.known[name]; {
		case ok:
			if problem := read(reading{c, s, at, name, m[name]}); problem != "" {
				c.fault(Problem{Field: at, Problem: problem})
			}
		case strings.HasPrefix(name, "$"):
			c.fault(Problem{Field: at, Problem: "references are not supported; write the schema out"})
		case !strings.HasPrefix(name, "x-"):
			c.fault(Problem{Field: at, Problem: "unknown keyword", Known: slices.Sorted(maps.Keys(c.known))})
		}
	}
	return s
}

func readTypes(r reading) string {
	known := []string{"array", "boolean", "integer", "null", "number", "object", "string"}
	if one, ok := r.value.(string); ok {
		r.value = []any{one}
	}
	names, problem := texts(r.value)
	for _, name := range names {
		if !slices.Contains(known, name) {
			return fmt.Sprintf("must be one of %s, not %q", strings.Join(known, ", "), name)
		}
	}
	if problem == "" && len(names) == 0 {
		problem = "must name a type"
	}
	r.schema.types = names
	return problem
}

func readEnum(r reading) string {
	list, ok := r.value.([]any)
	if !ok || len(list) == 0 {
		return "must be a list of values"
	}
	r.schema.enum = list
	return ""
}

func readConst(r reading) string {
	r.schema.fixed = []any{r.value}
	return ""
}

func readPattern(r reading) string {
	text, ok := r.value.(string)
	if !ok {
		return "must be a regular expression"
	}
	var err error
	if r.schema.pattern, err = regexp.Compile(text); err != nil {
		return "must be a regular expression: " + err.Error()
	}
	return ""
}

func readFormat(r reading) string {
	known := formats()
	r.schema.format, _ = r.value.(string)
	if known[r.schema.format] == nil {
		return "must be one of " + strings.Join(sortedKeys(known), ", ")
	}
	return ""
}

func readUnique(r reading) string {
	var ok bool
	if r.schema.unique, ok = r.value.(bool); !ok {
		return mustBeBool
	}
	return ""
}

func readRequired(r reading) (problem string) {
	r.schema.required, problem = texts(r.value)
	return problem
}

func readDependent(r reading) string {
	m, ok := r.value.(map[string]any)
	if !ok {
		return "must be a map of lists of names"
	}
	r.schema.dependent = map[string][]string{}
	for _, name := range sortedKeys(m) {
		names, problem := texts(m[name])
		if problem != "" {
			return problem
		}
		r.schema.dependent[name] = names
	}
	return ""
}

func readNumber(r reading) string {
	n, ok := numberIn(r.value)
	switch {
	case !ok:
		return "must be a number"
	case r.name == "multipleOf" && n.Sign() <= 0:
		return "must be above zero"
	}
	r.schema.numbers[r.name] = n
	return ""
}

func readCount(r reading) string {
	n, ok := numberIn(r.value)
	if !ok || !n.IsInt() || n.Sign() < 0 || !n.Num().IsInt64() {
		return "must be a whole number, zero or more"
	}
	r.schema.counts[r.name] = int(n.Num().Int64())
	return ""
}

func readSchema(r reading) string {
	r.schema.inner[r.name] = r.compile(r.at, r.value)
	return ""
}

func readList(r reading) string {
	list, ok := r.value.([]any)
	if !ok || len(list) == 0 {
		return "must be a list of schemas"
	}
	for i, doc := range list {
		r.schema.lists[r.name] = append(r.schema.lists[r.name], r.compile(fmt.Sprintf("%s[%d]", r.at, i), doc))
	}
	return ""
}

func readNamed(r reading) string {
	m, ok := r.value.(map[string]any)
	if !ok {
		return "must be a map of schemas"
	}
	r.schema.named[r.name] = map[string]*schema{}
	for _, key := range sortedKeys(m) {
		r.schema.named[r.name][key] = r.compile(r.at+"."+key, m[key])
	}
	return ""
}

const mustBeBool = "must be true or false"

func anyValue(reading) string { return "" }

func anyList(r reading) string {
	if _, ok := r.value.([]any); !ok {
		return "must be a list"
	}
	return ""
}

func anyText(r reading) string {
	if _, ok := r.value.(string); !ok {
		return "must be text"
	}
	return ""
}

func anyBool(r reading) string {
	if _, ok := r.value.(bool); !ok {
		return mustBeBool
	}
	return ""
}

// texts returns a list of different strings.
func texts(value any) (names []string, problem string) {
	list, ok := value.([]any)
	if !ok {
		return nil, "must be a list of names"
	}
	for _, item := range list {
		name, ok := item.(string)
		switch {
		case !ok:
			return nil, "must be a list of names"
		case slices.Contains(names, name):
			return nil, fmt.Sprintf("names %q twice", name)
		}
		names = append(names, name)
	}
	return names, ""
}
