package capability

import (
	"fmt"
	"slices"
	"strings"
)

// module holds an implementation against its module.
func (l *linter) module(use ModuleUse, m Interface) {
	l.pins(use, m)
	mapped := l.implementation(use).variables
	for _, name := range sortedKeys(mapped) {
		l.mapped(use, m, name, mapped[name])
	}
	for _, v := range m.Variables {
		if _, ok := mapped[v.Name]; v.Required && !ok {
			l.fail(use.Field+".variables", fmt.Sprintf("the module needs %q, which is not mapped", v.Name),
				fmt.Sprintf(`add %s: "${inputs.%s}", or a value that the platform knows`, v.Name, v.Name))
		} else if v.secret() && !ok {
			l.warn(use.Field+".variables", fmt.Sprintf("leaves the secret variable %q to its default", v.Name), secretMend)
		}
	}
	l.outputs(use, m)
	for _, r := range m.Risks {
		l.warn(use.Field+".source", fmt.Sprintf("%s, line %d: has %s", r.File, r.Line, r.What), "a module from elsewhere would be refused for it: read it with care")
	}
}

// implementation is the compiled one that a use is of.
func (l *linter) implementation(use ModuleUse) implementation {
	for _, i := range l.def.compiled[use.Type].implementations {
		if i.field+".module" == use.Field {
			return i
		}
	}
	return implementation{}
}

// pins checks that what is fetched is what somebody has seen.
func (l *linter) pins(use ModuleUse, m Interface) {
	switch {
	case m.Fetched && use.Digest == "":
		l.fail(use.Field, "is fetched and not pinned: requests refuse it", "add digest: "+m.Digest)
	case use.Digest != "" && use.Digest != m.Digest:
		l.fail(use.Field+".digest", "the module's files are others than these: what it gives now is "+m.Digest,
			"find out why; if the change is wanted, write the new digest and raise spec.version")
	}
	if len(m.Providers) == 0 || use.Lock != nil {
		return
	}
	problem := fmt.Sprintf("brings providers that no %s pins: %s", LockFile, strings.Join(m.Providers, ", "))
	mend := "run terraform init in a directory with the same required_providers, and put its " + LockFile + " beside " + FileName
	if m.Fetched {
		l.fail(use.Field, problem+": requests refuse it", mend)
	} else {
		l.warn(use.Field, problem, mend)
	}
}

// mapped checks one variable that a definition maps.
func (l *linter) mapped(use ModuleUse, m Interface, name string, value any) {
	field := use.Field + ".variables." + name
	v, ok := m.variable(name)
	if !ok {
		var names []string
		for _, v := range m.Variables {
			names = append(names, v.Name)
		}
		l.fail(field, "the module has no such variable", oneOfThese(names))
		return
	}
	asked := anyPart(value, func(p part) bool { return p.program != nil && strings.Contains(p.text, "inputs") })
	if v.secret() && asked {
		l.fail(field, "is secret in the module, and an input is in the clear: it would be in the record",
			`have the module take the reference of a secret: "${environment.name}/${request.name}/`+name+`"`)
	}
	l.kinds(field, use.Type, v, value)
}

// kinds refuses a value that cannot be converted to what the variable takes.
func (l *linter) kinds(field, typ string, v ModuleVariable, value any) {
	have := ""
	switch value := value.(type) {
	case *template:
		have = "string"
		if value.typed {
			input := value.parts[0].input
			if input == "" {
				return
			}
			have = stringOf(l.def.compiled[typ].inputs.properties[input]["type"])
		}
	case map[string]any:
		have = "object"
	case []any:
		have = "array"
	}
	want := stringOf(v.Schema["type"])
	if shape(have) != "" && shape(want) != "" && shape(have) != shape(want) {
		l.fail(field, fmt.Sprintf("gives %s where the module takes %s", have, describeType(v, want)), "")
	}
}

// shape is what the engine never converts between.
func shape(kind string) string {
	switch kind {
	case "string", "number", "integer", "boolean":
		return "one value"
	}
	return kind
}

func describeType(v ModuleVariable, kind string) string {
	if v.Type != "" && len(v.Type) < 60 && !strings.Contains(v.Type, "\n") {
		return v.Type
	}
	return kind
}

// outputs holds the contract against the module.
func (l *linter) outputs(use ModuleUse, m Interface) {
	var names []string
	for _, o := range m.Outputs {
		names = append(names, o.Name)
	}
	from := map[string]bool{}
	spec := l.def.Spec.Types[use.Type]
	for _, name := range sortedKeys(spec.Outputs) {
		field := "spec.types." + use.Type + ".outputs." + name
		output := spec.Outputs[name]
		from[output.From] = true
		o, ok := m.output(output.From)
		switch {
		case !ok:
			l.fail(field+".from", fmt.Sprintf("%s has no output %q", use.Source, output.From), oneOfThese(names))
		case o.Ephemeral:
			l.fail(field+".from", fmt.Sprintf("output %q is ephemeral: nothing keeps it", o.Name), "")
		case o.Sensitive && output.Secret:
			l.fail(field, fmt.Sprintf("output %q is the secret itself, not the reference of one", o.Name), secretMend)
		case o.Sensitive:
			l.fail(field, fmt.Sprintf("output %q is secret and would be in the clear", o.Name), secretMend)
		}
	}
	for _, o := range m.Outputs {
		switch {
		case !o.Sensitive || from[o.Name]:
		case spec.StateHoldsSecrets:
			l.warn(use.Field, fmt.Sprintf("output %q is secret: its value is in Terraform's state, and teams do not get it", o.Name), secretMend)
		default:
			l.fail("spec.types."+use.Type, fmt.Sprintf("does not say that Terraform's state holds a secret: output %q of %s", o.Name, use.Source),
				"add stateHoldsSecrets: true, which is shown before each request; or "+secretMend)
		}
	}
	l.found = slices.CompactFunc(l.found, func(a, b Finding) bool { return a == b })
}

const secretMend = `have the module use ephemeral "platformctl_secret" and give its reference: then no state holds the value`
