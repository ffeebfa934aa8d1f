package capability_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/capability"
)

// much is the memory that nothing of a definition may make be allocated.
const much = 96 << 20

// allocates returns how many bytes f allocates.
func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// withRatio replaces the schema of an input.
func withRatio(schema string) []string {
	return []string{"ratio: {type: number, minimum: 0, maximum: 1}", "ratio: " + schema, "lock: [size, ratio]", "lock: [size]"}
}

// TestLoadRefusesTooMuch holds that a definition which would take its reader
// seconds or gigabytes is refused before it does.
func TestLoadRefusesTooMuch(t *testing.T) {
	variable := func(expression string) []string { return withVariable("'" + expression + "'") }
	double := ".map(a, [a, a])"
	for title, c := range map[string]struct {
		edits   []string
		problem string
	}{
		"B44_schema 90000 values of an enumeration": {withRatio("{type: integer, enum: [" + strings.Repeat("1, ", 90_000) + "1]}"), "more than 10000"},
		"B44_schema 40000 schemas":                  {withRatio("{type: string, anyOf: [" + strings.Repeat("{const: a}, ", 40_000) + "true]}"), "more than 10000"},
		"B44_schema nested":                         {withRatio(strings.Repeat("{type: array, items: ", 70) + "true" + strings.Repeat("}", 70)), "nested deeper than 64"},
		"B44_schema of another size":                {withRatio("{type: array, maxItems: 3000000000}"), "must be at most 2147483647"},
		"B45_pattern of 900 kB":                     {withRatio("{type: string, pattern: '" + strings.Repeat("a", 900_000) + "'}"), "patterns of the inputs have 900000 bytes, more than 2000"},
		"B45_pattern that repeats":                  {withRatio("{type: string, pattern: '" + strings.Repeat("a{1000}", 1000) + "'}"), "more than 2000"},
		"B45_pattern that repeats repeats":          {withRatio("{type: string, pattern: '((a{1000}){1000}){1000}'}"), "must be of the format regex"},
		"B45_patterns together":                     {withRatio("{type: string, allOf: [{pattern: '" + strings.Repeat("a", 1500) + "'}, {pattern: '" + strings.Repeat("b", 1500) + "'}]}"), "have 3000 bytes"},

		"B45_expression long":               {variable("${" + strings.Repeat("1+", 50_000) + "1}"), "is longer than 2000 bytes"},
		"B45_expression nested":             {variable("${" + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + "}"), "recursion"},
		"B45_expression of nested types":    {variable("${[[1]]" + strings.Repeat(double, 60) + "}"), "recursion"},
		"B45_expression of macros":          {variable("${" + strings.Repeat("[1].map(a, ", 100) + "1" + strings.Repeat(")", 100) + "}"), "recursion"},
		"B45_expressions, 501 of them":      {variable(distinct(501)), "more than 500 different expressions"},
		"B45_expression never closed":       {variable(strings.Repeat("${", 400_000)), "is not closed"},
		"B45_expression with a format bomb": {variable(`${"%.1000000000f".format([1.0])}`), "precision"},
	} {
		t.Run(title, func(t *testing.T) {
			fsys := files(t, c.edits...)
			var err error
			used := allocates(func() { _, err = capability.Load(fsys, "thing") })
			if err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("Load = %.500v, want %q", err, c.problem)
			}
			if err != nil && len(err.Error()) > 2000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if used > much {
				t.Errorf("Load allocated %d bytes", used)
			}
		})
	}
}

// distinct is a text of n different expressions.
func distinct(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("${" + strings.Repeat("-", i%20) + "1" + strings.Repeat("0", i/20%10) + strings.Repeat(" ", i/200) + "}")
	}
	return b.String()
}

// TestExpressionsMakeLittle holds that an expression that makes much of little
// fails before it does.
func TestExpressionsMakeLittle(t *testing.T) {
	ten := func(name, inner string) string { return "[1,2,3,4,5,6,7,8,9,0].map(" + name + ", " + inner + ")" }
	text := `["x"]` + strings.Repeat(".map(a, a+a)", 16) // of 64 KiB, in a list
	for title, expression := range map[string]string{
		"text doubled 30 times":    `["x"]` + strings.Repeat(".map(a,a+a)", 30) + `[0]`,
		"list doubled 30 times":    `[[1]]` + strings.Repeat(".map(a,[a,a])", 30),
		"equal lists":              `[[1]]` + strings.Repeat(".map(a,[a,a])", 30) + ` == [[1]]` + strings.Repeat(".map(a,[a,a])", 30),
		"map doubled 30 times":     `[{"a":1}]` + strings.Repeat(`.map(a,{"a":a,"b":a})`, 30),
		"text in a list of 1000":   text + ".map(t, " + ten("a", ten("b", ten("c", "t"))) + ")",
		"texts of a list of 10000": text + ".map(t, " + ten("a", ten("b", ten("c", ten("d", "t.upperAscii()")))) + ")",
		"splits":                   text + ".map(t, " + ten("a", ten("b", ten("c", `t.split("")`))) + ")",
		"replace":                  `"x"` + strings.Repeat(`.replace("x", "xxxxxxxxxxxxxxxxxxxxxxxx")`, 30),
		"replace the empty text":   text + `.map(t, t.replace("", t))`,
		"join":                     text + `.map(t, t.split("").join(t))`,
		"join of itself":           text + `.map(t, [t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t].join(t))`,
		"format":                   text + `.map(t, "%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s%s".format([t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t,t]))`,
		"loops":                    ten("a", ten("b", ten("c", ten("d", ten("e", ten("f", "a")))))),
		"a pattern of text":        text + `.map(t, ` + ten("a", ten("b", ten("c", `t.matches("(x+)+$" + t)`))) + ")",
	} {
		t.Run("B45_"+title, func(t *testing.T) {
			d := thing(t, withVariable("'${"+expression+"}'")...)
			var err error
			used := allocates(func() { _, err = d.Resolve(ask(nil)) })
			if failed, ok := errors.AsType[*capability.ExpressionError](err); !ok || len(failed.Error()) > 1000 {
				t.Errorf("Resolve = %.500v, want a short *ExpressionError", err)
			}
			if used > much {
				t.Errorf("Resolve allocated %d bytes", used)
			}
		})
	}
	t.Run("B45_a text of many expressions", func(t *testing.T) {
		d := thing(t, "text: {type: string, maxLength: 20, x-immutable: true}", "text: {type: string}",
			"amount:", "x: '"+strings.Repeat("${inputs.text}", 50_000)+"'\n              amount:")
		var err error
		used := allocates(func() { _, err = d.Resolve(ask(map[string]any{"text": strings.Repeat("x", 100_000)})) })
		if _, ok := errors.AsType[*capability.ExpressionError](err); !ok || used > much {
			t.Errorf("Resolve = %.500v and allocated %d bytes", err, used)
		}
	})
}

// TestBoundedFunctionsWork holds that the functions that are looked at do what
// CEL says of them.
func TestBoundedFunctionsWork(t *testing.T) {
	for expression, want := range map[string]string{
		`"a-b-c".replace("-", "--")`:     "a--b--c",
		`"a-b-c".replace("-", "", 1)`:    "ab-c",
		`"abc".replace("", "-")`:         "-a-b-c-",
		`["a", "b"].join()`:              "ab",
		`["a", "b"].join(", ")`:          "a, b",
		`"%s has %d".format(["a", 1])`:   "a has 1",
		`"%s".format([{"b": [1, 2.5]}])`: `{b: [1, 2.5]}`,
	} {
		r, err := thing(t, withVariable("'${"+expression+"}'")...).Resolve(ask(nil))
		if err != nil || r.Module.Variables["x"] != want {
			t.Errorf("%s = %v, %v; want %q", expression, r.Module.Variables["x"], err, want)
		}
	}
}

// TestPatternsAreQuick holds a value against a pattern that takes backtracking
// engines for ever.
func TestPatternsAreQuick(t *testing.T) {
	t.Run("B45_backtracking", func(t *testing.T) {
		d := thing(t, withRatio("{type: string, pattern: '^(a+)+$'}")...)
		for text, good := range map[string]bool{strings.Repeat("a", 50_000): true, strings.Repeat("a", 50_000) + "!": false} {
			_, err := d.Resolve(ask(map[string]any{"ratio": text}))
			if refused, ok := errors.AsType[*capability.InputError](err); good != (err == nil) || !good && (!ok || len(refused.Error()) > 500) {
				t.Errorf("%d letters: %v", len(text), err)
			}
		}
	})
}
