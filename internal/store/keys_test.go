package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
)

// Names are listed without reading: what is broken is listed too.
func TestKeys(t *testing.T) {
	s, o := create(t, false)
	commit(t, s, request(1))
	commit(t, s, request(2))
	write(t, o.Location.Dir+"/"+platform.ResourceDir("local", "db-1")+"/resource.yaml", "{")
	git(t, o.Location.Dir, "commit", "-qam", "break")
	snap := snapshot(t, s)
	keys, err := snap.ResourceKeys()
	if err != nil {
		t.Fatal(err)
	}
	want := []store.ResourceKey{{Environment: "local", Name: "db-1"}, {Environment: "local", Name: "db-2"}}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("ResourceKeys() (-want +got):\n%s", diff)
	}
	refs, err := snap.EntityRefs("Group")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]backstage.Ref{{Kind: "group", Namespace: "default", Name: "platform"}}, refs); diff != "" {
		t.Errorf("EntityRefs() (-want +got):\n%s", diff)
	}
	kinds, err := snap.EntityKinds()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"group", "resource"}, kinds); diff != "" {
		t.Errorf("EntityKinds() (-want +got):\n%s", diff)
	}
	none := store.Empty(platform.DefaultConfig("none"))
	if keys, err := none.ResourceKeys(); err != nil || len(keys) > 0 {
		t.Errorf("ResourceKeys() of nothing = %v, %v", keys, err)
	}
	if refs, err := none.EntityRefs("group"); err != nil || len(refs) > 0 {
		t.Errorf("EntityRefs() of nothing = %v, %v", refs, err)
	}
}
