package terraform

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// narrow adds to schema what a validation asks for, where JSON Schema has a word
// for it: contains([...], var.x), comparisons of var.x or length(var.x) with a
// number, can(regex("...", var.x)), and these joined by &&. The engine checks all
// of it, in any case; what is added here is told before anything is planned.
func (v variable) narrow(schema object, condition hcl.Expression) {
	switch e := condition.(type) {
	case *hclsyntax.ParenthesesExpr:
		v.narrow(schema, e.Expression)
	case *hclsyntax.BinaryOpExpr:
		switch e.Op {
		case hclsyntax.OpLogicalAnd:
			v.narrow(schema, e.LHS)
			v.narrow(schema, e.RHS)
		case hclsyntax.OpLogicalOr: // an input that is not set is null to the module
			if v.isNull(e.LHS) {
				v.narrow(schema, e.RHS)
			} else if v.isNull(e.RHS) {
				v.narrow(schema, e.LHS)
			}
		default:
			v.compare(schema, e)
		}
	case *hclsyntax.FunctionCallExpr:
		v.call(schema, e)
	}
}

// call understands contains([...], var.x) and can(regex("...", var.x)).
func (v variable) call(schema object, e *hclsyntax.FunctionCallExpr) {
	switch {
	case e.Name == "contains" && len(e.Args) == 2 && v.is(e.Args[1]):
		list, diags := e.Args[0].Value(nil)
		if diags.HasErrors() || !list.CanIterateElements() || list.LengthInt() == 0 {
			return
		}
		var enum []any
		for _, value := range list.AsValueSlice() {
			plain, ok := plainValue(value, v.valueType())
			if !ok {
				return
			}
			enum = append(enum, plain)
		}
		schema["enum"] = enum
	case e.Name == "can" && len(e.Args) == 1:
		match, ok := e.Args[0].(*hclsyntax.FunctionCallExpr)
		if !ok || match.Name != "regex" || len(match.Args) != 2 || !v.is(match.Args[1]) || schema["type"] != "string" {
			return
		}
		pattern, diags := match.Args[0].Value(nil)
		if !diags.HasErrors() && pattern.Type() == cty.String && pattern.IsKnown() && !pattern.IsNull() {
			schema["pattern"] = pattern.AsString()
		}
	}
}

// compare understands var.x >= 1 and length(var.x) <= 10, either way round.
func (v variable) compare(schema object, e *hclsyntax.BinaryOpExpr) {
	left, right, op := e.LHS, e.RHS, e.Op
	if number(left) != nil {
		left, right = right, left
		op = map[*hclsyntax.Operation]*hclsyntax.Operation{
			hclsyntax.OpGreaterThan: hclsyntax.OpLessThan, hclsyntax.OpGreaterThanOrEqual: hclsyntax.OpLessThanOrEqual,
			hclsyntax.OpLessThan: hclsyntax.OpGreaterThan, hclsyntax.OpLessThanOrEqual: hclsyntax.OpGreaterThanOrEqual,
		}[op]
	}
	bound := number(right)
	if bound == nil {
		return
	}
	if v.is(left) && schema["type"] == "number" {
		if word := map[*hclsyntax.Operation]string{
			hclsyntax.OpGreaterThan: "exclusiveMinimum", hclsyntax.OpGreaterThanOrEqual: "minimum",
			hclsyntax.OpLessThan: "exclusiveMaximum", hclsyntax.OpLessThanOrEqual: "maximum",
		}[op]; word != "" {
			schema[word] = bound
		}
		return
	}
	length, ok := left.(*hclsyntax.FunctionCallExpr)
	limit, whole := bound.(int64)
	if !ok || length.Name != "length" || len(length.Args) != 1 || !v.is(length.Args[0]) || !whole {
		return
	}
	words := map[any][2]string{"string": {"minLength", "maxLength"}, "array": {"minItems", "maxItems"}}[schema["type"]]
	switch op {
	case hclsyntax.OpGreaterThan:
		put1(schema, words[0], limit+1)
	case hclsyntax.OpGreaterThanOrEqual:
		put1(schema, words[0], limit)
	case hclsyntax.OpLessThan:
		put1(schema, words[1], limit-1)
	case hclsyntax.OpLessThanOrEqual:
		put1(schema, words[1], limit)
	}
}

// put1 sets a bound of a length, which JSON Schema has from 0 to 31 bits.
func put1(schema object, word string, bound int64) {
	if word != "" && bound >= 0 && bound < 1<<31 {
		schema[word] = bound
	}
}

// is reports whether e is the variable and nothing else.
func (v variable) is(e hcl.Expression) bool {
	traversal, diags := hcl.AbsTraversalForExpr(e)
	if diags.HasErrors() || len(traversal) != 2 || traversal.RootName() != "var" {
		return false
	}
	attribute, ok := traversal[1].(hcl.TraverseAttr)
	return ok && attribute.Name == v.Name
}

// isNull reports whether e is var.x == null.
func (v variable) isNull(e hcl.Expression) bool {
	if p, ok := e.(*hclsyntax.ParenthesesExpr); ok {
		return v.isNull(p.Expression)
	}
	b, ok := e.(*hclsyntax.BinaryOpExpr)
	if !ok || b.Op != hclsyntax.OpEqual || !v.is(b.LHS) {
		return false
	}
	value, diags := b.RHS.Value(nil)
	return !diags.HasErrors() && value.IsNull()
}

// number is the value of a literal number, or nil.
func number(e hcl.Expression) any {
	value, diags := e.Value(nil)
	if diags.HasErrors() || value.IsNull() || value.Type() != cty.Number {
		return nil
	}
	if plain, ok := plainValue(value, cty.Number); ok {
		return plain
	}
	return nil
}
