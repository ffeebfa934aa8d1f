package capability

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// Resolve turns an ask into a module and its variables. It changes nothing
// and asks nobody. Errors: *UnknownError, *InputError, *LockedError,
// *MatchError, *ExpressionError.
func (d *Definition) Resolve(ask Ask) (*Resolution, error) {
	inputs, err := d.effective(ask)
	if err != nil {
		return nil, err
	}
	spec, compiled := d.Spec.Types[ask.Type], d.compiled[ask.Type]
	tier := spec.Tiers[ask.Tier]
	r := &Resolution{
		Capability: d.ID(ask.Type), Inputs: inputs, Connect: slices.Clone(spec.Connect),
		Tier: TierInfo{
			Name: ask.Tier, Locked: slices.Sorted(slices.Values(tier.Lock)),
			Protected: tier.Deletion.Protect, TTL: time.Duration(tier.TTL),
		},
		outputs: spec.Outputs, typ: compiled, preset: tier.Set,
		vars: variables(d.Metadata.Name, ask, inputs),
	}
	for _, output := range spec.Outputs {
		r.TerraformOutputs = append(r.TerraformOutputs, output.From)
	}
	slices.Sort(r.TerraformOutputs)
	r.TerraformOutputs = slices.Compact(r.TerraformOutputs)

	at, err := choose(compiled.implementations, ask)
	if err != nil {
		if match, ok := errors.AsType[*MatchError](err); ok {
			match.Capability = r.Capability
		}
		return nil, err
	}
	r.Module, err = compiled.implementations[at].module(spec.Implementations[at].Module, r.vars)
	r.Module.Lock = d.lock
	return r, err
}

// effective checks the inputs of an ask and fills in those of the tier and the
// defaults.
func (d *Definition) effective(ask Ask) (map[string]any, error) {
	spec, ok := d.Spec.Types[ask.Type]
	if !ok {
		return nil, &UnknownError{What: "type", Name: ask.Type, Known: d.Types()}
	}
	tier, ok := spec.Tiers[ask.Tier]
	if !ok {
		return nil, &UnknownError{What: "tier", Name: ask.Tier, Known: d.Tiers(ask.Type)}
	}
	schema := d.compiled[ask.Type].inputs
	for _, name := range sortedKeys(ask.Inputs) {
		if err := schema.check(name, ask.Inputs[name]); err != nil {
			return nil, err
		}
		if slices.Contains(tier.Lock, name) {
			return nil, &LockedError{Field: name, Tier: ask.Tier, Value: tier.Set[name]}
		}
	}
	inputs := schema.fill(tier.Set, ask.Inputs)
	return inputs, schema.checkAll(inputs)
}

// variables are what the expressions of a request may use.
func variables(capability string, ask Ask, inputs map[string]any) map[string]any {
	return map[string]any{
		"inputs": inputs,
		"tier":   ask.Tier,
		"request": map[string]string{
			"name": ask.Name, "team": ask.Team, "capability": capability, "type": ask.Type, "tier": ask.Tier,
		},
		"environment": map[string]any{
			"name": ask.Environment.Name, "target": ask.Environment.Target,
			"production": ask.Environment.Production, "values": clone(ask.Environment.Values),
		},
	}
}

// module evaluates what the module is given.
func (i implementation) module(spec ModuleSpec, vars map[string]any) (Module, error) {
	m := Module{
		Source: spec.Source, Version: spec.Version, Digest: spec.Digest, Local: i.local,
		Providers: make(map[string]map[string]any, len(i.providers)),
	}
	var err error
	if m.Variables, err = evalMap(i.variables, vars); err != nil {
		return Module{}, err
	}
	for _, name := range sortedKeys(i.providers) {
		config, _ := i.providers[name].(map[string]any)
		if m.Providers[name], err = evalMap(config, vars); err != nil {
			return Module{}, err
		}
	}
	return m, nil
}

// Outputs turns the outputs of the module into the values that consumers see
// and, by name of the output, the references of the secrets among them.
// Errors are *OutputError.
func (r *Resolution) Outputs(raw map[string]json.RawMessage) (values map[string]any, secretRefs map[string]string, err error) {
	values, secretRefs = map[string]any{}, map[string]string{}
	for _, name := range sortedKeys(r.outputs) {
		output := r.outputs[name]
		text, ok := raw[output.From]
		if !ok {
			return nil, nil, &OutputError{name, output.From, "the module has no such output"}
		}
		var v struct {
			Value any `yaml:"value"`
		}
		if err := strictyaml.DecodeJSON(output.From, slices.Concat([]byte(`{"value":`), text, []byte(`}`)), &v); err != nil {
			return nil, nil, &OutputError{name, output.From, err.Error()}
		}
		if !output.Secret {
			values[name] = v.Value
			continue
		}
		if secretRefs[name], ok = v.Value.(string); !ok || secretRefs[name] == "" {
			return nil, nil, &OutputError{name, output.From, "must give the reference of a secret"}
		}
	}
	return values, secretRefs, nil
}

// Env returns the environment of a program that uses the resource, from the
// values of Outputs and the secrets by name of the output. A variable whose
// value is null is left out. Errors are *ExpressionError.
func (r *Resolution) Env(outputs map[string]any, secrets map[string]string) (map[string]string, error) {
	vars := clone(r.vars)
	vars["outputs"], vars["secrets"] = clone(outputs), secrets
	values, err := evalMap(r.typ.env, vars)
	if failed, ok := errors.AsType[*ExpressionError](err); ok {
		for _, secret := range secrets {
			if secret != "" {
				failed.Problem = strings.ReplaceAll(failed.Problem, secret, "[redacted]")
			}
		}
	}
	if err != nil {
		return nil, err
	}
	env := make(map[string]string, len(values))
	for name, value := range values {
		env[name] = textOf(value)
	}
	return env, nil
}

// ImmutableChange returns the names of the inputs that differ from those of an
// earlier request for the same type and tier and cannot be changed in place,
// sorted. What the earlier request left open had the value that it would have
// now.
func (r *Resolution) ImmutableChange(old map[string]any) []string {
	var changed []string
	before := r.typ.inputs.fill(r.preset, old)
	for _, name := range r.typ.inputs.names {
		if r.typ.inputs.immutable(name) && jsonOf(before[name]) != jsonOf(r.Inputs[name]) {
			changed = append(changed, name)
		}
	}
	return changed
}

// choose returns the position of the implementation that matches an ask in the
// most fields.
func choose(list []implementation, ask Ask) (int, error) {
	best, count, targets := []int(nil), -1, map[string]bool{}
	for i, candidate := range list {
		m := candidate.match
		if m.Target != "" {
			targets[m.Target] = true
		}
		n, ok := m.fits(ask)
		switch {
		case !ok || n < count:
		case n == count:
			best = append(best, i)
		default:
			best, count = []int{i}, n
		}
	}
	if len(best) == 1 {
		return best[0], nil
	}
	e := &MatchError{
		Environment: ask.Environment.Name, Target: ask.Environment.Target, Tier: ask.Tier,
		Known: slices.Sorted(maps.Keys(targets)),
	}
	for _, i := range best {
		e.Tied = append(e.Tied, list[i].field+" ("+list[i].match.String()+")")
	}
	return 0, e
}

// fits reports whether an ask matches, and in how many fields.
func (m Match) fits(ask Ask) (count int, ok bool) {
	for _, pair := range [][2]string{
		{m.Environment, ask.Environment.Name}, {m.Target, ask.Environment.Target}, {m.Tier, ask.Tier}, {m.Team, ask.Team},
	} {
		switch pair[0] {
		case "":
		case pair[1]:
			count++
		default:
			return 0, false
		}
	}
	return count, true
}

// String lists what the match asks for, as in target=local,tier=production.
func (m Match) String() string {
	var out []string
	for _, pair := range [][2]string{{"environment", m.Environment}, {"target", m.Target}, {"tier", m.Tier}, {"team", m.Team}} {
		if pair[1] != "" {
			out = append(out, pair[0]+"="+pair[1])
		}
	}
	if out == nil {
		return "all"
	}
	return strings.Join(out, ",")
}
