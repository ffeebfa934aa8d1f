package capability

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"
)

// scope compiles expressions and knows which fields its variables have.
type scope struct {
	env    *cel.Env
	fields map[string][]string // by variable; a variable that is absent may have any field
	parts  map[string]part     // compiled already: implementations say much the same
}

// newModuleScope is the scope of what a module is given.
func newModuleScope(inputs []string) (*scope, error) {
	env, err := cel.NewEnv(
		cel.ParserRecursionLimit(maxNesting),
		ext.Strings(),
		cel.Variable("inputs", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("request", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("environment", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("tier", cel.StringType),
		cel.Function("urlescape", cel.Overload("urlescape_string", []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(urlEscape))),
	)
	if err == nil {
		env, err = boundTexts(env)
	}
	if err != nil {
		return nil, fmt.Errorf("expression environment: %w", err)
	}
	return &scope{env, map[string][]string{
		"inputs":      inputs,
		"request":     {"capability", "name", "team", "tier", "type"},
		"environment": {"name", "production", "target", "values"},
	}, map[string]part{}}, nil
}

// withResults is the scope of what a consumer is given: that of a module, and
// what came of it.
func (s *scope) withResults(outputs, secrets []string) (*scope, error) {
	env, err := s.env.Extend(
		cel.Variable("outputs", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("secrets", cel.MapType(cel.StringType, cel.StringType)),
	)
	if err != nil {
		return nil, fmt.Errorf("expression environment: %w", err)
	}
	fields := map[string][]string{"outputs": outputs, "secrets": secrets}
	maps.Copy(fields, s.fields)
	return &scope{env, fields, map[string]part{}}, nil
}

// urlEscape escapes all but the unreserved characters, so that the result
// stands for itself in every part of a URL.
func urlEscape(v ref.Val) ref.Val {
	text, ok := v.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return types.String(strings.ReplaceAll(url.QueryEscape(string(text)), "+", "%20"))
}

// template is a string of a definition: literal text and expressions.
type template struct {
	field string // path in capability.yaml
	parts []part
	typed bool // exactly one expression: its value keeps its type
}

// part is literal text, or an expression when program is set.
type part struct {
	text    string // the literal, or the source of the expression
	program cel.Program
	input   string // NAME when the expression is inputs.NAME and nothing else
}

// compile reads a string of a definition. The problem is empty when it is good.
func (s *scope) compile(field, text string) (*template, Problem) {
	t := &template{field: field}
	for text != "" {
		start := strings.Index(text, "${")
		if start < 0 {
			t.parts = append(t.parts, part{text: text})
			break
		}
		if start > 0 && text[start-1] == '$' { // $${ stands for ${
			t.parts = append(t.parts, part{text: text[:start-1] + "${"})
			text = text[start+2:]
			continue
		}
		if start > 0 {
			t.parts = append(t.parts, part{text: text[:start]})
		}
		length := expressionEnd(text[start+2:])
		if length < 0 {
			return nil, Problem{Field: field, Problem: "an expression is not closed: ${ without }"}
		}
		p, problem := s.expression(text[start+2 : start+2+length])
		if problem.Problem != "" {
			problem.Field = field
			return nil, problem
		}
		t.parts = append(t.parts, p)
		text = text[start+2+length+1:]
	}
	t.typed = len(t.parts) == 1 && t.parts[0].program != nil
	return t, Problem{}
}

// expressionEnd returns the position of the brace that closes an expression,
// or -1. Braces in strings and of map literals do not close it.
func expressionEnd(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"', '\'':
			n := stringEnd(s[i:])
			if n < 0 {
				return -1
			}
			i += n
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// stringEnd returns the position of the quote that closes the string literal
// at the start of s, or -1.
func stringEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i
		}
	}
	return -1
}

func (s *scope) expression(source string) (part, Problem) {
	if p, ok := s.parts[source]; ok {
		return p, Problem{}
	}
	switch {
	case len(source) > maxExpression:
		return part{}, Problem{Problem: fmt.Sprintf("expression %q is longer than %d bytes", shortSource(source), maxExpression)}
	case len(s.parts) == maxExpressions:
		return part{}, Problem{Problem: fmt.Sprintf("there are more than %d different expressions", maxExpressions)}
	}
	checked, issues := s.env.Compile(source)
	if issues.Err() != nil {
		return part{}, Problem{Problem: fmt.Sprintf("expression %q: %s", shortSource(source), issues.Errors()[0].Message)}
	}
	tree := checked.NativeRep().Expr()
	if problem := s.checkFields(source, tree); problem.Problem != "" {
		return part{}, problem
	}
	program, err := s.env.Program(checked, limits()...)
	if err != nil {
		return part{}, Problem{Problem: fmt.Sprintf("expression %q: %v", shortSource(source), err)}
	}
	p := part{text: source, program: program}
	if name, field, ok := fieldOf(tree); ok && name == "inputs" && tree.Kind() == ast.SelectKind && !tree.AsSelect().IsTestOnly() {
		p.input = field
	}
	s.parts[source] = p
	return p, Problem{}
}

// checkFields refuses fields that a variable cannot have.
func (s *scope) checkFields(source string, tree ast.Expr) Problem {
	var found Problem
	ast.PostOrderVisit(tree, ast.NewExprVisitor(func(e ast.Expr) {
		name, field, ok := fieldOf(e)
		if !ok || found.Problem != "" {
			return
		}
		known, restricted := s.fields[name]
		if restricted && !slices.Contains(known, field) {
			found = Problem{Problem: fmt.Sprintf("expression %q: %s has no %q", shortSource(source), name, field), Known: known}
		}
	}))
	return found
}

// fieldOf takes name.field or name["field"] apart.
func fieldOf(e ast.Expr) (name, field string, ok bool) {
	var operand ast.Expr
	switch e.Kind() {
	case ast.SelectKind:
		operand, field = e.AsSelect().Operand(), e.AsSelect().FieldName()
	case ast.CallKind:
		call := e.AsCall()
		if call.FunctionName() != operators.Index || call.Args()[1].Kind() != ast.LiteralKind {
			return "", "", false
		}
		key, isString := call.Args()[1].AsLiteral().(types.String)
		if !isString {
			return "", "", false
		}
		operand, field = call.Args()[0], string(key)
	default:
		return "", "", false
	}
	if operand.Kind() != ast.IdentKind {
		return "", "", false
	}
	return operand.AsIdent(), field, true
}

// eval gives the value of the template. A template that is exactly one
// expression keeps the type of its value, which is nil when it is null or an
// input that is not set; any other gives a string.
func (t *template) eval(vars map[string]any) (any, error) {
	if t.typed {
		return t.value(t.parts[0], vars)
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.program == nil {
			b.WriteString(p.text)
			continue
		}
		v, err := t.value(p, vars)
		if err != nil {
			return nil, err
		}
		if v == nil {
			return nil, &ExpressionError{t.field, shortSource(p.text), "has no value"}
		}
		b.WriteString(textOf(v))
		if b.Len() > maxText {
			return nil, &ExpressionError{t.field, shortSource(p.text), fmt.Sprintf("makes a text of more than %d bytes", maxText)}
		}
	}
	return b.String(), nil
}

func (t *template) value(p part, vars map[string]any) (any, error) {
	if p.input != "" {
		if inputs, ok := vars["inputs"].(map[string]any); ok && inputs[p.input] == nil {
			return nil, nil
		}
	}
	out, _, err := p.program.Eval(vars)
	if err != nil {
		return nil, &ExpressionError{t.field, shortSource(p.text), err.Error()}
	}
	v, err := plainValue(out)
	if err != nil {
		return nil, &ExpressionError{t.field, shortSource(p.text), err.Error()}
	}
	return v, nil
}
