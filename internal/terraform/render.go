package terraform

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-config-inspect/tfconfig"
)

const (
	mainFile      = "main.tf.json"
	variablesFile = "terraform.tfvars.json"
	providerFile  = "provider.tf.json"

	comment = "Written by platformctl. Changes here are lost."
)

// object is a JSON object.
type object = map[string]any

// rendering is the text of the run directory.
type rendering struct {
	main, variables []byte
	provider        []byte   // nil when the module does not need our provider
	others          []string // the other providers that are needed: "source constraints"
	services        []string // what our provider's resources are about
	remote          bool     // some of the module is fetched
	names           []string // of the other providers in the root module
}

// render makes the root module that calls the first module of t as m says.
func render(m Module, t *tree) (rendering, error) {
	conf := t.modules[0]
	if err := checkVariables(m.Variables, conf); err != nil {
		return rendering{}, err
	}
	needs := requirements(t)
	call, variables, values := moduleCall(m, conf)
	providers, err := providerBlocks(m, conf, needs, func(name string, value any) string {
		for variables[name] != nil {
			name += "_"
		}
		variables[name], values[name] = object{}, value
		return name
	})
	if err != nil {
		return rendering{}, err
	}
	outputs, err := outputBlocks(m, conf)
	if err != nil {
		return rendering{}, err
	}
	put(call, "providers", passedProviders(conf, providers))
	settings := object{"required_version": ">= " + MinVersion}
	put(settings, "required_providers", needs.sources())
	root := object{"//": comment, "terraform": settings, "module": object{callName: call}}
	put(root, "variable", variables)
	put(root, "provider", providers)
	put(root, "output", outputs)

	r := rendering{others: needs.others, services: needs.services, remote: t.remote, names: needs.names(conf)}
	if r.main, err = encode(root); err != nil {
		return rendering{}, err
	}
	if r.variables, err = encode(values); err != nil {
		return rendering{}, err
	}
	if needs.own {
		r.provider, err = ownProvider(m.Own)
	}
	return r, err
}

// moduleCall is the call of the module, with a variable of the root module for
// each of its variables that has a value.
func moduleCall(m Module, conf *config) (call, variables, values object) {
	call, variables, values = object{"source": m.Source}, object{}, object{}
	if m.Local != nil {
		call["source"] = "./" + moduleDir
	} else if m.Version != "" {
		call["version"] = m.Version
	}
	for name, value := range m.Variables {
		v := object{}
		if conf.Variables[name].Sensitive {
			v["sensitive"] = true
		}
		if conf.ephemeral["variable."+name] {
			v["ephemeral"] = true
		}
		variables[name], values[name], call[name] = v, value, "${var."+name+"}"
	}
	return call, variables, values
}

// put sets what is not empty.
func put(in object, key string, value object) {
	if len(value) > 0 {
		in[key] = value
	}
}

// encode is the canonical text of a file: keys sorted, two spaces.
func encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return buf.Bytes(), err
}

func checkVariables(values map[string]any, conf *config) error {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if conf.Variables[name] == nil {
			return &InterfaceError{Kind: "variable", Name: name, Problem: "is not declared by the module"}
		}
		if _, err := plain(values[name]); err != nil {
			return &InterfaceError{Kind: "variable", Name: name, Problem: err.Error()}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(conf.Variables)) {
		if _, set := values[name]; !set && conf.Variables[name].Required {
			return &InterfaceError{Kind: "variable", Name: name, Problem: "is required by the module and has no value"}
		}
	}
	return nil
}

// plain is v as JSON has it: objects, lists, strings, numbers. It refuses what
// JSON cannot hold, and what encoding/json would change without a word.
func plain(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("cannot be written: %w", err)
	}
	// This escape stands for invalid bytes alone; U+FFFD itself is not escaped.
	if bytes.Contains(bytes.ReplaceAll(data, []byte(`\\`), nil), []byte(`\ufffd`)) {
		return nil, errors.New("is not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var out any
	err = dec.Decode(&out)
	return out, err
}

func outputBlocks(m Module, conf *config) (object, error) {
	names := m.Outputs
	if names == nil {
		names = outputNames(conf)
	}
	outputs := object{}
	for _, name := range names {
		o := conf.Outputs[name]
		switch {
		case o == nil:
			return nil, &InterfaceError{Kind: "output", Name: name, Problem: "is not declared by the module"}
		case conf.ephemeral["output."+name]:
			return nil, &InterfaceError{Kind: "output", Name: name, Problem: "is ephemeral and never kept"}
		}
		block := object{"value": "${module." + callName + "." + name + "}"}
		if o.Sensitive {
			block["sensitive"] = true
		}
		outputs[name] = block
	}
	return outputs, nil
}

// outputNames are the outputs that a root module can hand through.
func outputNames(conf *config) []string {
	names := slices.Sorted(maps.Keys(conf.Outputs))
	return slices.DeleteFunc(names, func(n string) bool { return conf.ephemeral["output."+n] })
}

// providerBlocks configures the other providers. Their values come from
// variables, one per configuration, that keep adds to the values.
func providerBlocks(m Module, conf *config, needs needs, keep func(string, any) string) (object, error) {
	blocks := object{}
	for _, key := range slices.Sorted(maps.Keys(m.Providers)) {
		name, alias, _ := strings.Cut(key, ".")
		if _, used := needs.source[name]; !used || needs.source[name] == ownSource {
			return nil, &InterfaceError{Kind: "provider", Name: key, Problem: "is not used by the module"}
		}
		if alias != "" && !hasAlias(conf, name, alias) {
			return nil, &InterfaceError{Kind: "provider", Name: key, Problem: "is not declared by the module"}
		}
		values, err := plain(m.Providers[key])
		if err != nil {
			return nil, &InterfaceError{Kind: "provider", Name: key, Problem: err.Error()}
		}
		variable := keep("provider_"+strings.ReplaceAll(key, ".", "_"), values)
		arguments, _ := values.(object) // nil when there are none
		block, err := reference("var."+variable, arguments)
		if err != nil {
			return nil, &InterfaceError{Kind: "provider", Name: key, Problem: err.Error()}
		}
		if alias != "" {
			block["alias"] = alias
		}
		same, _ := blocks[name].([]object)
		blocks[name] = append(same, block)
	}
	return blocks, nil
}

// reference mirrors the shape of values with references to them. An object may
// stand for a nested block, which no expression can, so it is taken apart; one
// whose keys could not name arguments must be a map and is referred to whole.
func reference(path string, values map[string]any) (object, error) {
	out := object{}
	for key, value := range values {
		if !identifier(key) {
			return nil, fmt.Errorf("has the key %q, which cannot be an argument", key)
		}
		out[key] = referenceValue(path+"."+key, value)
	}
	return out, nil
}

func referenceValue(path string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		if block, err := reference(path, v); err == nil && len(v) > 0 {
			return block
		}
	case []any:
		if blocks := referenceList(path, v); blocks != nil {
			return blocks
		}
	}
	return "${" + path + "}"
}

// referenceList takes a list of objects apart, and nothing else.
func referenceList(path string, values []any) []any {
	var out []any
	for i, value := range values {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		block, err := reference(path+"["+strconv.Itoa(i)+"]", object)
		if err != nil {
			return nil
		}
		out = append(out, block)
	}
	return out
}

var identifierPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

func identifier(s string) bool { return identifierPattern.MatchString(s) }

func hasAlias(conf *config, name, alias string) bool {
	req := conf.RequiredProviders[name]
	return req != nil && slices.Contains(req.ConfigurationAliases, tfconfig.ProviderRef{Name: name, Alias: alias})
}

// passedProviders maps the configurations that the module asks for by alias,
// which are not handed down by themselves, and then all.
func passedProviders(conf *config, blocks object) object {
	passed := object{}
	for name, req := range conf.RequiredProviders {
		for _, ref := range req.ConfigurationAliases {
			passed[name+"."+ref.Alias] = name + "." + ref.Alias
		}
	}
	if len(passed) == 0 {
		return nil
	}
	for name := range blocks {
		passed[name] = name
	}
	for name, req := range conf.RequiredProviders {
		if req.Source == ownSource {
			passed[name] = ownName
		}
	}
	return passed
}

// ownProvider is the configuration of our provider, which is of this machine.
// Its strings are templates to the engine.
func ownProvider(values map[string]any) ([]byte, error) {
	escaped, err := plain(values)
	if err == nil {
		escaped, err = literal(escaped)
	}
	if err != nil {
		return nil, &InterfaceError{Kind: "provider", Name: ownName, Problem: err.Error()}
	}
	return encode(object{"//": comment, "provider": object{ownName: escaped}})
}

// literal escapes every string in v, so that it means itself in a .tf.json file.
// After a carriage return the engine misreads the escapes.
func literal(v any) (any, error) {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "\r") {
			return nil, fmt.Errorf("holds a carriage return: %q", v)
		}
		return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(v), nil
	case map[string]any:
		out := object{}
		for key, value := range v {
			escaped, err := literal(value)
			if err != nil {
				return nil, err
			}
			out[key] = escaped
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = literal(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// declared lists the variables of a module.
func declared(conf *config) []Variable {
	var vars []Variable
	for _, v := range conf.Variables {
		vars = append(vars, Variable{Name: v.Name, Type: v.Type, Required: v.Required, Sensitive: v.Sensitive})
	}
	slices.SortFunc(vars, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return vars
}
