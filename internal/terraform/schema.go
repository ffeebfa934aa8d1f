package terraform

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// schemaDepth bounds how deep a schema is written out; further down anything goes.
const schemaDepth = 16

// schema is the JSON Schema of what the variable takes, as far as its block
// says so: type, default and simple validations. A type that is any, or none,
// has no "type". It is made of what encoding/json makes, whole numbers as int64.
func (v variable) schema() object {
	ty := v.valueType()
	schema := schemaOf(ty, 0)
	if def, ok := v.defaultValue(ty); ok {
		schema["default"] = def
	}
	for _, validation := range v.Validations {
		if validation.Condition != nil {
			v.narrow(schema, validation.Condition.Expr)
		}
	}
	return schema
}

// valueType is the type constraint: any when there is none that can be read.
func (v variable) valueType() cty.Type {
	if v.Type == nil {
		return cty.DynamicPseudoType
	}
	switch hcl.ExprAsKeyword(v.Type.Expr) {
	case "list":
		return cty.List(cty.DynamicPseudoType)
	case "map":
		return cty.Map(cty.DynamicPseudoType)
	}
	ty, _, diags := typeexpr.TypeConstraintWithDefaults(v.Type.Expr)
	if diags.HasErrors() {
		return cty.DynamicPseudoType
	}
	return ty
}

// schemaOf is the schema of a type at a depth.
func schemaOf(ty cty.Type, depth int) object {
	if depth > schemaDepth {
		return object{}
	}
	of := func(element cty.Type) object { return schemaOf(element, depth+1) }
	switch {
	case ty == cty.String:
		return object{"type": "string"}
	case ty == cty.Number:
		return object{"type": "number"}
	case ty == cty.Bool:
		return object{"type": "boolean"}
	case ty.IsListType():
		return object{"type": "array", "items": of(ty.ElementType())}
	case ty.IsSetType():
		return object{"type": "array", "items": of(ty.ElementType()), "uniqueItems": true}
	case ty.IsMapType():
		return object{"type": "object", "additionalProperties": of(ty.ElementType())}
	case ty.IsTupleType():
		items := []any{}
		for _, element := range ty.TupleElementTypes() {
			items = append(items, of(element))
		}
		schema := object{"type": "array", "minItems": int64(len(items)), "maxItems": int64(len(items))}
		if len(items) > 0 {
			schema["prefixItems"] = items
		}
		return schema
	case ty.IsObjectType():
		properties, required := object{}, []any{}
		for _, name := range slices.Sorted(maps.Keys(ty.AttributeTypes())) {
			properties[name] = of(ty.AttributeType(name))
			if !ty.AttributeOptional(name) {
				required = append(required, name)
			}
		}
		schema := object{"type": "object", "properties": properties, "additionalProperties": false}
		if len(required) > 0 {
			schema["required"] = required
		}
		return schema
	}
	return object{}
}

// defaultValue is the default as a value of the type: false when there is none,
// it is null, or it cannot be written exactly.
func (v variable) defaultValue(ty cty.Type) (any, bool) {
	if v.Default == nil {
		return nil, false
	}
	value, diags := v.Default.Expr.Value(nil)
	if diags.HasErrors() {
		return nil, false
	}
	return plainValue(value, ty)
}

// plainValue converts a value to a type and writes it as JSON has it.
func plainValue(value cty.Value, ty cty.Type) (any, bool) {
	value, err := convert.Convert(value, ty)
	if err != nil || value.IsNull() || !value.IsWhollyKnown() || value.IsMarked() {
		return nil, false
	}
	text, err := ctyjson.Marshal(value, value.Type())
	if err != nil {
		return nil, false
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		return nil, false
	}
	return tidy(out)
}

// tidy leaves out attributes that are null, which is what an optional one is that
// nobody set, and gives whole numbers their Go type. It refuses numbers that not
// every reader of JSON keeps, and null in lists.
func tidy(v any) (any, bool) {
	switch v := v.(type) {
	case nil:
		return nil, false
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i, i < 1<<53 && i > -(1<<53)
		}
		f, err := v.Float64()
		return f, err == nil && math.Abs(f) < 1<<53
	case []any:
		for i := range v {
			var ok bool
			if v[i], ok = tidy(v[i]); !ok {
				return nil, false
			}
		}
	case map[string]any:
		for name, value := range v {
			if value == nil {
				delete(v, name)
				continue
			}
			tidied, ok := tidy(value)
			if !ok {
				return nil, false
			}
			v[name] = tidied
		}
	}
	return v, true
}
