package capability

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// validate holds a JSON-like value against the schema and returns the first
// fault, nil when there is none. What is wrong with the value itself comes
// before what is wrong within it; path is where it lies.
func (s *schema) validate(path string, v any) *InputError {
	if s.never {
		return refuse(path, v, "is not allowed")
	}
	for _, check := range []func(string, any) *InputError{
		s.checkType, s.checkNumber, s.checkText, s.checkList, s.checkObject, s.checkForms,
	} {
		if e := check(path, v); e != nil {
			return e
		}
	}
	return nil
}

func refuse(path string, v any, problem string) *InputError {
	return &InputError{Field: path, Problem: problem, Value: show(v)}
}

func (s *schema) checkType(path string, v any) *InputError {
	kind := kindOf(v)
	if kind == "" {
		return refuse(path, v, "is no JSON value")
	}
	if len(s.types) > 0 && !slices.ContainsFunc(s.types, func(want string) bool { return isKind(v, kind, want) }) {
		return refuse(path, v, fmt.Sprintf("must be of type %s, not %s", strings.Join(s.types, " or "), kind))
	}
	same := func(want any) bool { return equal(v, want) }
	if s.fixed != nil && !same(s.fixed[0]) {
		return refuse(path, v, "must be "+show(s.fixed[0]))
	}
	if s.enum != nil && !slices.ContainsFunc(s.enum, same) {
		e := refuse(path, v, "is not one of the values allowed")
		for _, want := range s.enum {
			e.Known = append(e.Known, textOf(want))
		}
		return e
	}
	return nil
}

func (s *schema) checkNumber(path string, v any) *InputError {
	n, ok := numberIn(v)
	if !ok {
		return nil
	}
	for _, rule := range []struct {
		name, problem string
		holds         func(limit *big.Rat) bool
	}{
		{"minimum", "must be at least ", func(limit *big.Rat) bool { return n.Cmp(limit) >= 0 }},
		{"maximum", "must be at most ", func(limit *big.Rat) bool { return n.Cmp(limit) <= 0 }},
		{"exclusiveMinimum", "must be above ", func(limit *big.Rat) bool { return n.Cmp(limit) > 0 }},
		{"exclusiveMaximum", "must be below ", func(limit *big.Rat) bool { return n.Cmp(limit) < 0 }},
		{"multipleOf", "must be a multiple of ", func(step *big.Rat) bool { return new(big.Rat).Quo(n, step).IsInt() }},
	} {
		if limit, ok := s.numbers[rule.name]; ok && !rule.holds(limit) {
			return refuse(path, v, rule.problem+decimal(limit))
		}
	}
	return nil
}

func (s *schema) checkText(path string, v any) *InputError {
	text, ok := v.(string)
	if !ok {
		return nil
	}
	if problem := s.count("Length", utf8.RuneCountInString(text), "character"); problem != "" {
		return refuse(path, v, problem)
	}
	if s.pattern != nil && !s.pattern.MatchString(text) {
		return refuse(path, v, "must match "+s.pattern.String())
	}
	if s.format != "" && !formats()[s.format](text) {
		return refuse(path, v, "must be of the format "+s.format)
	}
	return nil
}

func (s *schema) checkList(path string, v any) *InputError {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	if problem := s.count("Items", len(list), "item"); problem != "" {
		return refuse(path, v, problem)
	}
	if s.unique {
		for i, item := range list {
			if j := slices.IndexFunc(list[:i], func(other any) bool { return equal(item, other) }); j >= 0 {
				return refuse(path, v, fmt.Sprintf("items at %d and %d are equal", j, i))
			}
		}
	}
	prefix := s.lists["prefixItems"]
	for i, item := range list {
		at := s.inner["items"]
		if i < len(prefix) {
			at = prefix[i]
		}
		if at == nil {
			continue
		}
		if e := at.validate(fmt.Sprintf("%s[%d]", path, i), item); e != nil {
			return e
		}
	}
	return s.checkContains(path, list)
}

func (s *schema) checkContains(path string, list []any) *InputError {
	wanted := s.inner["contains"]
	if wanted == nil {
		return nil
	}
	found := 0
	for _, item := range list {
		if wanted.validate(path, item) == nil {
			found++
		}
	}
	least, ok := s.counts["minContains"]
	if !ok {
		least = 1
	}
	if most, ok := s.counts["maxContains"]; found < least || ok && found > most {
		return refuse(path, list, fmt.Sprintf("has %d items of the kind that it must contain", found))
	}
	return nil
}

func (s *schema) checkObject(path string, v any) *InputError {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	if problem := s.count("Properties", len(m), "field"); problem != "" {
		return refuse(path, v, problem)
	}
	missing := func(names []string) *InputError {
		for _, name := range names {
			if _, ok := m[name]; !ok {
				return &InputError{Field: within(path, name), Problem: "is required"}
			}
		}
		return nil
	}
	if e := missing(s.required); e != nil {
		return e
	}
	for _, name := range sortedKeys(m) {
		if e := missing(s.dependent[name]); e != nil {
			return e
		}
	}
	for _, name := range sortedKeys(m) {
		if e := s.checkField(within(path, name), name, m[name]); e != nil {
			return e
		}
		if dependent := s.named["dependentSchemas"][name]; dependent != nil {
			if e := dependent.validate(path, v); e != nil {
				return e
			}
		}
	}
	return nil
}

// checkField holds one field of an object against the schema of its name, or of
// those without one.
func (s *schema) checkField(path, name string, v any) *InputError {
	if names := s.inner["propertyNames"]; names != nil && names.validate(path, name) != nil {
		return &InputError{Field: path, Problem: "is no name that is allowed here"}
	}
	if property := s.named["properties"][name]; property != nil {
		return property.validate(path, v)
	}
	others := s.inner["additionalProperties"]
	switch {
	case others == nil:
		return nil
	case others.never:
		return &InputError{Field: path, Problem: "unknown field"}
	default:
		return others.validate(path, v)
	}
}

// checkForms holds the value against what other schemas say of it together.
func (s *schema) checkForms(path string, v any) *InputError {
	for _, one := range s.lists["allOf"] {
		if e := one.validate(path, v); e != nil {
			return e
		}
	}
	matching := func(list []*schema) (n int) {
		for _, one := range list {
			if one.validate(path, v) == nil {
				n++
			}
		}
		return n
	}
	if forms := s.lists["anyOf"]; forms != nil && matching(forms) == 0 {
		return refuse(path, v, "has none of the forms allowed")
	}
	if forms := s.lists["oneOf"]; forms != nil {
		if n := matching(forms); n != 1 {
			return refuse(path, v, fmt.Sprintf("must have one of the forms allowed, and has %d of them", n))
		}
	}
	if not := s.inner["not"]; not != nil && not.validate(path, v) == nil {
		return refuse(path, v, "is of a form that is not allowed")
	}
	if when := s.inner["if"]; when != nil {
		follows := s.inner["then"]
		if when.validate(path, v) != nil {
			follows = s.inner["else"]
		}
		if follows != nil {
			return follows.validate(path, v)
		}
	}
	return nil
}

// count checks a number of things against the keywords min<what> and max<what>.
func (s *schema) count(what string, n int, thing string) string {
	if least, ok := s.counts["min"+what]; ok && n < least {
		return fmt.Sprintf("must have at least %s, not %d", plural(least, thing), n)
	}
	if most, ok := s.counts["max"+what]; ok && n > most {
		return fmt.Sprintf("must have at most %s, not %d", plural(most, thing), n)
	}
	return ""
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// kindOf is the JSON type of a value; "" when it is no JSON value.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	if _, ok := numberIn(v); ok {
		return "number"
	}
	return ""
}

func isKind(v any, kind, want string) bool {
	if want != "integer" {
		return kind == want
	}
	n, ok := numberIn(v)
	return ok && n.IsInt()
}

// numberIn returns the number that a value is, by its decimal form: 0.1 is a
// tenth.
func numberIn(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case int:
		return new(big.Rat).SetInt64(int64(v)), true
	case int64:
		return new(big.Rat).SetInt64(v), true
	case uint64:
		return new(big.Rat).SetUint64(v), true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, false
		}
		return new(big.Rat).SetString(strconv.FormatFloat(v, 'g', -1, 64))
	case json.Number:
		f, err := v.Float64() // bounds the exponent
		if err != nil || math.IsInf(f, 0) {
			return nil, false
		}
		return new(big.Rat).SetString(v.String())
	}
	return nil, false
}

func decimal(n *big.Rat) string {
	f, _ := n.Float64()
	if n.IsInt() {
		return n.Num().String()
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// equal compares two JSON-like values; numbers by what they are, not by the Go
// type that holds them.
func equal(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, equal)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for name, v := range a {
			if other, ok := b[name]; !ok || !equal(v, other) {
				return false
			}
		}
		return true
	}
	if x, ok := numberIn(a); ok {
		y, ok := numberIn(b)
		return ok && x.Cmp(y) == 0
	}
	return kindOf(a) == kindOf(b) && kindOf(a) != "" && a == b
}
