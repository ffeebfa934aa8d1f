package backstage

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelations(t *testing.T) {
	tests := map[string]struct {
		kind string
		spec map[string]any
		want []string
	}{
		"component": {
			KindComponent,
			map[string]any{
				"owner": "checkout", "system": "shop", "subcomponentOf": "front",
				"providesApis": []any{"orders"}, "consumesApis": []any{"API:theirs/Rates"},
				"dependsOn": []any{"resource:db", "component:other/a"}, "dependencyOf": []any{"component:c"},
			},
			[]string{
				"ownedBy group:ours/checkout", "partOf system:ours/shop", "partOf component:ours/front",
				"providesApi api:ours/orders", "consumesApi api:theirs/rates",
				"dependsOn resource:ours/db", "dependsOn component:other/a", "dependencyOf component:ours/c",
			},
		},
		"resource": {
			KindResource,
			map[string]any{"owner": "user:default/ann", "dependsOn": []string{"component:default/postgresql-managed"}},
			[]string{"ownedBy user:default/ann", "dependsOn component:default/postgresql-managed"},
		},
		"system":   {KindSystem, map[string]any{"owner": "a", "domain": "b"}, []string{"ownedBy group:ours/a", "partOf domain:ours/b"}},
		"domain":   {KindDomain, map[string]any{"owner": "a", "subdomainOf": "b"}, []string{"ownedBy group:ours/a", "partOf domain:ours/b"}},
		"api":      {KindAPI, map[string]any{"owner": "a", "dependsOn": []any{"api:b"}}, []string{"ownedBy group:ours/a"}},
		"template": {KindTemplate, map[string]any{"owner": "a"}, []string{"ownedBy group:ours/a"}},
		"group": {
			KindGroup,
			map[string]any{"parent": "a", "children": []any{"b"}, "members": []any{"c"}},
			[]string{"childOf group:ours/a", "parentOf group:ours/b", "hasMember user:ours/c"},
		},
		"user":     {KindUser, map[string]any{"memberOf": []any{"a"}}, []string{"memberOf group:ours/a"}},
		"location": {KindLocation, map[string]any{"owner": "a"}, nil},
		"malformed and repeated are left out": {
			KindResource,
			map[string]any{"owner": "group:/x", "dependsOn": []any{"nokind", "resource:a", "Resource:ours/A", int64(1)}},
			[]string{"dependsOn resource:ours/a"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := Entity{Kind: tt.kind, Metadata: Metadata{Name: "it", Namespace: "ours"}, Spec: tt.spec}
			var got []string
			for _, r := range e.Relations() {
				got = append(got, r.Type+" "+r.Target.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Relations() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReverse(t *testing.T) {
	for _, kind := range []string{KindComponent, KindResource, KindAPI, KindSystem, KindDomain, KindGroup, KindUser, KindTemplate} {
		for _, f := range relationFields(kind) {
			back := Reverse(f.relation)
			if back == "" || back == f.relation || Reverse(back) != f.relation {
				t.Errorf("Reverse(%q) = %q, Reverse of that = %q", f.relation, back, Reverse(back))
			}
		}
	}
	if got := Reverse("nothing"); got != "" {
		t.Errorf("Reverse(nothing) = %q", got)
	}
}

func TestOwner(t *testing.T) {
	tests := map[string]struct {
		owner any
		want  string
	}{
		"name":      {"checkout", "group:ours/checkout"},
		"user":      {"user:default/ann", "user:default/ann"},
		"none":      {nil, ""},
		"malformed": {"group:", ""},
		"number":    {int64(1), ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := Entity{Metadata: Metadata{Namespace: "ours"}, Spec: map[string]any{"owner": tt.owner}}
			ref, ok := e.Owner()
			got := ""
			if ok {
				got = ref.String()
			}
			if got != tt.want {
				t.Errorf("Owner() = %q, want %q", got, tt.want)
			}
		})
	}
}
