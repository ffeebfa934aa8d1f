package capability

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// Severity says what a finding means for a request.
type Severity string

// The severities: a request for a definition with an error does not work; one
// with a warning does, and somebody should still improve it.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is one thing that is wrong with a definition or could be better.
type Finding struct {
	Severity Severity `json:"severity"`
	Field    string   `json:"field,omitempty"` // path in capability.yaml
	Line     int      `json:"line,omitempty"`  // in capability.yaml, from 1; 0: none in particular
	Problem  string   `json:"problem"`
	Mend     string   `json:"mend,omitempty"`
}

// ModuleUse is one module of a definition: where it is named, and what it is.
type ModuleUse struct {
	Type  string
	Field string // as in spec.types.postgresql.implementations[0].module
	Module
}

// Modules are the modules of all implementations, in order, without values.
func (d *Definition) Modules() []ModuleUse {
	var uses []ModuleUse
	for _, typ := range d.Types() {
		for i, implementation := range d.Spec.Types[typ].Implementations {
			m := implementation.Module
			uses = append(uses, ModuleUse{
				Type: typ, Field: fmt.Sprintf("spec.types.%s.implementations[%d].module", typ, i),
				Module: Module{Source: m.Source, Version: m.Version, Digest: m.Digest, Local: d.compiled[typ].implementations[i].local, Lock: d.lock},
			})
		}
	}
	return uses
}

// Broken turns what Load says of the capability in directory dir of fsys into
// findings; false when err is about something else.
func Broken(fsys fs.FS, dir string, err error) ([]Finding, bool) {
	var (
		def  *DefinitionError
		file *strictyaml.Error
		none *FileError
		out  []Finding
	)
	switch {
	case errors.As(err, &def):
		for _, p := range def.Problems {
			out = append(out, Finding{Severity: SeverityError, Field: p.Field, Problem: p.Problem, Mend: oneOfThese(p.Known)})
		}
	case errors.As(err, &file):
		problem := file.Problem
		if file.Value != "" {
			problem += ": " + file.Value
		}
		out = []Finding{{Severity: SeverityError, Field: file.Field, Line: file.Line, Problem: problem, Mend: oneOfThese(file.Known)}}
	case errors.As(err, &none):
		return []Finding{{Severity: SeverityError, Problem: none.Error()}}, true
	default:
		return nil, false
	}
	return located(fsys, dir, out), true
}

func oneOfThese(known []string) string {
	if len(known) == 0 || len(known) > 20 {
		return ""
	}
	return "one of " + strings.Join(known, ", ")
}

// located adds the lines of the fields.
func located(fsys fs.FS, dir string, findings []Finding) []Finding {
	if text, err := readFile(fsys, path.Join(dir, FileName)); err == nil {
		lines := linesOf(text)
		for i := range findings {
			if findings[i].Line == 0 && findings[i].Field != "" {
				findings[i].Line = lines.of(findings[i].Field)
			}
		}
	}
	return findings
}

// linter collects findings about one definition.
type linter struct {
	def   *Definition
	found []Finding
}

func (l *linter) warn(field, problem, mend string) {
	l.found = append(l.found, Finding{Severity: SeverityWarning, Field: field, Problem: problem, Mend: mend})
}

func (l *linter) fail(field, problem, mend string) {
	l.found = append(l.found, Finding{Severity: SeverityError, Field: field, Problem: problem, Mend: mend})
}

// Lint says what is wrong with a definition that could be loaded and what could
// be better. modules are the interfaces of its modules by ModuleUse.Field; one
// that is missing is passed over. The order is that of the file.
func (d *Definition) Lint(modules map[string]Interface) []Finding {
	l := &linter{def: d}
	l.promises()
	for _, typ := range d.Types() {
		l.typ(typ, "spec.types."+typ)
	}
	for _, use := range d.Modules() {
		if m, ok := modules[use.Field]; ok {
			l.module(use, m)
		}
	}
	located(d.files, ".", l.found)
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		if a.Severity != b.Severity {
			return strings.Compare(string(a.Severity), string(b.Severity))
		}
		return a.Line - b.Line
	})
	return l.found
}

// promises looks at what a person has to write: no module says it.
func (l *linter) promises() {
	m, s := l.def.Metadata, l.def.Spec
	if m.Description == "" {
		l.warn("metadata", "has no description", "say in a sentence what a team gets: metadata.description")
	}
	if len(s.Responsibility.Platform) == 0 || len(s.Responsibility.Team) == 0 {
		l.warn("spec", "does not say who does what", "list it under spec.responsibility.platform and .team: it is shown before each request")
	}
	switch {
	case s.SLO == nil:
		l.warn("spec", "promises nothing", "write what you measured, and where help is: spec.slo.provisioning and .support")
	case s.SLO.Support == "":
		l.warn("spec.slo", "does not say where help is", "write it: spec.slo.support")
	}
	if s.Cost == nil {
		l.warn("spec", "has no cost", "write an estimate for each tier, 0 where it costs nothing: spec.cost")
	} else {
		for _, tier := range (&checker{def: l.def}).allTiers() {
			if _, ok := s.Cost.Monthly[tier]; !ok {
				l.warn("spec.cost.monthly", fmt.Sprintf("has no estimate for tier %q", tier), "add "+tier+": 0, or what it costs")
			}
		}
	}
	l.docs()
}

func (l *linter) docs() {
	s := l.def.Spec
	if s.Docs.Readme == "" {
		l.warn("spec", "has no page for teams", "write a README.md and name it: spec.docs.readme")
	} else if text, err := fs.ReadFile(l.def.files, s.Docs.Readme); err == nil && bytes.Contains(text, []byte(GeneratedMark)) {
		l.warn("spec.docs.readme", "is the page that was made with the capability", "say what it is for, how to use it and whom to ask, then take its first line out")
	}
	if s.Docs.Runbook == "" {
		l.warn("spec.docs", "has no runbook", "write down what you do when it fails, and name it: spec.docs.runbook")
	}
}

// typ looks at inputs, outputs and tests of a type.
func (l *linter) typ(name, field string) {
	spec, compiled := l.def.Spec.Types[name], l.def.compiled[name]
	for _, input := range compiled.inputs.names {
		at := field + ".inputs.properties." + input
		schema := compiled.inputs.properties[input]
		if stringOf(schema["description"]) == "" && stringOf(schema["title"]) == "" {
			l.warn(at, "has no description", "say what it is for and in which unit: description")
		}
		if schema["type"] == "string" && !narrowed(schema) {
			l.warn(at, "takes any text", "narrow it with enum, pattern, format or maxLength")
		}
		if slices.Contains([]string{"region", "location", "zone", "vpc_id", "subnet_ids"}, input) {
			l.warn(at, "asks teams for what operators know", `let platform.yaml say it: "${environment.values.`+input+`}" among the module's variables`)
		}
		if !l.used(compiled, input) {
			l.warn(at, "is not used", "map it to a variable of the module, or take it out")
		}
	}
	if len(spec.Outputs) == 0 {
		l.warn(field, "gives no outputs", "name what a program needs: outputs and env")
	} else if len(spec.Env) == 0 {
		l.warn(field, "gives a program no environment", "name the variables: env")
	}
	l.tests(name, field)
}

func narrowed(schema map[string]any) bool {
	for _, word := range []string{"enum", "const", "pattern", "format", "maxLength"} {
		if schema[word] != nil {
			return true
		}
	}
	return false
}

// used reports whether an implementation or the environment speaks of an input.
func (l *linter) used(typ *compiledType, input string) bool {
	speaks := func(tree any) bool {
		return anyPart(tree, func(p part) bool { return p.program != nil && mentions(p.text, input) })
	}
	for _, implementation := range typ.implementations {
		if speaks(implementation.variables) || speaks(implementation.providers) {
			return true
		}
	}
	return speaks(typ.env)
}

// mentions reports whether an expression may read an input.
func mentions(expression, input string) bool {
	return strings.Contains(expression, "inputs."+input) || strings.Contains(expression, "inputs[") ||
		strings.Contains(strings.ReplaceAll(expression, "inputs.", ""), "inputs")
}

// anyPart reports whether f holds for a part of a template in a tree.
func anyPart(tree any, f func(part) bool) bool {
	switch v := tree.(type) {
	case *template:
		return slices.ContainsFunc(v.parts, f)
	case map[string]any:
		for _, value := range v {
			if anyPart(value, f) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(value any) bool { return anyPart(value, f) })
	}
	return false
}

func (l *linter) tests(typ, field string) {
	for _, tier := range l.def.Tiers(typ) {
		if !slices.ContainsFunc(l.def.Spec.Tests, func(t Test) bool { return t.Type == typ && t.Tier == tier }) {
			l.warn(field+".tiers."+tier, "has no test", "add one to spec.tests")
		}
	}
	for i, test := range l.def.Spec.Tests {
		if test.Type == typ && test.ExpectPlan == nil {
			l.warn(fmt.Sprintf("spec.tests[%d]", i), "expects no plan, so it compares nothing",
				"run platformctl capability test, and write the line that it shows, as in expectPlan: {add: 1, change: 0, destroy: 0}")
		}
	}
}
