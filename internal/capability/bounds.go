package capability

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// What the expressions and schemas of a definition may ask of a machine. All is
// far above what a definition says that people read.
const (
	maxExpression  = 2000      // bytes of one expression
	maxNesting     = 40        // of what it says; checking its types takes the cube of that
	maxExpressions = 500       // different ones in one type
	maxCost        = 1_000_000 // of one evaluation, in CEL's unit of about one step
	maxText        = 1 << 20   // bytes that one string of a definition becomes
	maxDepth       = 64        // lists and maps within each other

	maxSchema   = 10_000 // values in the schemas of all inputs
	maxPatterns = 2000   // bytes of all regular expressions in them
)

// limits end an evaluation that works too long or makes too much.
func limits() []cel.ProgramOption {
	const unit = 10 // bytes of text that count as one value
	return []cel.ProgramOption{
		cel.CostLimit(maxCost),
		cel.MemoryLimit(maxText / unit),
		cel.MemoryTracking(
			types.MemoryTrackerSizeCalculator(types.NewSizeCalculator(
				types.SizeCalculatorMaxDepth(maxDepth),
				types.SizeCalculatorMaxTraversal(maxText/unit),
				types.SizeCalculatorStringUnitLength(unit),
			)),
			types.MemoryTrackerSampleInterval(100), // in loops; what they make is always looked at
		),
	}
}

// boundTexts makes the functions of env that can make much text of little look
// at their arguments first: the limits above see only what was made.
func boundTexts(env *cel.Env) (*cel.Env, error) {
	var options []cel.EnvOption
	for _, name := range []string{"format", "join", "replace"} {
		function := env.Functions()[name]
		bindings, err := function.Bindings()
		if err != nil {
			return nil, err
		}
		for _, overload := range function.OverloadDecls() {
			at := slices.IndexFunc(bindings, func(b *functions.Overload) bool { return b.Operator == overload.ID() })
			if at < 0 {
				return nil, fmt.Errorf("the function %q has no binding %q", name, overload.ID())
			}
			options = append(options, cel.Function(name, cel.MemberOverload(
				overload.ID(), overload.ArgTypes(), overload.ResultType(), cel.FunctionBinding(bounded(bindings[at])))))
		}
	}
	return env.Extend(options...)
}

// bounded is a function that refuses arguments of which it could make too much.
func bounded(f *functions.Overload) functions.FunctionOp {
	return func(args ...ref.Val) ref.Val {
		others := 1
		for _, arg := range args[1:] {
			others += sizeOf(arg)
		}
		if sizeOf(args[0]) > maxText/others {
			return types.NewErr("could make a text of more than %d bytes", maxText)
		}
		switch {
		case f.Unary != nil && len(args) == 1:
			return f.Unary(args[0])
		case f.Binary != nil && len(args) == 2:
			return f.Binary(args[0], args[1])
		}
		return f.Function(args...)
	}
}

// sizeOf is what a value adds to a text, in bytes, rounded up.
func sizeOf(v ref.Val) int {
	const number = 32
	switch v := v.(type) {
	case types.String:
		return len(v) + 1
	case traits.Mapper:
		size := 1
		for it := v.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			size += sizeOf(key) + sizeOf(v.Get(key))
		}
		return size
	case traits.Lister:
		size := 1
		for it := v.Iterator(); it.HasNext() == types.True; {
			size += sizeOf(it.Next())
		}
		return size
	}
	return number
}

// schemaWeight counts the values in a schema and the bytes of its patterns.
func schemaWeight(v any) (values, patterns int) {
	add := func(v any) {
		n, p := schemaWeight(v)
		values, patterns = values+n, patterns+p
	}
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if pattern, ok := inner.(string); ok && key == "pattern" {
				patterns += len(pattern)
			}
			add(inner)
		}
	case []any:
		for _, inner := range v {
			add(inner)
		}
	}
	return values + 1, patterns
}

// inputSchemas reports whether the schemas of all inputs can be held against
// values in no time.
func (c *checker) inputSchemas() bool {
	values, patterns := 0, 0
	for _, name := range c.def.Types() {
		n, p := schemaWeight(c.def.Spec.Types[name].Inputs)
		values, patterns = values+n, patterns+p
	}
	switch {
	case values > maxSchema:
		c.fault("spec.types", "the schemas of the inputs have %d values, more than %d", values, maxSchema)
	case patterns > maxPatterns:
		c.fault("spec.types", "the patterns of the inputs have %d bytes, more than %d", patterns, maxPatterns)
	default:
		return true
	}
	return false
}

// shortSource is an expression in an error.
func shortSource(source string) string { return clip(strings.TrimSpace(source), 200) }
