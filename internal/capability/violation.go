package capability

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// schemaProblem says in one line why a schema is none.
func schemaProblem(err error) string {
	if invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err); ok {
		err = invalid.Err
	}
	v, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err.Error()
	}
	leaf := firstLeaf(v)
	return "is no JSON Schema: " + pathOf("", leaf.InstanceLocation) + ": " + leafProblem(leaf)
}

// inputError turns what the validator found in value, the value of input name
// or all inputs when name is empty, into the first error by field.
func inputError(err error, name string, value any) error {
	v, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	leaf := firstLeaf(v)
	e := &InputError{Field: pathOf(name, leaf.InstanceLocation), Problem: leafProblem(leaf)}
	if refused, ok := valueAt(value, leaf.InstanceLocation); ok {
		e.Value = show(refused)
	}
	switch k := leaf.ErrorKind.(type) {
	case *kind.Required:
		e.Field, e.Value = pathOf(e.Field, k.Missing[:1]), ""
	case *kind.AdditionalProperties:
		e.Field, e.Value = pathOf(e.Field, k.Properties[:1]), ""
	case *kind.Enum:
		for _, want := range k.Want {
			e.Known = append(e.Known, textOf(want))
		}
	}
	return e
}

// firstLeaf returns the cause that has no further cause; of several the first
// by place, so that the same fault gives the same message.
func firstLeaf(v *jsonschema.ValidationError) *jsonschema.ValidationError {
	if len(v.Causes) == 0 {
		return v
	}
	leaves := make([]*jsonschema.ValidationError, len(v.Causes))
	for i, cause := range v.Causes {
		leaves[i] = firstLeaf(cause)
	}
	return slices.MinFunc(leaves, func(a, b *jsonschema.ValidationError) int {
		if c := strings.Compare(pathOf("", a.InstanceLocation), pathOf("", b.InstanceLocation)); c != 0 {
			return c
		}
		return strings.Compare(leafProblem(a), leafProblem(b))
	})
}

func leafProblem(leaf *jsonschema.ValidationError) string {
	switch k := leaf.ErrorKind.(type) {
	case *kind.Required:
		return "is required"
	case *kind.AdditionalProperties:
		return "unknown field"
	case *kind.Type:
		return fmt.Sprintf("must be of type %s, not %s", strings.Join(k.Want, " or "), k.Got)
	case *kind.Enum:
		return "is not one of the values allowed"
	case *kind.Minimum:
		return "must be at least " + k.Want.RatString()
	case *kind.Maximum:
		return "must be at most " + k.Want.RatString()
	default:
		return k.LocalizedString(message.NewPrinter(language.English))
	}
}

// pathOf appends the parts of a location to the path of a field.
func pathOf(path string, location []string) string {
	for _, part := range location {
		switch {
		case part != "" && strings.Trim(part, "0123456789") == "":
			path += "[" + part + "]"
		case path == "":
			path = part
		default:
			path += "." + part
		}
	}
	return path
}

func valueAt(value any, location []string) (any, bool) {
	for _, part := range location {
		switch v := value.(type) {
		case map[string]any:
			value = v[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}
