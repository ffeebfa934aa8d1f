package capability_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/capability"
)

// drafted loads what a draft gives, beside an empty module.
func drafted(t testing.TB, d capability.Draft) *capability.Definition {
	t.Helper()
	files, err := d.Files()
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{"cache/modules/m/main.tf": {Data: []byte("# nothing")}}
	for name, data := range files {
		fsys["cache/"+name] = &fstest.MapFile{Data: data}
	}
	def, err := capability.Load(fsys, "cache")
	if err != nil {
		t.Fatalf("%v\n%s", err, files[capability.FileName])
	}
	return def
}

func draftOf(variables ...capability.ModuleVariable) capability.Draft {
	return capability.Draft{
		Name: "cache", Type: "redis", Owner: "group:default/platform", Source: "./modules/m",
		Module: capability.Interface{Variables: variables},
	}
}

type object = map[string]any

func TestDraftWiring(t *testing.T) {
	text := object{"type": "string"}
	tests := map[string]struct {
		v    capability.ModuleVariable
		want any
	}{
		"name":              {capability.ModuleVariable{Name: "name", Schema: text}, "${request.name}"},
		"identifier":        {capability.ModuleVariable{Name: "identifier", Schema: text, Required: true}, "${request.name}"},
		"of the capability": {capability.ModuleVariable{Name: "cache_name", Schema: text}, "${request.name}"},
		"of the type":       {capability.ModuleVariable{Name: "redis_name", Schema: text}, "${request.name}"},
		"another name":      {capability.ModuleVariable{Name: "user_name", Schema: text}, "${inputs.user_name}"},
		"name as number":    {capability.ModuleVariable{Name: "name", Schema: object{"type": "number"}}, "${inputs.name}"},
		"name that fits":    {capability.ModuleVariable{Name: "name", Schema: object{"type": "string", "pattern": "^[a-z-]+$"}}, "${request.name}"},
		"name that cannot":  {capability.ModuleVariable{Name: "name", Schema: object{"type": "string", "pattern": "^[A-Z]+$"}}, "${inputs.name}"},
		"environment":       {capability.ModuleVariable{Name: "env", Schema: text}, "${environment.name}"},
		"listed stages":     {capability.ModuleVariable{Name: "environment", Schema: object{"type": "string", "enum": []any{"dev"}}}, "${inputs.environment}"},
		"team":              {capability.ModuleVariable{Name: "team", Schema: text}, "${request.team}"},
		"tier":              {capability.ModuleVariable{Name: "tier", Schema: text}, "${tier}"},
		"tags": {
			capability.ModuleVariable{Name: "tags", Schema: object{"type": "object", "additionalProperties": text}},
			object{"environment": "${environment.name}", "resource": "${request.name}", "team": "${request.team}"},
		},
		"tags with a default": {
			capability.ModuleVariable{Name: "tags", Schema: object{"type": "object", "additionalProperties": text, "default": object{"a": "b"}}},
			"${inputs.tags}",
		},
		"dashes":             {capability.ModuleVariable{Name: "my-size", Schema: object{"type": "number"}}, "${inputs.my_size}"},
		"underscore first":   {capability.ModuleVariable{Name: "_size", Schema: object{"type": "number"}}, "${inputs.size}"},
		"secret":             {capability.ModuleVariable{Name: "password", Schema: text, Sensitive: true}, nil},
		"ephemeral":          {capability.ModuleVariable{Name: "token", Schema: text, Ephemeral: true}, nil},
		"not to be written":  {capability.ModuleVariable{Name: "größe", Schema: text}, nil},
		"reference, foreign": {capability.ModuleVariable{Name: "password_ref", Schema: text}, "${inputs.password_ref}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			def := drafted(t, draftOf(tt.v))
			got := def.Spec.Types["redis"].Implementations[0].Module.Variables[tt.v.Name]
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("wired (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDraftRefuses(t *testing.T) {
	for name, v := range map[string]capability.ModuleVariable{
		"secret":    {Name: "password", Required: true, Sensitive: true},
		"ephemeral": {Name: "password", Required: true, Ephemeral: true},
		"name":      {Name: "größe", Required: true},
	} {
		_, err := draftOf(v).Files()
		var refused *capability.DraftError
		if !errors.As(err, &refused) || refused.Variable != v.Name {
			t.Errorf("%s: %v, want a *DraftError", name, err)
		}
	}
}

func TestDraftInputs(t *testing.T) {
	def := drafted(t, draftOf(
		capability.ModuleVariable{Name: "a-b", Required: true, Schema: object{"type": "string", "minLength": int64(10)}},
		capability.ModuleVariable{Name: "a_b", Schema: object{"type": "number", "default": int64(5), "maximum": int64(3)}},
		capability.ModuleVariable{Name: "any", Required: true, Schema: object{}, Description: "all\n\x1b[2Jof  it\u202e"},
		capability.ModuleVariable{Name: "flag", Schema: object{"default": true}},
		capability.ModuleVariable{Name: "list", Required: true, Schema: object{"type": "array", "minItems": int64(2), "items": object{"type": "boolean"}}},
		capability.ModuleVariable{Name: "pick", Required: true, Schema: object{"type": "string", "enum": []any{"yes", "1e5"}}},
		capability.ModuleVariable{Name: "size", Required: true, Schema: object{"type": "number", "exclusiveMinimum": int64(3)}},
		capability.ModuleVariable{Name: "spec", Required: true, Schema: object{
			"type": "object", "additionalProperties": false, "required": []any{"x"},
			"properties": object{"x": object{"type": "string", "maxLength": int64(2)}, "y": object{"type": "string"}},
		}},
	))
	var got []string
	for _, in := range def.Inputs("redis") {
		got = append(got, strings.Join([]string{in.Name, in.Type, in.Description}, " "))
	}
	want := []string{
		"a_b string ", "any string all [2Jof it", "list array ", "pick string ", "size number ", "spec object ", "a_b_ number ", "flag boolean ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	// What a test asks for can be asked for.
	if len(def.Spec.Tests) != 2 {
		t.Fatalf("%d tests, want one for each tier", len(def.Spec.Tests))
	}
	for _, test := range def.Spec.Tests {
		if _, err := def.Resolve(test.Ask()); err != nil {
			t.Errorf("%s: %v", test.Name, err)
		}
	}
	// The default that the schema refuses is left to the module.
	if def := def.Spec.Types["redis"].Inputs["properties"].(object)["a_b_"].(object)["default"]; def != nil {
		t.Errorf("default = %v", def)
	}
}

func TestDraftOutputs(t *testing.T) {
	d := draftOf(capability.ModuleVariable{Name: "password_ref", Required: true, Schema: object{"type": "string"}})
	d.Module.Own = true
	d.Module.Outputs = []capability.ModuleOutput{
		{Name: "cache_url"}, {Name: "password_ref"}, {Name: "port"}, {Name: "raw", Sensitive: true}, {Name: "token", Ephemeral: true},
	}
	d.Plans = map[string]capability.PlanCounts{"production": {Add: 2}}
	def := drafted(t, d)
	typ := def.Spec.Types["redis"]
	if diff := cmp.Diff(map[string]capability.Output{
		"cache_url": {From: "cache_url"}, "password": {From: "password_ref", Secret: true}, "port": {From: "port"},
	}, typ.Outputs); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{
		"CACHE_URL": "${outputs.cache_url}", "CACHE_PASSWORD": "${secrets.password}", "CACHE_PORT": "${outputs.port}",
	}, typ.Env); diff != "" {
		t.Errorf("env (-want +got):\n%s", diff)
	}
	if got := typ.Implementations[0].Module.Variables["password_ref"]; got != "${environment.name}/${request.name}/password" {
		t.Errorf("password_ref = %v", got)
	}
	if !typ.StateHoldsSecrets {
		t.Error("nothing says that the state holds a secret")
	}
	if def.Spec.Tests[0].ExpectPlan != nil || def.Spec.Tests[1].ExpectPlan.Add != 2 {
		t.Errorf("tests = %+v", def.Spec.Tests)
	}
}

// Equal drafts give equal bytes.
func TestDraftIsStable(t *testing.T) {
	d := draftOf(
		capability.ModuleVariable{Name: "b", Required: true, Schema: object{"type": "object", "additionalProperties": object{"type": "string"}}},
		capability.ModuleVariable{Name: "a", Schema: object{"type": "array", "items": object{"type": "string"}, "default": []any{"x"}}},
	)
	first, err := d.Files()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := d.Files()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatal(diff)
		}
	}
	if names := slices.Sorted(maps.Keys(first)); !slices.Equal(names, []string{"README.md", "capability.yaml"}) {
		t.Errorf("files = %v", names)
	}
}

// What a module says of itself is text in the page, not markup.
func TestDraftPage(t *testing.T) {
	d := draftOf(capability.ModuleVariable{Name: "a", Schema: object{"type": "string"}, Description: "<img src=x onerror=y> [x](javascript:y) | `z`"})
	files, err := d.Files()
	if err != nil {
		t.Fatal(err)
	}
	if want := "| `a` | string |  | &lt;img src=x onerror=y> \\[x](javascript:y) \\| \\`z\\` |\n"; !strings.Contains(string(files["README.md"]), want) {
		t.Errorf("README.md = %s\nwant %s", files["README.md"], want)
	}
}

func TestRemoteSource(t *testing.T) {
	for typed, want := range map[string]string{
		"git::https://example.com/x.git//m?ref=v1": "git::https://example.com/x.git//m?ref=v1",
		"https://example.com/x.git?ref=v1":         "git::https://example.com/x.git?ref=v1",
		"https://example.com/x.git//m?ref=v1":      "git::https://example.com/x.git//m?ref=v1",
		"github.com/org/repo?ref=v1":               "git::https://github.com/org/repo?ref=v1",
		"https://github.com/org/repo//m?ref=v1":    "git::https://github.com/org/repo//m?ref=v1",
		"git@github.com:org/repo.git?ref=v1":       "git::ssh://git@github.com/org/repo.git?ref=v1",
		"ssh://git@example.com/x?ref=v1":           "git::ssh://git@example.com/x?ref=v1",
		"https://example.com/x.zip":                "https://example.com/x.zip",
	} {
		if got, err := capability.RemoteSource(typed, ""); err != nil || got != want {
			t.Errorf("RemoteSource(%q) = %q, %v, want %q", typed, got, err, want)
		}
	}
	if got, err := capability.RemoteSource("terraform-aws-modules/rds/aws", "6.10.0"); err != nil || got != "terraform-aws-modules/rds/aws" {
		t.Errorf("registry: %q, %v", got, err)
	}
	for _, typed := range []string{
		"", "-x", "x", "a/b", "terraform-aws-modules/rds/aws", "github.com/org/repo", "https://github.com/org/repo/tree/v1/m", "ext::sh",
		"git::ext::sh", "hg::https://example.com/x", "http://example.com/x.zip", "git@github.com:org/repo.git", "https://u:p@example.com/x.git?ref=v1",
		"git::https://example.com/x?ref=v1&ref=-x", "git::https://example.com/x?ref=v1&sshkey=x", "git::https://example.com/x?ref=--upload-pack=x",
		"git::ssh://-oProxyCommand=x@example.com/x?ref=v1", "file:///etc", "s3::https://example.com/x", "git::https://example.com/../x?ref=v1", "x\ny",
		"git::https://example.com/x?ref=HEAD", "git::https://example.com/x?ref=%zz",
	} {
		var refused *capability.SourceError
		if got, err := capability.RemoteSource(typed, ""); !errors.As(err, &refused) {
			t.Errorf("RemoteSource(%q) = %q, %v, want a *SourceError", typed, got, err)
		}
	}
	if _, err := capability.RemoteSource("git::https://example.com/x?ref=v1", "1.0.0"); err == nil {
		t.Error("a version is taken for a git repository")
	}
}
