package capability_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/capability"
)

// withVariable gives the module of thing one more variable, as YAML.
func withVariable(yaml string) []string {
	const at = "              amount: \"${inputs.size}\"\n"
	return []string{at, at + "              x: " + yaml + "\n"}
}

func TestExpression(t *testing.T) {
	tests := map[string]struct {
		yaml string
		want any // nil: the variable is left out
	}{
		"string":              {`"${inputs.text}"`, "hello"},
		"integer":             {`"${inputs.size}"`, int64(1)},
		"boolean":             {`"${inputs.open}"`, false},
		"double":              {`"${double(inputs.size) / 2.0}"`, 0.5},
		"list":                {`"${[1, 'a', true]}"`, []any{int64(1), "a", true}},
		"map":                 {`"${ {'a': {'b': 1}} }"`, map[string]any{"a": map[string]any{"b": int64(1)}}},
		"all inputs":          {`"${inputs}"`, map[string]any{"text": "hello", "size": int64(1), "open": false, "color": "red"}},
		"arithmetic":          {`"${inputs.size * 1024}"`, int64(1024)},
		"conditional":         {`'${inputs.open ? "yes" : "no"}'`, "no"},
		"interpolation":       {`"a-${inputs.text}-${inputs.size}-${inputs.open}"`, "a-hello-1-false"},
		"interpolated list":   {`"x=${['a', 'b']}"`, `x=["a","b"]`},
		"interpolated double": {`"x=${10.0 / 4.0} ${2.0}"`, "x=2.5 2"},
		"literal":             {`"$${inputs.text}"`, "${inputs.text}"},
		"literal in the text": {`"a $${b} ${inputs.text} $${c}"`, "a ${b} hello ${c}"},
		"dollar alone":        {`"$5 and $$ and {}"`, "$5 and $$ and {}"},
		"brace in a string":   {`'${"}" + ''{'' + inputs.text}'`, "}{hello"},
		"quote in a string":   {`'${"\"}" + inputs.text}'`, `"}hello`},
		"replace":             {`"${request.name.replace('-', '_')}"`, "team_plain"},
		"request":             {`"${request.capability}/${request.type}/${request.tier}/${request.team}"`, "thing/plain/small/team"},
		"tier":                {`"${tier}"`, "small"},
		"environment":         {`"${environment.name} ${environment.target} ${environment.production} ${environment.values.region}"`, "here local false eu"},
		"index":               {`"${inputs['text']}"`, "hello"},
		"urlescape":           {`"${urlescape('a b/c')}"`, "a%20b%2Fc"},
		"not set":             {`"${inputs.ratio}"`, nil},
		"null":                {`"${null}"`, nil},
		"has":                 {`"${has(inputs.ratio)}"`, false},
		"nested":              {`{a: ["${inputs.size}", {b: "${inputs.text}", c: 3}]}`, map[string]any{"a": []any{int64(1), map[string]any{"b": "hello", "c": int64(3)}}}},
		"not set, nested":     {`{a: "${inputs.ratio}", b: 1}`, map[string]any{"b": int64(1)}},
		"plain value":         {`[1, 2.5, true, text]`, []any{int64(1), 2.5, true, "text"}},
		"empty":               {`""`, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := thing(t, withVariable(tt.yaml)...).Resolve(ask(nil))
			if err != nil {
				t.Fatal(err)
			}
			got, there := r.Module.Variables["x"]
			if there != (tt.want != nil) {
				t.Errorf("variable is there: %v, want %v", there, tt.want != nil)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("value (-want +got):\n%s", diff)
			}
		})
	}
}

func TestExpressionFaults(t *testing.T) {
	tests := map[string]struct{ yaml, problem string }{
		"syntax":            {`"${inputs.}"`, "Syntax error"},
		"empty":             {`"${}"`, "Syntax error"},
		"not closed":        {`"a ${inputs.text"`, "not closed"},
		"not closed string": {`"${'a}"`, "not closed"},
		"unknown variable":  {`"${input.text}"`, "undeclared reference to 'input'"},
		"unknown function":  {`"${upper(inputs.text)}"`, "undeclared reference to 'upper'"},
		"unknown input":     {`"${inputs.txt}"`, `inputs has no "txt"`},
		"unknown by index":  {`"${inputs['txt']}"`, `inputs has no "txt"`},
		"unknown in has":    {`"${has(inputs.txt)}"`, `inputs has no "txt"`},
		"unknown deeper":    {`"${inputs.open ? inputs.text : inputs.txt}"`, `inputs has no "txt"`},
		"unknown request":   {`"${request.id}"`, `request has no "id"`},
		"unknown place":     {`"${environment.region}"`, `environment has no "region"`},
		"outputs":           {`"${outputs.host}"`, "undeclared reference to 'outputs'"},
		"secrets":           {`"${secrets.key}"`, "undeclared reference to 'secrets'"},
		"types":             {`"${'a' + 1}"`, "found no matching overload"},
		"nested":            {`{a: ["${nope}"]}`, "undeclared reference to 'nope'"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := capability.Load(files(t, withVariable(tt.yaml)...), "thing")
			e, ok := errors.AsType[*capability.DefinitionError](err)
			if !ok {
				t.Fatalf("Load = %v, %v, want *DefinitionError", d, err)
			}
			p := e.Problems[0]
			if !strings.HasPrefix(p.Field, "spec.types.plain.implementations[0].module.variables.x") || !strings.Contains(p.Problem, tt.problem) {
				t.Errorf("problem = %v, want %q", p, tt.problem)
			}
		})
	}
}

func TestEnvExpressionFaults(t *testing.T) {
	for name, tt := range map[string]struct{ expression, problem string }{
		"unknown output":        {"${outputs.hots}", `outputs has no "hots"`},
		"secret as output":      {"${outputs.key}", `outputs has no "key"`},
		"output as secret":      {"${secrets.host}", `secrets has no "host"`},
		"number where a string": {"${urlescape(1)}", "found no matching overload"},
	} {
		_, err := capability.Load(files(t, `"${outputs.host}"`, `"`+tt.expression+`"`), "thing")
		if err == nil || !strings.Contains(err.Error(), tt.problem) || !strings.Contains(err.Error(), "spec.types.plain.env.HOST") {
			t.Errorf("%s: Load = %v, want %q", name, err, tt.problem)
		}
	}
}

// What only the values of a request show is told with the field.
func TestExpressionFails(t *testing.T) {
	for name, yaml := range map[string]string{
		"value the environment lacks": `"${environment.values.size}"`,
		"no value in a text":          `"x ${inputs.ratio}"`,
		"division by zero":            `"${inputs.size / 0}"`,
		"type of no module":           `"${type(1)}"`,
		"key of no module":            `"${ {1: 2} }"`,
		"argument of another type":    `"${urlescape(inputs.size)}"`,
		"too much work":               `"${[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, [1,2,3,4,5,6,7,8,9,10].map(d, [1,2,3,4,5,6,7,8,9,10].map(e, [1,2,3,4,5,6,7,8,9,10].map(f, a*b*c*d*e*f))))))}"`,
	} {
		_, err := thing(t, withVariable(yaml)...).Resolve(ask(nil))
		e, ok := errors.AsType[*capability.ExpressionError](err)
		if !ok || e.Field != "spec.types.plain.implementations[0].module.variables.x" {
			t.Errorf("%s: Resolve = %v, want *ExpressionError with the field", name, err)
		}
	}
}

// Values are data: whatever they look like, they arrive as they are.
func TestValuesAreLiteral(t *testing.T) {
	values := map[string]string{
		"B22_template":       "{{ . }}",
		"B22_action":         "${{ x }}",
		"B22_expression":     "${inputs.size}",
		"B22_escaped":        "$${inputs.size}",
		"B22_not closed":     "${",
		"B22_for":            "%{for}",
		"B88_resource block": "x\"\n}\nresource \"a\"",
		"B89_function":       `${file("/etc/p")}`,
		"B89_directive":      "%{if true}x%{endif}",
		"B96_quotes":         `'"\@/?#%`,
	}
	d := thing(t, append(withVariable(`["${inputs.text}", {a: "<${inputs.text}>"}]`), `"${outputs.host}"`, `"${inputs.text}|${outputs.host}"`)...)
	for name, text := range values {
		t.Run(name, func(t *testing.T) {
			a := ask(map[string]any{"text": text, "labels": map[string]any{"l": text}})
			a.Environment.Values = map[string]any{"region": text}
			r, err := d.Resolve(a)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{
				"text": text, "amount": int64(1), "labels": map[string]any{"l": text}, "sentence": "team-plain of team has 1",
				"x": []any{text, map[string]any{"a": "<" + text + ">"}},
			}
			if diff := cmp.Diff(want, r.Module.Variables); diff != "" {
				t.Errorf("variables (-want +got):\n%s", diff)
			}
			env, err := r.Env(map[string]any{"host": text, "port": 1}, map[string]string{"key": text})
			if err != nil {
				t.Fatal(err)
			}
			if got, want := env["HOST"], text+"|"+text; got != want {
				t.Errorf("HOST = %q, want %q", got, want)
			}
		})
	}
}

// FuzzExpression holds that any string of a definition is refused at load or
// gives a value or an *ExpressionError, and that a value of a user passes
// unchanged.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{"${inputs.text}", "a $${b} ${inputs.size}", "${'}'}", "${{}}", "${", "$$${inputs.text}", "${inputs['text']}"} {
		f.Add(s, "hello")
		f.Add("${inputs.text}", s)
	}
	list := thing(f, withVariable(`["${inputs.text}"]`)...)
	f.Fuzz(func(t *testing.T, expression, value string) {
		if r, err := list.Resolve(ask(map[string]any{"text": value})); err == nil {
			if got := r.Module.Variables["x"]; !cmp.Equal(got, []any{value}) {
				t.Fatalf("value %q became %q", value, got)
			}
		}
		d, err := capability.Load(files(t, withVariable(fmt.Sprintf("%q", expression))...), "thing")
		if err != nil {
			return
		}
		if _, err := d.Resolve(ask(nil)); err != nil {
			if _, ok := errors.AsType[*capability.ExpressionError](err); !ok {
				t.Fatalf("Resolve = %v, want *ExpressionError", err)
			}
		}
	})
}
