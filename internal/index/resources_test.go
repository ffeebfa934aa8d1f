package index_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/index"
	"github.com/platformctl/platformctl/internal/store"
)

// putResources records n resources with the given tier.
func putResources(t *testing.T, s *store.Store, from, to int, tier string) {
	t.Helper()
	for i := from; i < to; i++ {
		r := store.Resource{Environment: "local", Name: fmt.Sprintf("db-%03d", i), Main: []byte("{}"), Variables: []byte("{}")}
		r.Record.Metadata.Name = r.Name
		r.Record.Spec = store.ResourceSpec{
			Capability: "database/postgresql@1.0.0", Digest: "sha256:00", Tier: tier, Environment: "local", Team: "shop",
			Request: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Machine: "here", Needs: []string{"postgresql"},
		}
		if _, err := s.Commit(t.Context(), store.Change{Message: "put", Resource: &r}); err != nil {
			t.Fatal(err)
		}
	}
}

// What is kept gives the same as reading, after every kind of change and damage.
func TestResourcesKept(t *testing.T) {
	s, _ := catalog(t)
	cache := filepath.Join(t.TempDir(), "a", "b")
	same := func(about string, want int) {
		t.Helper()
		fresh, err := index.New(s).Resources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		kept, err := index.NewCached(s, cache).Resources(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fresh, kept); diff != "" || len(fresh) != want {
			t.Errorf("%s: %d resources, (-read +kept):\n%s", about, len(fresh), diff)
		}
	}
	same("none", 0)
	putResources(t, s, 0, 40, "development")
	same("first", 40)
	file := filepath.Join(cache, "resources.gob")
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("nothing was kept: %v", err)
	}
	same("again", 40)
	putResources(t, s, 3, 5, "production")
	putResources(t, s, 40, 41, "production")
	same("changed and added", 41)
	if _, err := s.Commit(t.Context(), store.Change{Message: "drop", DropResources: []store.ResourceKey{{Environment: "local", Name: "db-007"}}}); err != nil {
		t.Fatal(err)
	}
	same("dropped", 40)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for about, damaged := range map[string][]byte{"empty": nil, "torn": data[:len(data)/2], "other": []byte("something else")} {
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		same(about, 40)
	}
}
