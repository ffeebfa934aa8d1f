package backstage

import (
	"fmt"
	"strings"
)

// shape is the type that a field of spec must have.
type shape int

const (
	text       shape = iota // a string that is not empty
	texts                   // a list of such strings, which may be empty
	profile                 // a map with text in displayName, email and picture, if there
	definition              // text, or the one-key map of a placeholder such as $text
	presence                // required or optional
	steps                   // the steps of a Template
)

// specField is a rule for spec.<name>.
type specField struct {
	name     string
	shape    shape
	required bool
}

// specFields returns the rules of Backstage's kind schemas. Fields that they
// do not name may hold anything.
func specFields(kind string) []specField {
	const required = true
	switch kind {
	case KindComponent:
		return []specField{
			{"type", text, required},
			{"lifecycle", text, required},
			{"owner", text, required},
			{"system", text, false},
			{"subcomponentOf", text, false},
			{"providesApis", texts, false},
			{"consumesApis", texts, false},
			{"dependsOn", texts, false},
			{"dependencyOf", texts, false},
		}
	case KindAPI:
		return []specField{
			{"type", text, required},
			{"lifecycle", text, required},
			{"owner", text, required},
			{"definition", definition, required},
			{"system", text, false},
		}
	case KindResource:
		return []specField{
			{"type", text, required},
			{"owner", text, required},
			{"system", text, false},
			{"dependsOn", texts, false},
			{"dependencyOf", texts, false},
		}
	case KindSystem:
		return []specField{{"owner", text, required}, {"domain", text, false}, {"type", text, false}}
	case KindDomain:
		return []specField{{"owner", text, required}, {"subdomainOf", text, false}, {"type", text, false}}
	}
	return organizationFields(kind)
}

// organizationFields are those of the kinds that are no software.
func organizationFields(kind string) []specField {
	const required = true
	switch kind {
	case KindGroup:
		return []specField{
			{"type", text, required},
			{"children", texts, required},
			{"parent", text, false},
			{"members", texts, false},
			{"profile", profile, false},
		}
	case KindUser:
		return []specField{{"memberOf", texts, required}, {"profile", profile, false}}
	case KindLocation:
		return []specField{
			{"type", text, false},
			{"target", text, false},
			{"targets", texts, false},
			{"presence", presence, false},
		}
	case KindTemplate:
		return []specField{
			{"type", text, required},
			{"steps", steps, required},
			{"owner", text, false},
			{"lifecycle", text, false},
		}
	}
	return nil
}

// spec checks the fields that the kind has rules for, and every reference.
func (p *problems) spec(e Entity) {
	if e.Spec == nil {
		p.add("spec", "is required")
		return
	}
	for _, f := range specFields(e.Kind) {
		value, ok := e.Spec[f.name]
		switch {
		case ok:
			p.shape("spec."+f.name, f.shape, value)
		case f.required:
			p.add("spec."+f.name, "is required")
		}
	}
	for _, f := range relationFields(e.Kind) {
		if !f.list {
			p.ref("spec."+f.name, e.SpecString(f.name), f.defaultKind)
			continue
		}
		for i, value := range e.SpecStrings(f.name) {
			p.ref(fmt.Sprintf("spec.%s[%d]", f.name, i), value, f.defaultKind)
		}
	}
}

func (p *problems) ref(field, value, defaultKind string) {
	if value == "" {
		return // said already, if it matters
	}
	if _, err := ParseRef(value, Ref{Kind: defaultKind}); err != nil {
		p.add(field, "%v", err)
	}
}

func (p *problems) shape(field string, want shape, value any) {
	switch want {
	case text:
		p.text(field, value)
	case texts:
		p.texts(field, value)
	case profile:
		p.profile(field, value)
	case definition:
		if !isPlaceholder(value) {
			p.text(field, value)
		}
	case presence:
		if value != "required" && value != "optional" {
			p.add(field, "must be required or optional")
		}
	case steps:
		p.steps(field, value)
	}
}

func (p *problems) text(field string, value any) {
	if s, ok := value.(string); !ok {
		p.add(field, "must be a string")
	} else if s == "" {
		p.add(field, "must not be empty")
	}
}

func (p *problems) texts(field string, value any) {
	switch list := value.(type) {
	case []string:
		for i, item := range list {
			p.text(fmt.Sprintf("%s[%d]", field, i), item)
		}
	case []any:
		for i, item := range list {
			p.text(fmt.Sprintf("%s[%d]", field, i), item)
		}
	default:
		p.add(field, "must be a list of strings")
	}
}

func (p *problems) profile(field string, value any) {
	m, ok := value.(map[string]any)
	if !ok {
		p.add(field, "must be a map")
		return
	}
	for _, key := range []string{"displayName", "email", "picture"} {
		if v, ok := m[key]; ok {
			p.text(field+"."+key, v)
		}
	}
}

func (p *problems) steps(field string, value any) {
	list, ok := value.([]any)
	if !ok {
		p.add(field, "must be a list of steps")
	}
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", field, i)
		step, ok := item.(map[string]any)
		if !ok {
			p.add(at, "must be a map")
			continue
		}
		p.text(at+".action", step["action"])
	}
}

// isPlaceholder reports a map such as {$text: ./openapi.yaml}, which a catalog
// replaces by the content of the file before it validates.
func isPlaceholder(value any) bool {
	m, ok := value.(map[string]any)
	if !ok || len(m) != 1 {
		return false
	}
	for key := range m {
		return strings.HasPrefix(key, "$")
	}
	return false
}
