package capability_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/platformctl/platformctl/internal/capability"
)

func TestResolve(t *testing.T) {
	tests := map[string]struct {
		tier   string
		inputs map[string]any
		want   map[string]any
	}{
		"defaults": {
			"small", nil,
			map[string]any{"text": "hello", "size": int64(1), "open": false, "color": "red"},
		},
		"tier before defaults": {
			"large", nil,
			map[string]any{"text": "hello", "size": int64(9), "open": true, "color": "red"},
		},
		"team before tier": {
			"small",
			map[string]any{"size": int64(7), "color": "green"},
			map[string]any{"text": "hello", "size": int64(7), "open": false, "color": "green"},
		},
		"false before the tier's true": {
			"large",
			map[string]any{"open": false},
			map[string]any{"text": "hello", "size": int64(9), "open": false, "color": "red"},
		},
		"whole numbers have one type": {
			"small",
			map[string]any{"size": 7.0},
			map[string]any{"text": "hello", "size": int64(7), "open": false, "color": "red"},
		},
		"array and object": {
			"small",
			map[string]any{"tags": []any{"a", "c"}, "labels": map[string]any{"x": "y"}},
			map[string]any{
				"text": "hello", "size": int64(1), "open": false, "color": "red",
				"tags": []any{"a", "c"}, "labels": map[string]any{"x": "y"},
			},
		},
	}
	d := thing(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a := ask(tt.inputs)
			a.Tier = tt.tier
			r, err := d.Resolve(a)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.Inputs); diff != "" {
				t.Errorf("Inputs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolveWhole(t *testing.T) {
	a := ask(nil)
	a.Tier = "large"
	r, err := thing(t).Resolve(a)
	if err != nil {
		t.Fatal(err)
	}
	want := &capability.Resolution{
		Capability: "thing/plain@1.2.3",
		Inputs:     map[string]any{"text": "hello", "size": int64(9), "open": true, "color": "red"},
		Module: capability.Module{
			Source: "./modules/plain",
			// labels is not set, so the module's own default applies.
			Variables: map[string]any{"text": "hello", "amount": int64(9), "sentence": "team-plain of team has 9"},
			Providers: map[string]map[string]any{},
		},
		TerraformOutputs: []string{"host", "key_ref", "port"},
		Tier:             capability.TierInfo{Name: "large", Locked: []string{"ratio", "size"}, Protected: true},
	}
	diff := cmp.Diff(want, r, cmpopts.IgnoreUnexported(capability.Resolution{}), cmpopts.IgnoreFields(capability.Module{}, "Local"))
	if diff != "" {
		t.Errorf("Resolve (-want +got):\n%s", diff)
	}
	if r.Module.Local == nil {
		t.Error("the files of a local module are missing")
	}
	if r, err := thing(t).Resolve(ask(nil)); err != nil || r.Tier.TTL != 720*time.Hour || r.Tier.Protected {
		t.Errorf("tier small = %+v, %v, want 720h and no protection", r.Tier, err)
	}
}

func TestResolveRefuses(t *testing.T) {
	change := func(f func(*capability.Ask)) capability.Ask {
		a := ask(nil)
		f(&a)
		return a
	}
	inputs := []string{"color", "labels", "open", "ratio", "size", "tags", "text"}
	tests := map[string]struct {
		ask  capability.Ask
		want error
	}{
		"unknown type": {
			change(func(a *capability.Ask) { a.Type = "plian" }),
			&capability.UnknownError{What: "type", Name: "plian", Known: []string{"plain"}},
		},
		"unknown tier": {
			change(func(a *capability.Ask) { a.Tier = "medium" }),
			&capability.UnknownError{What: "tier", Name: "medium", Known: []string{"large", "small"}},
		},
		"unknown input": {
			ask(map[string]any{"sise": 1}),
			&capability.InputError{Field: "sise", Problem: "unknown input", Known: inputs},
		},
		"B31_upper_case_input": {
			ask(map[string]any{"SIZE": 1}),
			&capability.InputError{Field: "SIZE", Problem: "unknown input", Known: inputs},
		},
		"missing": {
			change(func(a *capability.Ask) { a.Inputs = nil }),
			&capability.InputError{Field: "text", Problem: "is required"},
		},
		"wrong type": {
			ask(map[string]any{"size": "3"}),
			&capability.InputError{Field: "size", Problem: "must be of type integer", Value: `"3"`},
		},
		"fraction": {
			ask(map[string]any{"size": 1.5}),
			&capability.InputError{Field: "size", Problem: "must be of type integer", Value: "1.5"},
		},
		"too small": {
			ask(map[string]any{"size": int64(0)}),
			&capability.InputError{Field: "size", Problem: "must be at least 1", Value: "0"},
		},
		"too large": {
			ask(map[string]any{"ratio": 1.5}),
			&capability.InputError{Field: "ratio", Problem: "must be at most 1", Value: "1.5"},
		},
		"too long": {
			ask(map[string]any{"text": strings.Repeat("x", 100)}),
			&capability.InputError{
				Field: "text", Problem: "length must be at most 20", Value: `"` + strings.Repeat("x", 59) + `…"`,
			},
		},
		"not in enum": {
			ask(map[string]any{"color": "bleu"}),
			&capability.InputError{Field: "color", Problem: "is not one of the values allowed", Value: `"bleu"`, Known: []string{"red", "green"}},
		},
		"item not in enum": {
			ask(map[string]any{"tags": []any{"a", "d"}}),
			&capability.InputError{Field: "tags[1]", Problem: "is not one of the values allowed", Value: `"d"`, Known: []string{"a", "b", "c"}},
		},
		"item twice": {
			ask(map[string]any{"tags": []any{"a", "a"}}),
			&capability.InputError{Field: "tags", Problem: "must not have equal items", Value: `["a","a"]`},
		},
		"field of an object": {
			ask(map[string]any{"labels": map[string]any{"a": "x", "b": true}}),
			&capability.InputError{Field: "labels.b", Problem: "must be of type string", Value: "true"},
		},
		"null": {
			ask(map[string]any{"color": nil}),
			&capability.InputError{Field: "color", Problem: "must be of type string", Value: "null"},
		},
		"B16_shown_escaped": {
			ask(map[string]any{"color": "\x1b[2J\u202e"}),
			&capability.InputError{Field: "color", Problem: "is not one of the values allowed", Value: `"\x1b[2J\u202e"`, Known: []string{"red", "green"}},
		},
		"locked": {
			change(func(a *capability.Ask) { a.Tier, a.Inputs["size"] = "large", int64(3) }),
			&capability.LockedError{Field: "size", Tier: "large", Value: int64(9)},
		},
		"locked to the default of the module": {
			change(func(a *capability.Ask) { a.Tier, a.Inputs["ratio"] = "large", 0.5 }),
			&capability.LockedError{Field: "ratio", Tier: "large"},
		},
		"no implementation": {
			change(func(a *capability.Ask) { a.Environment.Target = "aws" }),
			&capability.MatchError{Capability: "thing/plain@1.2.3", Environment: "here", Target: "aws", Tier: "small", Known: []string{"local"}},
		},
	}
	d := thing(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := d.Resolve(tt.ask)
			if diff := cmp.Diff(tt.want, err); diff != "" {
				t.Errorf("Resolve = %+v, error (-want +got):\n%s", r, diff)
			}
		})
	}
}

func TestResolveMatch(t *testing.T) {
	implementations := func(matches ...string) []string {
		text := "        - match: {target: local}\n          module:\n            source: ./modules/plain\n            variables:\n"
		var b strings.Builder
		for _, m := range matches {
			b.WriteString("        - match: {" + m + "}\n          module: {source: ./modules/plain, variables: {which: '" + m + "'}}\n")
		}
		b.WriteString("        - match: {target: elsewhere}\n          module:\n            source: ./modules/plain\n            variables:\n")
		return []string{text, b.String()}
	}
	tests := map[string]struct {
		matches []string
		want    string   // match of the chosen one
		tied    []string // or those that tie
	}{
		"all":             {[]string{""}, "", nil},
		"target":          {[]string{"", "target: local"}, "target: local", nil},
		"order is free":   {[]string{"target: local, tier: small", "target: local"}, "target: local, tier: small", nil},
		"team":            {[]string{"target: local", "target: local, team: team"}, "target: local, team: team", nil},
		"other team":      {[]string{"target: local", "target: local, team: other"}, "target: local", nil},
		"environment":     {[]string{"target: local", "target: local, environment: here"}, "target: local, environment: here", nil},
		"all four":        {[]string{"target: local, environment: here, tier: small", "target: local, environment: here, tier: small, team: team"}, "target: local, environment: here, tier: small, team: team", nil},
		"tie":             {[]string{"target: local", "tier: small"}, "", []string{"target=local", "tier=small"}},
		"tie is not best": {[]string{"target: local", "tier: small", "target: local, tier: small"}, "target: local, tier: small", nil},
		"tie of three":    {[]string{"target: local", "tier: small", "team: team"}, "", []string{"target=local", "tier=small", "team=team"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := thing(t, implementations(tt.matches...)...).Resolve(ask(nil))
			if tt.tied == nil {
				if err != nil {
					t.Fatal(err)
				}
				if got := r.Module.Variables["which"]; got != tt.want {
					t.Errorf("chose %q, want %q", got, tt.want)
				}
				return
			}
			match, ok := errors.AsType[*capability.MatchError](err)
			if !ok || len(match.Tied) != len(tt.tied) {
				t.Fatalf("Resolve = %v, want a tie of %q", err, tt.tied)
			}
			for i, want := range tt.tied {
				if !strings.HasSuffix(match.Tied[i], "("+want+")") || !strings.Contains(err.Error(), match.Tied[i]) {
					t.Errorf("Tied[%d] = %q, want one of %q, named in %q", i, match.Tied[i], want, err)
				}
			}
		})
	}
}

func TestImmutableChange(t *testing.T) {
	tests := map[string]struct {
		old, now map[string]any
		want     []string
	}{
		"same":                          {map[string]any{"text": "hello", "color": "red"}, nil, nil},
		"other":                         {map[string]any{"text": "bye", "color": "red"}, nil, []string{"text"}},
		"two":                           {map[string]any{"text": "bye", "color": "red"}, map[string]any{"color": "green"}, []string{"color", "text"}},
		"left open before, now set":     {map[string]any{"text": "hello"}, map[string]any{"color": "green"}, []string{"color"}},
		"left open before, same now":    {map[string]any{"text": "hello"}, map[string]any{"color": "red"}, nil},
		"mutable":                       {map[string]any{"text": "hello", "size": int64(3)}, map[string]any{"size": int64(4)}, nil},
		"input that is no longer known": {map[string]any{"text": "hello", "gone": 1}, nil, nil},
	}
	d := thing(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := d.Resolve(ask(tt.now))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.ImmutableChange(tt.old)); diff != "" {
				t.Errorf("ImmutableChange (-want +got):\n%s", diff)
			}
		})
	}
}

func raw(pairs ...string) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = json.RawMessage(pairs[i+1])
	}
	return m
}

func TestOutputsAndEnv(t *testing.T) {
	r, err := thing(t).Resolve(ask(nil))
	if err != nil {
		t.Fatal(err)
	}
	values, refs, err := r.Outputs(raw("host", `"h"`, "port", "5432", "key_ref", `"here/x/key"`, "more", "1"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"host": "h", "port": int64(5432)}, values); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"key": "here/x/key"}, refs); diff != "" {
		t.Errorf("references (-want +got):\n%s", diff)
	}
	env, err := r.Env(values, map[string]string{"key": "p@ss/:+ ü"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"HOST": "h", "URL": "x://p%40ss%2F%3A%2B%20%C3%BC@h:5432"}
	if diff := cmp.Diff(want, env); diff != "" {
		t.Errorf("Env (-want +got):\n%s", diff)
	}
}

func TestOutputsRefuses(t *testing.T) {
	r, err := thing(t).Resolve(ask(nil))
	if err != nil {
		t.Fatal(err)
	}
	for name, outputs := range map[string]map[string]json.RawMessage{
		"missing":          raw("host", `"h"`, "key_ref", `"here/x/key"`),
		"secret no string": raw("host", `"h"`, "port", "1", "key_ref", "1"),
		"secret empty":     raw("host", `"h"`, "port", "1", "key_ref", `""`),
		"no JSON":          raw("host", `"h`, "port", "1", "key_ref", `"r"`),
		"injected":         raw("host", `"h"}, "x": {`, "port", "1", "key_ref", `"r"`),
	} {
		if values, refs, err := r.Outputs(outputs); err == nil {
			t.Errorf("%s: Outputs = %v, %v, want an error", name, values, refs)
		} else if _, ok := errors.AsType[*capability.OutputError](err); !ok {
			t.Errorf("%s: error = %v, want *OutputError", name, err)
		}
	}
}

// A failing expression must not tell the secret it failed on.
func TestEnvHidesSecrets(t *testing.T) {
	r, err := thing(t, `HOST: "${outputs.host}"`, `HOST: '${string({"a": 1}[secrets.key])}'`).Resolve(ask(nil))
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Env(map[string]any{"host": "h", "port": 1}, map[string]string{"key": "hunter2"})
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "[redacted]") {
		t.Errorf("Env = %v, want an error with the secret redacted", err)
	}
}
