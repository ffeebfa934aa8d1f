package capability

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// GeneratedMark stands in a README.md that nobody has written yet.
const GeneratedMark = "<!-- Made by platformctl capability new: rewrite this page, then take this line out. -->"

// pairs are the fields of a map in the order in which they are written.
type pairs []struct {
	key   string
	value any
}

func (p *pairs) add(key string, value any) {
	*p = append(*p, struct {
		key   string
		value any
	}{key, value})
}

// MarshalYAML keeps the order.
func (p pairs) MarshalYAML() (any, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, pair := range p {
		key, value := &yaml.Node{}, &yaml.Node{}
		if err := key.Encode(pair.key); err != nil {
			return nil, err
		}
		if err := value.Encode(pair.value); err != nil {
			return nil, err
		}
		node.Content = append(node.Content, key, value)
	}
	return node, nil
}

// yaml is the capability.yaml.
func (w *draft) yaml() ([]byte, error) {
	metadata := pairs{{"name", w.Name}, {"title", w.Title}, {"owner", w.Owner}, {"tags", []string{w.Name}}}
	spec := pairs{
		{"version", "0.1.0"},
		{"lifecycle", "experimental"},
		{"types", pairs{{w.Type, w.typ()}}},
		{"docs", pairs{{"readme", "README.md"}}},
	}
	if w.sample != nil {
		spec.add("tests", w.tests())
	}
	return strictyaml.Encode(pairs{{"apiVersion", APIVersion}, {"kind", Kind}, {"metadata", metadata}, {"spec", spec}})
}

func (w *draft) typ() pairs {
	module := pairs{{"source", w.Source}}
	if w.Version != "" {
		module.add("version", w.Version)
	}
	if w.Digest != "" {
		module.add("digest", w.Digest)
	}
	if len(w.variables) > 0 {
		module.add("variables", w.variables)
	}
	tiers := pairs{}
	for _, tier := range DraftTiers() {
		rules := pairs{}
		if tier == "production" {
			rules.add("deletion", pairs{{"protect", true}})
		}
		tiers.add(tier, rules)
	}
	out := pairs{
		{"inputs", w.schema()},
		{"tiers", tiers},
		{"implementations", []pairs{{{"match", pairs{}}, {"module", module}}}},
	}
	if slices.ContainsFunc(w.Module.Outputs, func(o ModuleOutput) bool { return o.Sensitive }) {
		out.add("stateHoldsSecrets", true)
	}
	if len(w.outputs) == 0 {
		return out
	}
	outputs, env := pairs{}, pairs{}
	for _, name := range sortedKeys(w.outputs) {
		o, of := pairs{{"from", w.outputs[name].From}}, "outputs"
		if w.outputs[name].Secret {
			o.add("secret", true)
			of = "secrets"
		}
		outputs.add(name, o)
		env.add(w.envName(name), "${"+of+"."+name+"}")
	}
	out.add("outputs", outputs)
	out.add("env", env)
	return out
}

// schema is the JSON Schema of the inputs.
func (w *draft) schema() pairs {
	schema := pairs{{"type", "object"}}
	if len(w.required) > 0 {
		schema.add("required", w.required)
	}
	properties := pairs{}
	for _, name := range sortedKeys(w.inputs) {
		properties.add(name, ordered(w.inputs[name]))
	}
	if len(properties) > 0 {
		schema.add("properties", properties)
	}
	return schema
}

// ordered puts the keywords of a schema that people look for first.
func ordered(schema map[string]any) pairs {
	first := []string{"default", "enum", "description", "type"}
	keys := sortedKeys(schema)
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(slices.Index(first, b), slices.Index(first, a)) })
	out := pairs{}
	for _, key := range keys {
		out.add(key, schema[key])
	}
	return out
}

// tests are one for each tier.
func (w *draft) tests() []pairs {
	var tests []pairs
	for _, tier := range DraftTiers() {
		test := pairs{{"name", "minimal " + tier}, {"type", w.Type}, {"tier", tier}, {"inputs", w.sample}}
		if plan, ok := w.Plans[tier]; ok {
			test.add("expectPlan", pairs{{"add", plan.Add}, {"change", plan.Change}, {"destroy", plan.Destroy}})
		}
		tests = append(tests, test)
	}
	return tests
}

// readme is a page to begin with.
func (w *draft) readme() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n# %s\n\n", GeneratedMark, w.Title)
	fmt.Fprintf(&b, "```sh\nplatformctl request %s --tier %s --team TEAM%s\n```\n", w.Name, DraftTiers()[0], w.sets())
	if len(w.inputs) > 0 {
		b.WriteString("\n## Inputs\n\n| input | type | required | |\n|---|---|---|---|\n")
		for _, name := range sortedKeys(w.inputs) {
			required := ""
			if slices.Contains(w.required, name) {
				required = "yes"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", name, w.inputs[name]["type"], required, cell(stringOf(w.inputs[name]["description"])))
		}
	}
	if len(w.outputs) > 0 {
		b.WriteString("\n## What a program gets\n\n| variable | |\n|---|---|\n")
		for _, name := range sortedKeys(w.outputs) {
			o, _ := w.Module.output(w.outputs[name].From)
			fmt.Fprintf(&b, "| `%s` | %s |\n", w.envName(name), cell(sentence(o.Description)))
		}
	}
	return []byte(b.String())
}

// sets are the required inputs on a command line.
func (w *draft) sets() string {
	var out strings.Builder
	for _, name := range w.required {
		out.WriteString(" --set " + name + "=...")
	}
	return out.String()
}

// cell is text of a module in a table of Markdown, where it means itself.
func cell(s string) string {
	return strings.NewReplacer("\\", "\\\\", "|", `\|`, "<", "&lt;", "[", `\[`, "`", "\\`", "*", `\*`, "_", `\_`).Replace(s)
}
