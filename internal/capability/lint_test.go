package capability_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/platformctl/platformctl/internal/capability"
)

// thingModule is the interface that the capability thing fits.
func thingModule() capability.Interface {
	text := object{"type": "string"}
	return capability.Interface{
		Digest: "sha256:" + strings.Repeat("0", 64),
		Variables: []capability.ModuleVariable{
			{Name: "amount", Schema: object{"type": "number"}},
			{Name: "labels", Type: "map(string)", Schema: object{"type": "object", "additionalProperties": text}},
			{Name: "sentence", Schema: text},
			{Name: "text", Schema: text, Required: true},
		},
		Outputs: []capability.ModuleOutput{{Name: "host"}, {Name: "key_ref"}, {Name: "port"}},
	}
}

func lint(t *testing.T, m capability.Interface, edits ...string) []capability.Finding {
	t.Helper()
	return thing(t, edits...).Lint(map[string]capability.Interface{"spec.types.plain.implementations[0].module": m})
}

func TestLintModule(t *testing.T) {
	const module = "spec.types.plain.implementations[0].module"
	tests := map[string]struct {
		change   func(*capability.Interface)
		edits    []string
		severity capability.Severity
		field    string
		problem  string
	}{
		"not mapped": {
			func(m *capability.Interface) {
				m.Variables = append(m.Variables, capability.ModuleVariable{Name: "zone", Required: true})
			},
			nil, "error", module + ".variables", `needs "zone"`,
		},
		"secret left out": {
			func(m *capability.Interface) {
				m.Variables = append(m.Variables, capability.ModuleVariable{Name: "token", Sensitive: true})
			},
			nil, "warning", module + ".variables", `secret variable "token"`,
		},
		"no such variable": {
			nil, []string{"amount: \"${inputs.size}\"", "amounts: \"${inputs.size}\""}, "error", module + ".variables.amounts", "has no such variable",
		},
		"secret variable": {
			func(m *capability.Interface) { m.Variables[3].Sensitive = true }, nil, "error", module + ".variables.text", "is secret in the module",
		},
		"list for a value": {
			nil, []string{"amount: \"${inputs.size}\"", "amount: \"${inputs.tags}\""}, "error", module + ".variables.amount", "gives array where the module takes number",
		},
		"text for a map": {
			nil, []string{"labels: \"${inputs.labels}\"", "labels: none"}, "error", module + ".variables.labels", "gives string where the module takes map(string)",
		},
		"no such output": {
			nil, []string{"host: {from: host}", "host: {from: hots}"}, "error", "spec.types.plain.outputs.host.from", `no output "hots"`,
		},
		"secret in the clear": {
			func(m *capability.Interface) { m.Outputs[0].Sensitive = true }, nil, "error", "spec.types.plain.outputs.host", "would be in the clear",
		},
		"secret for a reference": {
			func(m *capability.Interface) { m.Outputs[1].Sensitive = true }, nil, "error", "spec.types.plain.outputs.key", "not the reference of one",
		},
		"ephemeral output": {
			func(m *capability.Interface) { m.Outputs[2].Ephemeral = true }, nil, "error", "spec.types.plain.outputs.port.from", "is ephemeral",
		},
		"secret in the state": {
			func(m *capability.Interface) {
				m.Outputs = append(m.Outputs, capability.ModuleOutput{Name: "token", Sensitive: true})
			},
			[]string{"      outputs:\n", "      stateHoldsSecrets: true\n      outputs:\n"},
			"warning", module, `output "token" is secret`,
		},
		"secret in the state, not said": {
			func(m *capability.Interface) {
				m.Outputs = append(m.Outputs, capability.ModuleOutput{Name: "token", Sensitive: true})
			},
			nil, "error", "spec.types.plain", `does not say that Terraform's state holds a secret: output "token"`,
		},
		"not pinned": {
			func(m *capability.Interface) { m.Fetched = true }, nil, "error", module, "not pinned",
		},
		"another digest": {
			nil,
			[]string{"source: ./modules/plain", "source: ./modules/plain\n            digest: sha256:" + strings.Repeat("1", 64)},
			"error", module + ".digest", "others than these",
		},
		"providers, fetched": {
			func(m *capability.Interface) { m.Fetched, m.Providers = true, []string{"hashicorp/aws"} }, nil, "error", module, "requests refuse it",
		},
		"providers": {
			func(m *capability.Interface) { m.Providers = []string{"hashicorp/aws ~> 6.0"} }, nil, "warning", module, "pins: hashicorp/aws ~> 6.0",
		},
		"risk": {
			func(m *capability.Interface) {
				m.Risks = []capability.ModuleRisk{{File: "main.tf", Line: 7, What: `a provisioner "local-exec"`}}
			},
			nil, "warning", module + ".source", `main.tf, line 7: has a provisioner "local-exec"`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			m := thingModule()
			if tt.change != nil {
				tt.change(&m)
			}
			found := lint(t, m, tt.edits...)
			for _, f := range found {
				if f.Severity == tt.severity && f.Field == tt.field && strings.Contains(f.Problem, tt.problem) && f.Line > 0 {
					return
				}
			}
			t.Errorf("findings = %+v\nwant %s of %s: %s", found, tt.severity, tt.field, tt.problem)
		})
	}
	for _, f := range lint(t, thingModule()) {
		if f.Severity == capability.SeverityError {
			t.Errorf("error without a cause: %+v", f)
		}
	}
}

func TestLintWarns(t *testing.T) {
	tests := map[string]struct {
		edits          []string
		field, problem string
		line           int
	}{
		"description":  {nil, "metadata", "has no description", 3},
		"who":          {nil, "spec", "who does what", 6},
		"slo":          {nil, "spec", "promises nothing", 6},
		"support":      {[]string{"  lifecycle: production", "  lifecycle: production\n  slo: {provisioning: {p50: 1s}}"}, "spec.slo", "where help is", 9},
		"cost":         {nil, "spec", "has no cost", 6},
		"cost of tier": {[]string{"  lifecycle: production", "  lifecycle: production\n  cost: {currency: EUR, monthly: {small: 1}}"}, "spec.cost.monthly", `tier "large"`, 9},
		"page":         {nil, "spec", "no page", 6},
		"runbook":      {nil, "spec.docs", "no runbook", 6},
		"any text":     {[]string{"text: {type: string, maxLength: 20,", "text: {type: string,"}, "spec.types.plain.inputs.properties.text", "any text", 15},
		"undescribed":  {nil, "spec.types.plain.inputs.properties.size", "has no description", 16},
		"unused":       {nil, "spec.types.plain.inputs.properties.color", "is not used", 19},
		"no test":      {nil, "spec.types.plain.tiers.small", "has no test", 23},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			found := lint(t, thingModule(), tt.edits...)
			for _, f := range found {
				if f.Severity == capability.SeverityWarning && f.Field == tt.field && strings.Contains(f.Problem, tt.problem) && f.Mend != "" && f.Line == tt.line {
					return
				}
			}
			t.Errorf("findings = %+v\nwant a warning of %s, line %d: %s", found, tt.field, tt.line, tt.problem)
		})
	}
	for _, f := range lint(t, thingModule()) {
		if f.Problem == "is not used" && f.Field == "spec.types.plain.inputs.properties.labels" {
			t.Error("an input that is mapped counts as unused")
		}
	}
}

func TestBroken(t *testing.T) {
	for name, tt := range map[string]struct {
		edit  [2]string
		field string
		line  int
	}{
		"value":   {[2]string{"lifecycle: production", "lifecycle: retired"}, "spec.lifecycle", 8},
		"field":   {[2]string{"lifecycle: production", "livecycle: production"}, "spec.livecycle", 8},
		"missing": {[2]string{"  owner: group:default/platform\n", ""}, "metadata.owner", 3},
	} {
		fsys := files(t, tt.edit[0], tt.edit[1])
		_, err := capability.Load(fsys, "thing")
		found, ok := capability.Broken(fsys, "thing", err)
		if !ok || len(found) == 0 || found[0].Field != tt.field || found[0].Line != tt.line || found[0].Severity != capability.SeverityError {
			t.Errorf("%s: %+v, %v", name, found, ok)
		}
	}
	_, err := capability.Load(fstest.MapFS{}, "none")
	if found, ok := capability.Broken(fstest.MapFS{}, "none", err); !ok || len(found) != 1 {
		t.Errorf("no file: %+v, %v", found, ok)
	}
	if _, ok := capability.Broken(fstest.MapFS{}, "x", errors.New("other")); ok {
		t.Error("any error is a finding")
	}
}

func TestTestAsks(t *testing.T) {
	ask := capability.Test{Type: "plain", Tier: "small"}.Ask()
	if ask.Environment.Name != "local" || ask.Environment.Target != "local" {
		t.Errorf("environment = %+v", ask.Environment)
	}
	ask = capability.Test{Type: "plain", Environment: capability.TestEnvironment{Target: "aws", Values: object{"region": "eu"}}}.Ask()
	if ask.Environment.Name != "aws" || ask.Environment.Values["region"] != "eu" {
		t.Errorf("environment = %+v", ask.Environment)
	}
}
