package capability

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compileText(t *testing.T, text string) (*schema, []Problem) {
	t.Helper()
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if problems := schemaProblems("inputs", doc); problems != nil {
		return nil, problems
	}
	return compile(doc), nil
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		schema, value string
		want          *InputError
	}{
		"false":             {`{"properties": {"a": false}}`, `{"a": 1}`, &InputError{Field: "a", Problem: "is not allowed", Value: "1"}},
		"of two types":      {`{"type": ["string", "null"]}`, `1`, &InputError{Problem: "must be of type string or null", Value: "1"}},
		"const":             {`{"const": "x"}`, `"y"`, &InputError{Problem: "must be x", Value: `"y"`}},
		"enum of numbers":   {`{"enum": [1, 2.5]}`, `2`, &InputError{Problem: "is not one of the values allowed", Value: "2", Known: []string{"1", "2.5"}}},
		"above":             {`{"exclusiveMinimum": 0.5}`, `0.5`, &InputError{Problem: "must be above 0.5", Value: "0.5"}},
		"below":             {`{"exclusiveMaximum": 3}`, `3`, &InputError{Problem: "must be below 3", Value: "3"}},
		"multiple":          {`{"multipleOf": 2}`, `3`, &InputError{Problem: "must be a multiple of 2", Value: "3"}},
		"too short":         {`{"minLength": 1}`, `""`, &InputError{Problem: "length must be at least 1", Value: `""`}},
		"length in runes":   {`{"maxLength": 2}`, `"äöü"`, &InputError{Problem: "length must be at most 2", Value: `"äöü"`}},
		"pattern":           {`{"pattern": "^a+$"}`, `"b"`, &InputError{Problem: "must match ^a+$", Value: `"b"`}},
		"format":            {`{"format": "ipv4"}`, `"1.2.3"`, &InputError{Problem: "must be of the format ipv4", Value: `"1.2.3"`}},
		"too many items":    {`{"maxItems": 1}`, `[1, 2]`, &InputError{Problem: "number of items must be at most 1", Value: "[1,2]"}},
		"equal items":       {`{"uniqueItems": true}`, `[{"a": 1}, 2, {"a": 1.0}]`, &InputError{Problem: "must not have equal items", Value: `[{"a":1},2,{"a":1}]`}},
		"item":              {`{"prefixItems": [true], "items": {"type": "string"}}`, `[1, "a", 2]`, &InputError{Field: "[2]", Problem: "must be of type string", Value: "2"}},
		"contains":          {`{"contains": {"type": "string"}}`, `[1]`, &InputError{Problem: "lacks an item that it must contain", Value: "[1]"}},
		"contains too many": {`{"contains": true, "maxContains": 1}`, `[1, 2]`, &InputError{Problem: "maxContains: contains validated 2 items, greater than 1", Value: "[1,2]"}},
		"too few fields":    {`{"minProperties": 1}`, `{}`, &InputError{Problem: "number of fields must be at least 1", Value: "{}"}},
		"required":          {`{"properties": {"a": {"required": ["b"]}}}`, `{"a": {}}`, &InputError{Field: "a.b", Problem: "is required"}},
		"dependent":         {`{"dependentRequired": {"a": ["b"]}}`, `{"a": 1}`, &InputError{Problem: `dependentRequired["a"]: missing properties ["b"]`, Value: `{"a":1}`}},
		"dependent schema":  {`{"dependentSchemas": {"a": {"required": ["c"]}}}`, `{"a": 1}`, &InputError{Problem: `required: missing properties: ["c"]`, Value: `{"a":1}`}},
		"unknown field":     {`{"additionalProperties": false}`, `{"b": 1, "a": 1}`, &InputError{Field: "a", Problem: "unknown field", Known: []string{}}},
		"other field":       {`{"additionalProperties": {"type": "string"}}`, `{"a": 1}`, &InputError{Field: "a", Problem: "must be of type string", Value: "1"}},
		"name of a field":   {`{"propertyNames": {"maxLength": 1}}`, `{"aa": 1}`, &InputError{Problem: `maxLength: "aa" contains 2 Unicode code points, more than 1`, Value: `{"aa":1}`}},
		"all":               {`{"allOf": [true, {"type": "string"}]}`, `1`, &InputError{Problem: `type: 1 has type "integer", want "string"`, Value: "1"}},
		"any":               {`{"anyOf": [{"type": "string"}, {"minimum": 2}]}`, `1`, &InputError{Problem: "has none of the forms allowed", Value: "1"}},
		"one, none":         {`{"oneOf": [{"type": "string"}, {"minimum": 2}]}`, `1`, &InputError{Problem: "must have exactly one of the forms allowed", Value: "1"}},
		"one, two":          {`{"oneOf": [{"type": "number"}, {"minimum": 1}]}`, `1`, &InputError{Problem: "must have exactly one of the forms allowed", Value: "1"}},
		"not":               {`{"not": {"type": "number"}}`, `1`, &InputError{Problem: "is of a form that is not allowed", Value: "1"}},
		"then":              {`{"if": {"minimum": 1}, "then": {"minimum": 5}}`, `2`, &InputError{Problem: "minimum: 2/1 is less than 5.000000", Value: "2"}},
		"else":              {`{"if": {"minimum": 1}, "else": {"minimum": 5}}`, `0`, &InputError{Problem: "minimum: 0/1 is less than 5.000000", Value: "0"}},
		"1.0 is integer":    {`{"type": "integer"}`, `1.0`, nil},
		"no number":         {`{"minimum": 5, "minLength": 5, "minItems": 5, "required": ["a"]}`, `true`, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, problems := compileText(t, tt.schema)
			if problems != nil {
				t.Fatal(problems)
			}
			var value any
			if err := json.Unmarshal([]byte(tt.value), &value); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, firstOf(s.faults("", value))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What a Go program may hold and JSON cannot is refused.
func TestValidateGoValues(t *testing.T) {
	s, _ := compileText(t, `{}`)
	for _, v := range []any{[]string{"a"}, math.NaN(), math.Inf(1), struct{}{}, map[any]any{}} {
		if e := firstOf(s.faults("x", v)); e == nil || e.Problem != "is no JSON value" {
			t.Errorf("faults(%v) = %v", v, e)
		}
	}
}

// Whole numbers are the same, whichever Go type holds them.
func TestValidateGoNumbers(t *testing.T) {
	s, _ := compileText(t, `{"type": "integer", "const": 3, "minimum": 3, "maximum": 3}`)
	for _, v := range []any{3, int64(3), uint64(3), 3.0} {
		if faults := s.faults("x", v); faults != nil {
			t.Errorf("faults(%T) = %v", v, faults)
		}
	}
	s, _ = compileText(t, `{"maximum": 9007199254740991}`)
	if s.faults("x", int64(1<<53-1)) != nil || s.faults("x", int64(1<<53)) == nil {
		t.Error("large numbers are not compared exactly")
	}
}

func TestSchemaProblems(t *testing.T) {
	tests := map[string]struct{ schema, field, problem string }{
		"no schema":         {`1`, "inputs", "of type object or boolean: 1"},
		"no schema within":  {`{"items": 1}`, "inputs.items", "of type object or boolean"},
		"in a list":         {`{"anyOf": [{"x": 1}, {"minimum": "1"}]}`, "inputs.anyOf[0].x", "unknown keyword"},
		"no list":           {`{"allOf": []}`, "inputs.allOf", "at least 1"},
		"no map":            {`{"properties": []}`, "inputs.properties", "of type object"},
		"type":              {`{"type": "text"}`, "inputs.type", "text does not equal any of"},
		"type twice":        {`{"type": ["null", "null"]}`, "inputs.type", "equal items"},
		"types":             {`{"type": ["null", "text"]}`, "inputs.type[1]", "not one of the values"},
		"no types":          {`{"type": []}`, "inputs.type", "at least 1"},
		"enum":              {`{"enum": []}`, "inputs.enum", "at least 1"},
		"multiple of zero":  {`{"multipleOf": 0}`, "inputs.multipleOf", "at least 1"},
		"multiple of half":  {`{"multipleOf": 0.5}`, "inputs.multipleOf", "of type integer"},
		"number":            {`{"exclusiveMinimum": true}`, "inputs.exclusiveMinimum", "of type number"},
		"count":             {`{"maxItems": 1.5}`, "inputs.maxItems", "of type integer"},
		"negative count":    {`{"maxItems": -1}`, "inputs.maxItems", "at least 0"},
		"huge count":        {`{"maxItems": 1e10}`, "inputs.maxItems", "at most 2147483647"},
		"pattern":           {`{"pattern": "("}`, "inputs.pattern", "of the format regex"},
		"format":            {`{"format": "phone"}`, "inputs.format", "not one of the values"},
		"format unchecked":  {`{"items": {"not": {"format": "date"}}}`, "inputs.items.not.format", "unknown keyword"},
		"unique":            {`{"uniqueItems": 1}`, "inputs.uniqueItems", "of type boolean"},
		"required":          {`{"required": [1]}`, "inputs.required[0]", "of type string"},
		"dependent":         {`{"dependentRequired": {"a": "b"}}`, "inputs.dependentRequired.a", "of type array"},
		"null":              {`{"properties": {"a": null}}`, "inputs.properties.a", "of type object or boolean"},
		"no dependents":     {`{"dependentRequired": []}`, "inputs.dependentRequired", "of type object"},
		"dependent schema":  {`{"dependentSchemas": {"a": {"$ref": "#"}}}`, "inputs.dependentSchemas.a.$ref", "references are not supported"},
		"title":             {`{"title": 1}`, "inputs.title", "of type string"},
		"upper case":        {`{"Type": "string"}`, "inputs.Type", "unknown keyword"},
		"examples":          {`{"examples": 1}`, "inputs.examples", "of type array"},
		"patternProperties": {`{"patternProperties": {}}`, "inputs.patternProperties", "unknown keyword"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, problems := compileText(t, tt.schema)
			if len(problems) == 0 || problems[0].Field != tt.field || !strings.Contains(problems[0].Problem, tt.problem) {
				t.Errorf("problems = %v, want %q: %q", problems, tt.field, tt.problem)
			}
		})
	}
}

// TestFormats compares the formats with those of a library, on values of each
// kind.
func TestFormats(t *testing.T) {
	values := []string{
		"", "a", "2026-01-31", "2026-02-30", "2026-1-1", "2026-01-31T10:20:30Z", "2026-01-31t10:20:30z", "2026-01-31T10:20:30.5+01:00",
		"2026-01-31T10:20:30", "2026-01-31 10:20:30Z", "2026-01-31T24:00:00Z", "2026-01-31T10:20:30+24:00", "10:20:30Z", "10:20Z",
		"10:20:30.123-05:30", "10:20:30,5Z", "1:20:30Z", "P1D", "P", "PT", "P1W", "P1Y2M3DT4H5M6S", "PT5M", "P1D2W", "1D",
		"a@example.com", "a@b", "a@", "a b@c", "a.b+c@d-e.org", "a..b@c", "a@-b", "example.com", "-a.com", "a-.com", "a_b",
		strings.Repeat("a", 63), strings.Repeat("a", 64), "1.2.3.4", "1.2.3", "01.2.3.4", "256.1.1.1", "::1", "fe80::1%eth0", "::ffff:1.2.3.4",
		"http://a/b?c#d", "a/b", "mailto:a@b", "http://a b", "urn:x:y", "//a/b", "http://[::1]/",
		"123e4567-e89b-12d3-a456-426614174000", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g",
	}
	keywords, err := compileKeywords()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sortedKeys(formats()), textsOf(listOf(keywords.fields["format"].doc["enum"]))); diff != "" {
		t.Errorf("formats that are checked, and those that a schema may name (-checked +allowed):\n%s", diff)
	}
	for name, ours := range formats() {
		compiler := jsonschema.NewCompiler()
		compiler.AssertFormat()
		if err := compiler.AddResource("mem:///x", map[string]any{"format": name}); err != nil {
			t.Fatal(err)
		}
		theirs, err := compiler.Compile("mem:///x")
		if err != nil {
			t.Fatal(err)
		}
		good := 0
		for _, v := range values {
			want := theirs.Validate(v) == nil
			if got := ours(v); got != want {
				t.Errorf("%s: %q = %v, the library says %v", name, v, got, want)
			} else if got {
				good++
			}
		}
		if good == 0 || good == len(values) && name != "regex" {
			t.Errorf("%s: %d of %d values are good", name, good, len(values))
		}
	}
}

// TestValidateAgrees holds random values against random schemas, with this
// package and with a library, and expects the same answers.
func TestValidateAgrees(t *testing.T) {
	answers := map[bool]int{}
	for seed := range uint64(4000) {
		compareWithLibrary(t, seed, answers)
		if t.Failed() {
			return
		}
	}
	if answers[true] < 1000 || answers[false] < 1000 {
		t.Errorf("answers: %v: the schemas say little", answers)
	}
}

func FuzzValidateAgrees(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { compareWithLibrary(t, seed, map[bool]int{}) })
}

func firstOf(faults []*InputError) *InputError {
	if len(faults) == 0 {
		return nil
	}
	return faults[0]
}

func compareWithLibrary(t *testing.T, seed uint64, answers map[bool]int) {
	t.Helper()
	g := generator{rand.New(rand.NewPCG(seed, 0))}
	doc := g.schema(3)
	if problems := schemaProblems("", doc); problems != nil {
		t.Fatalf("seed %d: %v in %s", seed, problems, jsonOf(doc))
	}
	ours := compile(doc)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("mem:///x", doc); err != nil {
		t.Fatal(err)
	}
	theirs, err := compiler.Compile("mem:///x")
	if err != nil {
		t.Fatalf("seed %d: %v in %s", seed, err, jsonOf(doc))
	}
	for range 8 {
		v := g.value(3)
		want := theirs.Validate(v)
		got := ours.faults("", v)
		if (got == nil) != (want == nil) {
			t.Errorf("seed %d: schema %s, value %s: %v, the library says %v", seed, jsonOf(doc), jsonOf(v), got, want)
		}
		answers[got == nil]++
	}
}

// generator makes small schemas and values that meet often.
type generator struct{ *rand.Rand }

func (g generator) pick(values ...any) any { return values[g.IntN(len(values))] }

func (g generator) name() string { return string(rune('a' + g.IntN(3))) }

func (g generator) value(depth int) any {
	kinds := 5
	if depth > 0 {
		kinds = 7
	}
	switch g.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return g.IntN(2) == 0
	case 2:
		return strings.Repeat(g.name(), g.IntN(3))
	case 3:
		return int64(g.IntN(4))
	case 4:
		return float64(g.IntN(8)) / 2
	case 5:
		list := make([]any, g.IntN(4))
		for i := range list {
			list[i] = g.value(depth - 1)
		}
		return list
	default:
		m := map[string]any{}
		for range g.IntN(4) {
			m[g.name()] = g.value(depth - 1)
		}
		return m
	}
}

func (g generator) schema(depth int) any {
	if g.IntN(12) == 0 {
		return g.IntN(3) > 0
	}
	doc := map[string]any{}
	for range 1 + g.IntN(3) {
		g.keyword(doc, depth)
	}
	return doc
}

func (g generator) keyword(doc map[string]any, depth int) {
	within := func(names ...string) (string, bool) { return names[g.IntN(len(names))], depth > 0 }
	switch g.IntN(12) {
	case 0:
		doc["type"] = g.pick("string", "integer", "number", "object", "array", "boolean", "null", []any{"integer", "string"}, []any{"array", "object"})
	case 1:
		doc["enum"] = []any{g.value(1), "b", int64(1), nil}
	case 2:
		doc["const"] = g.value(1)
	case 3:
		doc[fmt.Sprint(g.pick("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))] = float64(g.IntN(6)) / 2
	case 4:
		doc["multipleOf"] = g.pick(int64(1), int64(2), 3.0)
	case 5:
		doc[fmt.Sprint(g.pick("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"))] = int64(g.IntN(3))
	case 6:
		doc["pattern"] = g.pick("^a", "b", "c$")
	case 7:
		doc["required"] = []any{g.name()}
		doc["dependentRequired"] = map[string]any{g.name(): []any{g.name()}}
	case 8:
		doc["uniqueItems"] = g.IntN(3) > 0
	case 9:
		if name, ok := within("additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"); ok {
			doc[name] = g.schema(depth - 1)
		}
	case 10:
		if name, ok := within("allOf", "anyOf", "oneOf", "prefixItems"); ok {
			doc[name] = []any{g.schema(depth - 1), g.schema(depth - 1)}
		}
	default:
		if name, ok := within("dependentSchemas", "properties"); ok {
			doc[name] = map[string]any{g.name(): g.schema(depth - 1), g.name(): g.schema(depth - 1)}
		}
	}
}
