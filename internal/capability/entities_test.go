package capability_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/capability"
)

func TestEntities(t *testing.T) {
	d := load(t, os.DirFS(builtinDir), "database")
	entities, err := d.Entities()
	if err != nil {
		t.Fatal(err)
	}
	if len(entities) != 2 {
		t.Fatalf("Entities = %v, want two", entities)
	}
	annotations := map[string]string{"platform.maturity": "scalable", "platformctl.io/capability": "database/postgresql@1.0.0"}
	want := backstage.Entity{
		APIVersion: "backstage.io/v1alpha1", Kind: "Component",
		Metadata: backstage.Metadata{
			Name: "postgresql-managed", Namespace: "default", Title: "Managed database: postgresql",
			Description: d.Metadata.Description, Annotations: annotations, Tags: []string{"database", "postgresql"},
		},
		Spec: map[string]any{
			"type": "service", "lifecycle": "production", "owner": "group:default/platform",
			"providesApis": []any{"postgresql-api"},
		},
	}
	if diff := cmp.Diff(want, entities[0]); diff != "" {
		t.Errorf("Component (-want +got):\n%s", diff)
	}
	api := entities[1]
	if api.Ref() != d.APIRef("postgresql") || api.SpecString("type") != "json-schema" {
		t.Errorf("API = %+v", api)
	}
	schema := compileSchema(t, api.SpecString("definition"))
	outputs := map[string]any{"host": "h", "port": 1, "database": "d", "username": "u", "sslmode": "disable", "password": "ref"}
	if err := schema.Validate(map[string]any{"inputs": map[string]any{"connectionLimit": 5}, "outputs": outputs}); err != nil {
		t.Errorf("the API's schema refuses what is good: %v", err)
	}
	if schema.Validate(map[string]any{"inputs": map[string]any{"connectionLimit": 501}, "outputs": outputs}) == nil {
		t.Error("the API's schema takes an input out of range")
	}
	if schema.Validate(map[string]any{"outputs": map[string]any{}}) == nil {
		t.Error("the API's schema takes missing outputs")
	}
	for _, e := range entities {
		if err := e.Validate(); err != nil {
			t.Errorf("%s: %v", e.Ref(), err)
		}
	}
	if d.ComponentRef("postgresql") != entities[0].Ref() {
		t.Errorf("ComponentRef = %v, want %v", d.ComponentRef("postgresql"), entities[0].Ref())
	}
}

func compileSchema(t *testing.T, text string) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("mem:///contract", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("mem:///contract")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestEntitiesInvalid(t *testing.T) {
	d := thing(t, "  owner: group:default/platform\n", "  owner: platform\n")
	d.Metadata.Tags = []string{"Not A Tag"} // Load refuses it
	if entities, err := d.Entities(); err == nil {
		t.Errorf("Entities = %v, want an error about the tag", entities)
	}
}

func TestDefinitionFacts(t *testing.T) {
	d := thing(t, "lifecycle: production", "lifecycle: deprecated\n  replacedBy: other\n  sunset: 2027-01-31\n  cost: {currency: USD, monthly: {small: 15}}")
	if got, want := d.Deprecation(), "thing is deprecated and ends on 2027-01-31; use other instead"; got != want {
		t.Errorf("Deprecation() = %q, want %q", got, want)
	}
	if got := thing(t).Deprecation(); got != "" {
		t.Errorf("Deprecation() of one that is not = %q", got)
	}
	if amount, currency, ok := d.MonthlyCost("small"); amount != 15 || currency != "USD" || !ok {
		t.Errorf("MonthlyCost = %v %v %v", amount, currency, ok)
	}
	if _, _, ok := d.MonthlyCost("large"); ok {
		t.Error("MonthlyCost of a tier without a price is known")
	}
	if d.Title() != "thing" || d.Name() != "thing" || d.ID("plain") != "thing/plain@1.2.3" {
		t.Errorf("Title, Name, ID = %q, %q, %q", d.Title(), d.Name(), d.ID("plain"))
	}
	if capability.NameOf("thing/plain@1.2.3") != "thing" || capability.TypeOf("thing/plain@1.2.3") != "plain" {
		t.Error("NameOf and TypeOf do not take an ID apart")
	}
	for text, want := range map[time.Duration]string{720 * time.Hour: "720h", 2 * time.Second: "2s", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m"} {
		if got := capability.Duration(text).String(); got != want {
			t.Errorf("Duration(%v) = %q, want %q", text, got, want)
		}
	}
}

func TestInputs(t *testing.T) {
	one, ten, zero := 1.0, 10.0, 0.0
	want := []capability.Input{
		{Name: "text", Type: "string", Required: true, Immutable: true},
		{Name: "color", Type: "string", Enum: []any{"red", "green"}, Default: "red", Immutable: true},
		{Name: "labels", Type: "object"},
		{Name: "open", Type: "boolean", Default: false},
		{Name: "ratio", Type: "number", Minimum: &zero, Maximum: &one},
		{Name: "size", Type: "integer", Default: int64(2), Minimum: &one, Maximum: &ten},
		{Name: "tags", Type: "array", ItemEnum: []any{"a", "b", "c"}},
	}
	if diff := cmp.Diff(want, thing(t).Inputs("plain")); diff != "" {
		t.Errorf("Inputs (-want +got):\n%s", diff)
	}
}
