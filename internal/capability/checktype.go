package capability

import (
	"fmt"
	"slices"
	"strings"
)

// typeChecker checks one type of a definition and makes it ready.
type typeChecker struct {
	*checker
	field string // path of the type in capability.yaml
	name  string
	spec  Type
	out   compiledType
}

func (c *typeChecker) compile() *compiledType {
	c.out.inputs = compileInputs(c.field+".inputs", c.spec.Inputs, c.add)
	c.tiers()
	c.outputs()
	c.expressions()
	for i, word := range c.spec.Connect {
		if word == "" {
			c.fault(fmt.Sprintf("%s.connect[%d]", c.field, i), "is empty")
		}
	}
	return &c.out
}

func (c *typeChecker) tiers() {
	if len(c.spec.Tiers) == 0 {
		c.fault(c.field+".tiers", "at least one tier is required")
	}
	for _, name := range sortedKeys(c.spec.Tiers) {
		field := c.field + ".tiers." + name
		if !plainName(name) {
			c.fault(c.field+".tiers", nameProblem, name)
			continue
		}
		tier := c.spec.Tiers[name]
		for _, input := range sortedKeys(tier.Set) {
			if err := c.out.inputs.check(input, tier.Set[input]); err != nil {
				c.add(Problem{Field: field + ".set." + input, Problem: err.Error(), Known: c.out.inputs.names})
			}
		}
		for i, input := range tier.Lock {
			at := fmt.Sprintf("%s.lock[%d]", field, i)
			if !slices.Contains(c.out.inputs.names, input) {
				c.add(Problem{Field: at, Problem: fmt.Sprintf("no input is called %q", input), Known: c.out.inputs.names})
			}
			if slices.Contains(tier.Lock[:i], input) {
				c.fault(at, "input %q is locked twice", input)
			}
		}
	}
}

func (c *typeChecker) outputs() {
	for _, name := range sortedKeys(c.spec.Outputs) {
		if !identifier(name) {
			c.fault(c.field+".outputs", "the name of an output must be a letter, then letters, digits and _, not %q", name)
		}
		if from := c.spec.Outputs[name].From; !terraformName(from) {
			c.fault(c.field+".outputs."+name+".from", "must name an output of the module, not %q", from)
		}
	}
}

// expressions compiles what the implementations and the environment say.
func (c *typeChecker) expressions() {
	scope, err := newModuleScope(c.out.inputs.names)
	if err != nil {
		c.fault(c.field, "%v", err)
		return
	}
	if len(c.spec.Implementations) == 0 {
		c.fault(c.field+".implementations", "at least one implementation is required")
	}
	for i, spec := range c.spec.Implementations {
		field := fmt.Sprintf("%s.implementations[%d]", c.field, i)
		c.match(field+".match", i, spec.Match)
		c.out.implementations = append(c.out.implementations, c.implementation(field, spec, scope))
	}
	var open, secret []string
	for _, name := range sortedKeys(c.spec.Outputs) {
		if c.spec.Outputs[name].Secret {
			secret = append(secret, name)
		} else {
			open = append(open, name)
		}
	}
	if scope, err = scope.withResults(open, secret); err != nil {
		c.fault(c.field, "%v", err)
		return
	}
	c.out.env = make(map[string]any, len(c.spec.Env))
	for _, name := range sortedKeys(c.spec.Env) {
		field := c.field + ".env." + name
		if !envName(name) {
			c.fault(field, "the name of a variable must be upper-case letters, digits and _, not %q", name)
		}
		c.out.env[name] = scope.compileTree(field, c.spec.Env[name], c.add)
	}
}

func (c *typeChecker) match(field string, at int, m Match) {
	if _, ok := c.spec.Tiers[m.Tier]; m.Tier != "" && !ok {
		c.add(Problem{Field: field + ".tier", Problem: fmt.Sprintf("unknown tier %q", m.Tier), Known: sortedKeys(c.spec.Tiers)})
	}
	for i, other := range c.spec.Implementations[:at] {
		if other.Match == m {
			c.fault(field, "is the same as that of implementations[%d]", i)
		}
	}
}

func (c *typeChecker) implementation(field string, spec Implementation, scope *scope) implementation {
	out := implementation{field: field, match: spec.Match, providers: map[string]any{}}
	module := field + ".module"
	out.local = c.source(module, spec.Module)
	if d := spec.Module.Digest; d != "" && !digestForm(d) {
		c.fault(module+".digest", "must be sha256: and 64 hexadecimal digits, not %q", d)
	}
	for _, name := range sortedKeys(spec.Module.Variables) {
		if !terraformName(name) {
			c.fault(module+".variables", "%q is no name of a variable", name)
		}
	}
	out.variables, _ = scope.compileTree(module+".variables", spec.Module.Variables, c.add).(map[string]any)
	for _, name := range sortedKeys(spec.Module.Providers) {
		if !terraformName(name) {
			c.fault(module+".providers", "%q is no name of a provider", name)
		}
		out.providers[name] = scope.compileTree(module+".providers."+name, spec.Module.Providers[name], c.add)
	}
	return out
}

// terraformName reports whether s is an identifier of Terraform's.
func terraformName(s string) bool {
	return identifier(strings.TrimLeft(strings.ReplaceAll(s, "-", "_"), "_")) && s[0] != '-'
}

func envName(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && (s[0] < '0' || s[0] > '9')
}

func digestForm(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && strings.Trim(hex, "0123456789abcdef") == ""
}
