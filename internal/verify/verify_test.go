package verify_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/verify"
)

const id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// whole is the change that one request makes: everything agrees.
func whole() store.Change {
	resource := store.Resource{Environment: "local", Name: "shop-note", Main: []byte("{}"), Variables: []byte("{}")}
	resource.Record.Spec = store.ResourceSpec{
		Capability: "note/text@1.0.0", Digest: "sha256:0", Tier: "development", Environment: "local",
		Team: "shop", Request: id, Created: noon, Updated: noon,
	}
	return store.Change{
		Message: "request", Time: noon,
		Put: []backstage.Entity{
			request.TeamEntity("shop", ""),
			{
				APIVersion: backstage.APIVersion, Kind: "Resource",
				Metadata: backstage.Metadata{Name: "shop-note", Namespace: "default", Annotations: map[string]string{
					request.AnnotationRequest: id, request.AnnotationCapability: "note/text@1.0.0",
					request.AnnotationTier: "development", request.AnnotationEnvironment: "local",
				}},
				Spec: map[string]any{"type": "note", "owner": "group:default/shop"},
			},
		},
		Resource: &resource,
		Request: &store.Request{
			ID: id, Capability: "note/text@1.0.0", Name: "shop-note", Team: "shop", Tier: "development",
			Environment: "local", Mode: "auto", Actor: "user-1", Created: noon, Finished: noon, Outcome: "applied",
		},
		Events: []ledger.Event{{
			ID: "01ARZ3NDEKTSV4RRFFQ69G5FAW", Time: noon, Actor: "user-1", Type: request.EventApplied,
			Subject: "resource:default/shop-note", Request: id,
		}},
	}
}

func snapshotOf(t *testing.T, change store.Change) *store.Snapshot {
	t.Helper()
	home := t.TempDir()
	config, err := platform.DefaultConfig("platform").Marshal()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Create(t.Context(), store.Options{
		Location: platform.Location{Dir: filepath.Join(home, "platform")},
		Paths:    platform.Paths{Data: filepath.Join(home, "data")},
		Now:      func() time.Time { return noon }, Writer: "0123456789ab",
	}, store.Change{Message: "create", Files: map[string][]byte{"platform.yaml": config}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	snapshot, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snapshot
}

func agrees(context.Context, store.Resource) ([]string, error) { return nil, nil }

func TestRunFindsWhatDoesNotAgree(t *testing.T) {
	tests := map[string]struct {
		spoil   func(*store.Change)
		machine verify.Machine
		want    string // in the one problem; "" for none
		warning string
	}{
		"whole":          {},
		"no entity":      {spoil: func(c *store.Change) { c.Put = c.Put[:1] }, want: "shop-note: has no entity"},
		"no resource":    {spoil: func(c *store.Change) { c.Resource = nil }, want: "has no resource"},
		"other tier":     {spoil: func(c *store.Change) { c.Put[1].Metadata.Annotations[request.AnnotationTier] = "production" }, want: "annotation platformctl.io/tier"},
		"no request":     {spoil: func(c *store.Change) { c.Request = nil }, want: "is not in the record"},
		"another's":      {spoil: func(c *store.Change) { c.Request.Name = "other-note" }, want: `is about "other-note"`},
		"no ledger line": {spoil: func(c *store.Change) { c.Events = nil }, want: "has 0 lines in the ledger"},
		"two lines": {spoil: func(c *store.Change) {
			c.Events = append(c.Events, c.Events[0])
			c.Events[1].ID = "01ARZ3NDEKTSV4RRFFQ69G5FAX"
		}, want: "has 2 lines in the ledger"},
		"no team":    {spoil: func(c *store.Change) { c.Put = c.Put[1:] }, warning: "group:default/shop, which is not in the catalog"},
		"drift":      {machine: verify.Machine{Live: func(context.Context, store.Resource) ([]string, error) { return []string{"drifted"}, nil }}, want: "shop-note: drifted"},
		"broken":     {machine: verify.Machine{Live: func(context.Context, store.Resource) ([]string, error) { return nil, errors.New("no plan") }}, want: "shop-note: no plan"},
		"unfinished": {machine: verify.Machine{Live: agrees, Unfinished: map[string]request.Unfinished{"new-note": {Step: "apply"}}}, want: "new-note: its request is unfinished since step apply"},
		"cut destroy": {
			machine: verify.Machine{Live: agrees, Unfinished: map[string]request.Unfinished{"note": {Step: "commit", Ask: request.Ask{Destroy: &request.Destruction{}}}}},
			want:    "note: its destroy is unfinished since step commit",
		},
		"orphan":           {machine: verify.Machine{Live: agrees, States: []store.ResourceKey{{Environment: "local", Name: "old-note"}}}, want: "old-note: Terraform has state"},
		"state of its own": {machine: verify.Machine{Live: agrees, States: []store.ResourceKey{{Environment: "local", Name: "shop-note"}}}},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			change := whole()
			if test.spoil != nil {
				test.spoil(&change)
			}
			if test.machine.Live == nil {
				test.machine.Live = agrees
			}
			report, err := verify.Run(t.Context(), snapshotOf(t, change), test.machine)
			if err != nil {
				t.Fatal(err)
			}
			check(t, "problem", report.Problems, test.want)
			check(t, "warning", report.Warnings, test.warning)
		})
	}
}

func check(t *testing.T, kind string, got []verify.Problem, want string) {
	t.Helper()
	switch {
	case want == "" && len(got) > 0:
		t.Errorf("unexpected %ss: %+v", kind, got)
	case want != "" && (len(got) != 1 || !strings.Contains(got[0].Subject+": "+got[0].Problem, want)):
		t.Errorf("%ss = %+v, want one with %q", kind, got, want)
	}
}

func TestRunCountsWhatItCouldNotCompare(t *testing.T) {
	skip := func(context.Context, store.Resource) ([]string, error) { return nil, verify.ErrSkipped }
	report, err := verify.Run(t.Context(), snapshotOf(t, whole()), verify.Machine{Live: skip})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Checks {
		if c.Area == verify.AreaLive && (c.Checked != 0 || c.Skipped != 1) {
			t.Errorf("live: %+v", c)
		}
	}
	if len(report.Problems) != 0 {
		t.Errorf("problems: %+v", report.Problems)
	}
}
