package index_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/index"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
)

func entity(kind, namespace, name string, spec map[string]any, tags ...string) backstage.Entity {
	return backstage.Entity{
		APIVersion: backstage.APIVersion, Kind: kind,
		Metadata: backstage.Metadata{Name: name, Namespace: namespace, Tags: tags}, Spec: spec,
	}
}

// catalog is a platform with two teams, a system, a service and its database.
func catalog(t *testing.T) (*store.Store, string) {
	t.Helper()
	config, err := platform.DefaultConfig("test").Marshal()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "platform")
	s, err := store.Create(t.Context(), store.Options{
		Location: platform.Location{Dir: dir}, Now: func() time.Time { return time.Unix(1_700_000_000, 0) },
	}, store.Change{
		Message: "platform: create test", Files: map[string][]byte{platform.ConfigFile: config},
		Put: []backstage.Entity{
			entity("Group", "", "platform", map[string]any{"type": "team", "children": []any{"checkout"}}),
			entity("Group", "", "checkout", map[string]any{"type": "team", "children": []any{}}),
			entity("System", "", "shop", map[string]any{"owner": "platform"}),
			entity("Component", "", "cart", map[string]any{
				"type": "service", "lifecycle": "production", "owner": "checkout", "system": "shop",
				"dependsOn": []any{"resource:cart-db", "resource:gone"},
			}, "go"),
			entity("Resource", "", "cart-db", map[string]any{
				"type": "database", "owner": "group:default/checkout", "dependencyOf": []any{"component:cart"},
			}),
			entity("Resource", "other", "cart-db", map[string]any{"type": "database", "owner": "checkout"}),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func TestList(t *testing.T) {
	s, _ := catalog(t)
	tests := map[string]struct {
		filter index.Filter
		want   []string
	}{
		"all": {index.Filter{}, []string{
			"component:default/cart", "group:default/checkout", "group:default/platform",
			"resource:default/cart-db", "resource:other/cart-db", "system:default/shop",
		}},
		"kind":               {index.Filter{Kind: "group"}, []string{"group:default/checkout", "group:default/platform"}},
		"type":               {index.Filter{Type: "Database"}, []string{"resource:default/cart-db", "resource:other/cart-db"}},
		"owner by name":      {index.Filter{Owner: "checkout"}, []string{"component:default/cart", "resource:default/cart-db"}},
		"owner by reference": {index.Filter{Owner: "group:other/checkout"}, []string{"resource:other/cart-db"}},
		"owner, malformed":   {index.Filter{Owner: ":x"}, nil},
		"system":             {index.Filter{System: "shop"}, []string{"component:default/cart"}},
		"lifecycle":          {index.Filter{Lifecycle: "production"}, []string{"component:default/cart"}},
		"tag":                {index.Filter{Tag: "go"}, []string{"component:default/cart"}},
		"both":               {index.Filter{Kind: "resource", Owner: "checkout"}, []string{"resource:default/cart-db"}},
		"none":               {index.Filter{Kind: "api"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			entities, err := index.New(s).List(t.Context(), test.filter)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entities {
				got = append(got, e.Ref().String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("List(%+v) (-want +got):\n%s", test.filter, diff)
			}
		})
	}
}

func TestShow(t *testing.T) {
	s, _ := catalog(t)
	tests := map[string][]string{
		"component:default/cart": {
			"dependsOn resource:default/cart-db", "dependsOn resource:default/gone missing",
			"ownedBy group:default/checkout", "partOf system:default/shop",
		},
		"resource:default/cart-db": {"dependencyOf component:default/cart", "ownedBy group:default/checkout"},
		"Group:Default/Checkout": {
			"childOf group:default/platform", "ownerOf component:default/cart", "ownerOf resource:default/cart-db",
		},
		"system:default/shop":    {"hasPart component:default/cart", "ownedBy group:default/platform"},
		"resource:other/cart-db": {"ownedBy group:other/checkout missing"},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			ref, err := backstage.ParseRef(name, backstage.Ref{})
			if err != nil {
				t.Fatal(err)
			}
			detail, err := index.New(s).Show(t.Context(), ref)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range detail.Relations {
				line := r.Type + " " + r.Target.String()
				if r.Missing {
					line += " missing"
				}
				got = append(got, line)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("relations (-want +got):\n%s", diff)
			}
		})
	}
	ref := backstage.Ref{Kind: "resource", Namespace: "default", Name: "gone"}
	_, err := index.New(s).Show(t.Context(), ref)
	if missing, ok := errors.AsType[*index.NotFoundError](err); !ok || missing.Ref != ref {
		t.Errorf("Show(%s) = %v, want a NotFoundError", ref, err)
	}
}

func TestBrokenFileHidesNoOther(t *testing.T) {
	s, dir := catalog(t)
	if err := os.WriteFile(filepath.Join(dir, "catalog", "broken.yaml"), []byte("a: ["), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"add", "."}, {"-c", "user.name=a", "-c", "user.email=b", "commit", "-q", "-m", "x"}} {
		cmd := exec.CommandContext(t.Context(), "git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	entities, err := index.New(s).List(t.Context(), index.Filter{})
	if err != nil || len(entities) != 6 {
		t.Errorf("List() = %d entities, %v, want 6", len(entities), err)
	}
}

// empty is a source without a platform.
type empty struct{}

func (empty) Snapshot(context.Context) (*store.Snapshot, error) {
	return store.Empty(platform.DefaultConfig("none")), nil
}

func TestNoPlatform(t *testing.T) {
	entities, err := index.New(empty{}).List(t.Context(), index.Filter{})
	if err != nil || len(entities) != 0 {
		t.Errorf("List() = %v, %v", entities, err)
	}
}
