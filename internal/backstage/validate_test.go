package backstage

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const sixtyThree = "a23456789-123456789-123456789-123456789-123456789-123456789-123"

// minimal returns an entity of the kind that has just what is required.
func minimal(kind string) Entity {
	e := Entity{APIVersion: APIVersion, Kind: kind, Metadata: Metadata{Name: "checkout"}, Spec: map[string]any{}}
	for _, f := range specFields(kind) {
		if !f.required {
			continue
		}
		switch f.shape {
		case texts:
			e.Spec[f.name] = []any{}
		case steps:
			e.Spec[f.name] = []any{map[string]any{"action": "debug:log"}}
		default:
			e.Spec[f.name] = "checkout"
		}
	}
	if kind == KindTemplate {
		e.APIVersion = APIVersionTemplate
	}
	return e
}

func TestValidateMinimal(t *testing.T) {
	for _, kind := range []string{
		KindAPI, KindComponent, KindDomain, KindGroup, KindLocation,
		KindResource, KindSystem, KindTemplate, KindUser,
	} {
		e := minimal(kind)
		if err := e.Validate(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for field := range e.Spec {
			value := e.Spec[field]
			delete(e.Spec, field)
			if got := fieldsOf(e.Validate()); !cmp.Equal(got, []string{"spec." + field}) {
				t.Errorf("%s without %s: problems with %q", kind, field, got)
			}
			e.Spec[field] = value
		}
		e.Spec = nil
		if got := fieldsOf(e.Validate()); !cmp.Equal(got, []string{"spec"}) {
			t.Errorf("%s without spec: problems with %q", kind, got)
		}
	}
}

func TestValidateEnvelope(t *testing.T) {
	tests := map[string]struct {
		kind   string
		change func(*Entity)
		want   []string // the fields with problems
	}{
		"v1beta1":                 {KindComponent, func(e *Entity) { e.APIVersion = APIVersionBeta }, nil},
		"apiVersion v1":           {KindComponent, func(e *Entity) { e.APIVersion = "backstage.io/v1" }, []string{"apiVersion"}},
		"apiVersion empty":        {KindComponent, func(e *Entity) { e.APIVersion = "" }, []string{"apiVersion"}},
		"template as v1alpha1":    {KindTemplate, func(e *Entity) { e.APIVersion = APIVersion }, []string{"apiVersion"}},
		"kind in lower case":      {KindComponent, func(e *Entity) { e.Kind = "component" }, []string{"kind"}},
		"kind of another tool":    {KindComponent, func(e *Entity) { e.Kind = "Capability" }, []string{"kind"}},
		"kind empty":              {KindComponent, func(e *Entity) { e.Kind = "" }, []string{"kind"}},
		"name with every mark":    {KindComponent, func(e *Entity) { e.Metadata.Name = "A_b.c-d--e" }, nil},
		"name of one letter":      {KindComponent, func(e *Entity) { e.Metadata.Name = "a" }, nil},
		"name of 63":              {KindComponent, func(e *Entity) { e.Metadata.Name = sixtyThree }, nil},
		"name of 64":              {KindComponent, func(e *Entity) { e.Metadata.Name = sixtyThree + "4" }, []string{"metadata.name"}},
		"name empty":              {KindComponent, func(e *Entity) { e.Metadata.Name = "" }, []string{"metadata.name"}},
		"name ends with -":        {KindComponent, func(e *Entity) { e.Metadata.Name = "a-" }, []string{"metadata.name"}},
		"name with newline":       {KindComponent, func(e *Entity) { e.Metadata.Name = "a\n" }, []string{"metadata.name"}},
		"name with path":          {KindComponent, func(e *Entity) { e.Metadata.Name = "../a" }, []string{"metadata.name"}},
		"name with letter é":      {KindComponent, func(e *Entity) { e.Metadata.Name = "é" }, []string{"metadata.name"}},
		"namespace":               {KindComponent, func(e *Entity) { e.Metadata.Namespace = "a--b" }, nil},
		"namespace in upper case": {KindComponent, func(e *Entity) { e.Metadata.Namespace = "Team" }, []string{"metadata.namespace"}},
		"namespace ends with -":   {KindComponent, func(e *Entity) { e.Metadata.Namespace = "a-" }, []string{"metadata.namespace"}},
		"namespace of 64":         {KindComponent, func(e *Entity) { e.Metadata.Namespace = sixtyThree + "4" }, []string{"metadata.namespace"}},
		"tags":                    {KindComponent, func(e *Entity) { e.Metadata.Tags = []string{"c++", "a:b", "a-b", "c#"} }, nil},
		"tags refused": {
			KindComponent,
			func(e *Entity) {
				e.Metadata.Tags = []string{"go", "Go", "a_b", "a.b", "a--b", "-a", "", sixtyThree + "4"}
			},
			[]string{"metadata.tags[1]", "metadata.tags[2]", "metadata.tags[3]", "metadata.tags[4]", "metadata.tags[5]", "metadata.tags[6]", "metadata.tags[7]"},
		},
		"links": {KindComponent, func(e *Entity) {
			e.Metadata.Links = []Link{{URL: "https://example.org"}, {URL: "mailto:a@example.org"}}
		}, nil},
		"link with blank title": {KindComponent, func(e *Entity) {
			e.Metadata.Links = []Link{{URL: "https://example.org", Title: " "}}
		}, []string{"metadata.links[0].title"}},
		"links refused": {
			KindComponent,
			func(e *Entity) {
				e.Metadata.Links = []Link{{URL: ""}, {URL: "example.org"}, {URL: "https://"}, {URL: "/a"}, {URL: "http://a b"}}
			},
			[]string{"metadata.links[0].url", "metadata.links[1].url", "metadata.links[2].url", "metadata.links[3].url", "metadata.links[4].url"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := minimal(tt.kind)
			tt.change(&e)
			if diff := cmp.Diff(tt.want, fieldsOf(e.Validate())); diff != "" {
				t.Errorf("fields with problems (-want +got):\n%s%v", diff, e.Validate())
			}
		})
	}
}

func TestValidateLabels(t *testing.T) {
	tests := map[string]struct {
		key, value string
		label      bool // whether it may be a label
		annotation bool // whether it may be an annotation
	}{
		"plain":                    {"tier", "production", true, true},
		"prefix":                   {"platformctl.io/tier", "a_b.c-d", true, true},
		"empty value":              {"tier", "", true, true},
		"value of 63":              {"tier", sixtyThree, true, true},
		"value of 64":              {"tier", sixtyThree + "4", false, true},
		"value with space":         {"tier", "a b", false, true},
		"value of several lines":   {"tier", "a\nb", false, true},
		"key in upper case":        {"Tier", "a", true, true},
		"prefix in upper case":     {"Example.org/tier", "a", false, false},
		"prefix with empty part":   {"example..org/tier", "a", false, false},
		"prefix of 254":            {strings.Repeat("a.", 126) + "ab/tier", "a", false, false},
		"prefix of 253":            {strings.Repeat("a.", 126) + "a/tier", "a", true, true},
		"prefix empty":             {"/tier", "a", false, false},
		"name empty":               {"example.org/", "a", false, false},
		"name of 64":               {"example.org/" + sixtyThree + "4", "a", false, false},
		"two slashes":              {"example.org/a/b", "a", false, false},
		"key empty":                {"", "a", false, false},
		"key that ends with a dot": {"tier.", "a", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := minimal(KindComponent)
			e.Metadata.Labels = map[string]string{tt.key: tt.value}
			if err := e.Validate(); (err == nil) != tt.label {
				t.Errorf("label %q: %q: %v", tt.key, tt.value, err)
			}
			e.Metadata.Labels, e.Metadata.Annotations = nil, e.Metadata.Labels
			if err := e.Validate(); (err == nil) != tt.annotation {
				t.Errorf("annotation %q: %q: %v", tt.key, tt.value, err)
			}
		})
	}
}

func TestValidateSpec(t *testing.T) {
	tests := map[string]struct {
		kind  string
		field string
		value any
		want  []string
	}{
		"empty string":             {KindComponent, "type", "", []string{"spec.type"}},
		"number for a string":      {KindComponent, "lifecycle", int64(1), []string{"spec.lifecycle"}},
		"owner as object":          {KindComponent, "owner", map[string]any{"name": "a"}, []string{"spec.owner"}},
		"owner malformed":          {KindComponent, "owner", "group:/x", []string{"spec.owner"}},
		"owner of a namespace":     {KindComponent, "owner", "user:theirs/x", nil},
		"dependsOn":                {KindComponent, "dependsOn", []any{"resource:a", "component:b/c"}, nil},
		"dependsOn as []string":    {KindComponent, "dependsOn", []string{"resource:a"}, nil},
		"dependsOn without kind":   {KindComponent, "dependsOn", []any{"resource:a", "foo"}, []string{"spec.dependsOn[1]"}},
		"dependencyOf, no kind":    {KindResource, "dependencyOf", []any{"ours/foo"}, []string{"spec.dependencyOf[0]"}},
		"dependsOn empty string":   {KindResource, "dependsOn", []any{""}, []string{"spec.dependsOn[0]"}},
		"dependsOn as string":      {KindResource, "dependsOn", "resource:a", []string{"spec.dependsOn"}},
		"providesApis, no kind":    {KindComponent, "providesApis", []any{"orders"}, nil},
		"system malformed":         {KindAPI, "system", ":a", []string{"spec.system"}},
		"definition placeholder":   {KindAPI, "definition", map[string]any{"$text": "./openapi.yaml"}, nil},
		"definition object":        {KindAPI, "definition", map[string]any{"openapi": "3.1.0"}, []string{"spec.definition"}},
		"unknown field":            {KindAPI, "x", []any{int64(1)}, nil},
		"children with a number":   {KindGroup, "children", []any{int64(1)}, []string{"spec.children[0]"}},
		"profile as string":        {KindGroup, "profile", "x", []string{"spec.profile"}},
		"profile email number":     {KindGroup, "profile", map[string]any{"email": int64(1)}, []string{"spec.profile.email"}},
		"profile":                  {KindUser, "profile", map[string]any{"displayName": "A", "x": true}, nil},
		"presence":                 {KindLocation, "presence", "optional", nil},
		"presence of another kind": {KindLocation, "presence", "maybe", []string{"spec.presence"}},
		"step without action":      {KindTemplate, "steps", []any{map[string]any{"id": "a"}}, []string{"spec.steps[0].action"}},
		"step as string":           {KindTemplate, "steps", []any{"a"}, []string{"spec.steps[0]"}},
		"steps as map":             {KindTemplate, "steps", map[string]any{}, []string{"spec.steps"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := minimal(tt.kind)
			e.Spec[tt.field] = tt.value
			if diff := cmp.Diff(tt.want, fieldsOf(e.Validate())); diff != "" {
				t.Errorf("fields with problems (-want +got):\n%s%v", diff, e.Validate())
			}
		})
	}
}

// A catalog takes these and then never shows the entity.
func TestValidateCaseTwins(t *testing.T) {
	tests := map[string]struct {
		change func(*Entity)
		want   []string
	}{
		"labels":          {func(e *Entity) { e.Metadata.Labels = map[string]string{"Tier": "a", "tier": "b"} }, []string{"metadata.labels.tier"}},
		"annotations":     {func(e *Entity) { e.Metadata.Annotations = map[string]string{"A": "a", "a": "b"} }, []string{"metadata.annotations.a"}},
		"label and other": {func(e *Entity) { e.Metadata.Extra = map[string]any{"Labels": map[string]any{"x": "y"}} }, nil},
		"deep in spec": {
			func(e *Entity) { e.Spec["x"] = map[string]any{"y": []any{map[string]any{"K": "1", "k": "2"}}} },
			[]string{"spec.x.y.k"},
		},
		"between items of a list": {
			func(e *Entity) { e.Spec["x"] = []any{map[string]any{"K": "1"}, map[string]any{"k": "2"}} },
			[]string{"spec.x.k"},
		},
		"same key in two items": {
			func(e *Entity) { e.Spec["x"] = []any{map[string]any{"k": "1"}, map[string]any{"k": "2"}} },
			nil,
		},
		"strings of a list": {func(e *Entity) { e.Spec["dependsOn"] = []any{"resource:A", "resource:a"} }, nil},
		"dotted":            {func(e *Entity) { e.Spec["x"] = map[string]any{"a.B": "1", "a": map[string]any{"b": "2"}} }, []string{"spec.x.a.B"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := minimal(KindComponent)
			tt.change(&e)
			if diff := cmp.Diff(tt.want, fieldsOf(e.Validate())); diff != "" {
				t.Errorf("fields with problems (-want +got):\n%s%v", diff, e.Validate())
			}
		})
	}
}

func TestValidationErrorText(t *testing.T) {
	e := minimal(KindResource)
	e.Metadata.Name = "a b"
	delete(e.Spec, "owner")
	got := e.Validate().Error()
	want := `entity "resource:default/a b": field "metadata.name": ` + nameRule + `, not "a b"; field "spec.owner": is required`
	if got != want {
		t.Errorf("Error() = %s\nwant      %s", got, want)
	}
}

func fieldsOf(err error) []string {
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*ValidationError](err)
	if !ok {
		return []string{fmt.Sprintf("unexpected %T", err)}
	}
	var fields []string
	for _, p := range invalid.Problems {
		fields = append(fields, p.Field)
	}
	return fields
}
