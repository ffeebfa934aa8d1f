package capability

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Draft is what a new capability is made from: a module, and what to call it.
type Draft struct {
	Name, Type string // of the capability and of its one type
	Title      string // empty: made from Name
	Owner      string // entity reference of the group that will answer for it
	Source     string // of the module, as a definition names it
	Version    string
	Digest     string // of a module that is fetched
	Module     Interface
	Plans      map[string]PlanCounts // by tier: what the tests expect, where it is known
}

// DraftError says why no capability can be made from a module: nothing that a
// request may carry fits the variable.
type DraftError struct {
	Variable, Problem string
}

func (e *DraftError) Error() string {
	return fmt.Sprintf("variable %q of the module %s", e.Variable, e.Problem)
}

// ValidName reports whether s may name a capability or a type: 2 to 40 lower-case
// letters, digits and single dashes, a letter first and no dash last.
func ValidName(s string) bool { return plainName(s) }

// DraftTiers are the tiers of a capability made from a module.
func DraftTiers() []string { return []string{"development", "production"} }

// draft is a Draft with every variable of the module wired.
type draft struct {
	Draft
	variables map[string]any // what the module is given
	inputs    map[string]map[string]any
	required  []string
	sample    map[string]any // values for the required inputs
	outputs   map[string]Output
}

// Files are the files of the capability beside those of its module, by path:
// capability.yaml and README.md. Equal drafts give equal bytes. Errors are
// *DraftError.
func (d Draft) Files() (map[string][]byte, error) {
	w := &draft{
		Draft: d, variables: map[string]any{}, inputs: map[string]map[string]any{}, sample: map[string]any{},
		outputs: map[string]Output{},
	}
	if w.Title == "" {
		w.Title = titleOf(d.Name)
	}
	for _, v := range d.Module.Variables {
		if err := w.wire(v); err != nil {
			return nil, err
		}
	}
	w.checkInputs()
	for _, o := range d.Module.Outputs {
		w.output(o)
	}
	text, err := w.yaml()
	if err != nil {
		return nil, err
	}
	return map[string][]byte{FileName: text, "README.md": w.readme()}, nil
}

// wire gives a variable its value: one that the platform knows, or an input.
func (w *draft) wire(v ModuleVariable) error {
	problem := ""
	switch {
	case v.secret():
		problem = "is secret, and no request carries a secret in the clear"
	case !terraformName(v.Name):
		problem = "has a name that no definition can hold"
	}
	if problem != "" {
		if v.Required {
			return &DraftError{v.Name, "has no default and " + problem}
		}
		return nil
	}
	if value := w.known(v); value != nil {
		w.variables[v.Name] = value
		return nil
	}
	name := w.inputName(v.Name)
	w.variables[v.Name] = "${inputs." + name + "}"
	w.inputs[name] = inputOf(v)
	if v.Required {
		w.required = append(w.required, name)
	}
	return nil
}

// known is the value of a variable that the platform knows by its name, or nil.
func (w *draft) known(v ModuleVariable) any {
	if v.Schema["type"] == "object" && slices.Contains([]string{"tags", "labels", "default_tags"}, v.Name) {
		values, _ := v.Schema["additionalProperties"].(map[string]any)
		if def, _ := v.Schema["default"].(map[string]any); len(def) == 0 && values["type"] == "string" {
			return map[string]any{"environment": "${environment.name}", "resource": "${request.name}", "team": "${request.team}"}
		}
	}
	if v.Schema["type"] != "string" {
		return nil
	}
	if stem, isRef := strings.CutSuffix(v.Name, "_ref"); isRef && w.Module.Own {
		return "${environment.name}/${request.name}/" + stem
	}
	known := map[string][2]string{
		"name": {"${request.name}", "checkout-" + w.Type}, "environment": {"${environment.name}", "local"},
		"team": {"${request.team}", "checkout"}, "tier": {"${tier}", "production"},
	}
	for alias, name := range map[string]string{
		"identifier": "name", "resource_name": "name", "instance_name": "name", "name_prefix": "name",
		underscored(w.Name) + "_name": "name", underscored(w.Type) + "_name": "name",
		"env": "environment", "environment_name": "environment", "team_name": "team",
	} {
		known[alias] = known[name]
	}
	value, ok := known[v.Name]
	if !ok || v.Schema["enum"] != nil {
		return nil
	}
	if pattern, err := regexp.Compile(stringOf(v.Schema["pattern"])); err != nil || !pattern.MatchString(value[1]) {
		return nil
	}
	return value[0]
}

// inputName is the name of the input for a variable: no other one has it.
func (w *draft) inputName(variable string) string {
	name := strings.TrimLeft(underscored(variable), "_")
	name = name[:min(len(name), 60)]
	for w.inputs[name] != nil {
		name += "_"
	}
	return name
}

func underscored(s string) string { return strings.ReplaceAll(s, "-", "_") }

// inputOf is the schema of the input for a variable.
func inputOf(v ModuleVariable) map[string]any {
	schema := maps.Clone(v.Schema)
	if schema == nil {
		schema = map[string]any{}
	}
	if schema["type"] == nil {
		schema["type"] = typeOf(schema["default"])
	}
	if text := sentence(v.Description); text != "" {
		schema["description"] = text
	}
	return schema
}

// typeOf is the type of a default in JSON Schema; without one, text is asked for.
func typeOf(v any) string {
	switch v.(type) {
	case bool:
		return "boolean"
	case int64, float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "string"
}

// checkInputs takes out of the schemas what this platform's own rules refuse:
// first the default, which the module has anyway, then all but the type. It finds
// sample values for the required ones.
func (w *draft) checkInputs() {
	for _, name := range sortedKeys(w.inputs) {
		schema := w.inputs[name]
		if !goodInput(name, schema) {
			delete(schema, "default")
		}
		if !goodInput(name, schema) {
			w.inputs[name] = map[string]any{"type": schema["type"]}
		}
	}
	for _, name := range w.required {
		value, ok := goodSample(name, w.inputs[name])
		if !ok {
			w.sample = nil // no test can ask for it
			return
		}
		w.sample[name] = value
	}
}

func goodInput(name string, schema map[string]any) bool {
	good := true
	compileInputs("", map[string]any{"type": "object", "properties": map[string]any{name: schema}}, func(Problem) { good = false })
	return good
}

// goodSample is a value that the input takes; false when none was found.
func goodSample(name string, schema map[string]any) (any, bool) {
	inputs := compileInputs("", map[string]any{"type": "object", "properties": map[string]any{name: schema}}, func(Problem) {})
	candidates := []any{sampleOf(schema, 0)}
	if schema["type"] == "string" {
		for _, text := range []string{"example-1", "a", "abc", "1", "eu-west-1", "10.0.0.0/16", "10.0.0.1", "2026-01-01", "a@example.com", "1h", "A", "1.0.0"} {
			candidates = append(candidates, text)
		}
	}
	for _, value := range candidates {
		if inputs.check(name, value) == nil {
			return value, true
		}
	}
	return nil, false
}

// sampleOf is a value that the schema takes, as far as that can be told.
func sampleOf(schema map[string]any, depth int) any {
	if depth > 16 {
		return nil
	}
	if enum := listOf(schema["enum"]); len(enum) > 0 {
		return enum[0]
	}
	switch schema["type"] {
	case "boolean":
		return false
	case "number", "integer":
		return sampleNumber(schema)
	case "array":
		items := []any{}
		for _, item := range listOf(schema["prefixItems"]) {
			element, _ := item.(map[string]any)
			items = append(items, sampleOf(element, depth+1))
		}
		element, _ := schema["items"].(map[string]any)
		for n := numberOf(schema["minItems"]); n != nil && float64(len(items)) < min(*n, 16); {
			items = append(items, sampleOf(element, depth+1))
		}
		return items
	case "object":
		value := map[string]any{}
		properties, _ := schema["properties"].(map[string]any)
		for _, name := range listOf(schema["required"]) {
			property, _ := properties[stringOf(name)].(map[string]any)
			value[stringOf(name)] = sampleOf(property, depth+1)
		}
		return value
	}
	text := "example"
	if n := numberOf(schema["minLength"]); n != nil && *n > float64(len(text)) {
		text = strings.Repeat("x", int(min(*n, 1000)))
	}
	if n := numberOf(schema["maxLength"]); n != nil && *n < float64(len(text)) {
		text = text[:int(*n)]
	}
	return text
}

func sampleNumber(schema map[string]any) any {
	least := 1.0
	if n := numberOf(schema["minimum"]); n != nil {
		least = *n
	} else if n := numberOf(schema["exclusiveMinimum"]); n != nil {
		least = *n + 1
	}
	if n := numberOf(schema["maximum"]); n != nil && least > *n {
		least = *n
	}
	if least == float64(int64(least)) {
		return int64(least)
	}
	return least
}

// output adds an output to the contract, unless its value is a secret: only a
// reference to one may be handed on.
func (w *draft) output(o ModuleOutput) {
	if o.secret() || !terraformName(o.Name) {
		return
	}
	name := strings.TrimLeft(underscored(o.Name), "_")
	name = name[:min(len(name), 63)]
	stem, isRef := strings.CutSuffix(name, "_ref")
	isRef = isRef && w.Module.Own && stem != ""
	if isRef {
		name = stem
	}
	if _, taken := w.outputs[name]; !taken {
		w.outputs[name] = Output{From: o.Name, Secret: isRef}
	}
}

// envName is the variable of the environment for an output.
func (w *draft) envName(output string) string {
	prefix := underscored(w.Name) + "_"
	return strings.ToUpper(prefix + strings.TrimPrefix(output, prefix))
}

// titleOf makes a title of a name: message-queue becomes Message queue.
func titleOf(name string) string {
	words := strings.ReplaceAll(name, "-", " ")
	return strings.ToUpper(words[:1]) + words[1:]
}

// sentence is text of a module fit for one line of a definition.
func sentence(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 500 {
		s = string(r[:499]) + "…"
	}
	return s
}
