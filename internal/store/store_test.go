package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/oklog/ulid/v2"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
)

// noon is the clock of these tests.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const writer = "0123456789ab"

// creation is the number of the event of a platform's creation.
const creation = 65535

// id is the ULID number n of the test's clock.
func id(n int) string {
	var u ulid.ULID
	_ = u.SetTime(ulid.Timestamp(noon))
	u[14], u[15] = byte(n>>8), byte(n)
	return u.String()
}

func event(n int) ledger.Event {
	return ledger.Event{ID: id(n), Time: noon, Actor: "someone", Type: "platformctl.request.applied", Data: map[string]any{"n": n}}
}

func group(name string) backstage.Entity {
	return backstage.Entity{
		APIVersion: backstage.APIVersion, Kind: backstage.KindGroup,
		Metadata: backstage.Metadata{Name: name},
		Spec:     map[string]any{"type": "team", "children": []any{}},
	}
}

func resource(name, team string) backstage.Entity {
	return backstage.Entity{
		APIVersion: backstage.APIVersion, Kind: backstage.KindResource,
		Metadata: backstage.Metadata{Name: name, Annotations: map[string]string{"platformctl.io/tier": "development"}},
		Spec:     map[string]any{"type": "database", "owner": "group:default/" + team},
	}
}

// first is the change that makes a platform.
func first(t testing.TB) store.Change {
	t.Helper()
	config, err := platform.DefaultConfig("test").Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return store.Change{
		Message: "platform: create test", Time: noon,
		Files:  map[string][]byte{platform.ConfigFile: config},
		Put:    []backstage.Entity{group("platform")},
		Events: []ledger.Event{event(creation)},
	}
}

// request is the change of request number n: all parts of the record at once.
func request(n int) store.Change {
	name := fmt.Sprintf("db-%d", n)
	return store.Change{
		Message: "request: " + name, Time: noon,
		Put: []backstage.Entity{resource(name, "platform")},
		Resource: &store.Resource{
			Environment: "local", Name: name,
			Main: []byte("{\"module\": {}}\n"), Variables: []byte("{}\n"),
			Record: store.ResourceRecord{
				Metadata: store.ResourceMetadata{Name: name},
				Spec: store.ResourceSpec{
					Capability: "database/postgresql@1.0.0", Digest: "sha256:00", Tier: "development", Environment: "local",
					Team: "platform", Inputs: map[string]any{"connectionLimit": int64(10), "extensions": []any{"citext"}, "version": "1.10"},
					Request: id(n), Created: noon, Updated: noon.Add(time.Second),
				},
			},
		},
		Request: &store.Request{
			ID: id(n), Capability: "database/postgresql@1.0.0", Name: name, Team: "platform", Tier: "development",
			Environment: "local", Mode: "auto", Actor: "someone", Created: noon, Finished: noon.Add(time.Second),
			Outcome: "applied", Steps: []store.StepTime{{Name: "plan", Millis: 12}},
		},
		Events: []ledger.Event{event(n)},
	}
}

func options(t testing.TB, bare bool) store.Options {
	t.Helper()
	home := t.TempDir()
	return store.Options{
		Location: platform.Location{Dir: filepath.Join(home, "platform")},
		Paths:    platform.Paths{Data: filepath.Join(home, "data"), State: filepath.Join(home, "state"), Cache: filepath.Join(home, "cache")},
		Now:      func() time.Time { return noon },
		Writer:   writer,
		Bare:     bare,
	}
}

func create(t testing.TB, bare bool) (*store.Store, store.Options) {
	t.Helper()
	o := options(t, bare)
	s, err := store.Create(t.Context(), o, first(t))
	if err != nil {
		t.Fatal(err)
	}
	return s, o
}

func commit(t testing.TB, s *store.Store, change store.Change) store.Receipt {
	t.Helper()
	receipt, err := s.Commit(t.Context(), change)
	if err != nil {
		t.Fatal(err)
	}
	if receipt.Behind != nil {
		t.Fatalf("after the commit: %v", receipt.Behind)
	}
	return receipt
}

func snapshot(t testing.TB, s *store.Store) *store.Snapshot {
	t.Helper()
	snap, err := s.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// git runs the real git.
func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A Person", "GIT_AUTHOR_EMAIL=person@example.com",
		"GIT_COMMITTER_NAME=A Person", "GIT_COMMITTER_EMAIL=person@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// wantSound checks with git and the ledger that a platform is whole.
func wantSound(t testing.TB, s *store.Store, dir string) {
	t.Helper()
	git(t, dir, "fsck", "--strict", "--full", "--no-dangling")
	snap := snapshot(t, s)
	problems, err := snap.Problems()
	if err != nil || len(problems) > 0 {
		t.Errorf("Problems() = %v, %v", problems, err)
	}
	chains, err := snap.Chains()
	if err != nil {
		t.Fatal(err)
	}
	for _, chain := range chains {
		if problems := ledger.Check(chain.Events); len(problems) > 0 {
			t.Errorf("ledger of %s: %v", chain.Writer, problems)
		}
	}
}

func TestOneCommitHoldsEverything(t *testing.T) {
	for name, bare := range map[string]bool{"bare": true, "directory": false} {
		t.Run(name, func(t *testing.T) {
			s, o := create(t, bare)
			dir := o.Location.Dir
			receipt := commit(t, s, request(1))
			if got := strings.Count(git(t, dir, "log", "--format=%H"), "\n"); got != 2 {
				t.Errorf("%d commits after creation and one change, want 2", got)
			}
			got := strings.Fields(git(t, dir, "show", "--format=", "--name-only", receipt.Commit))
			want := []string{
				"catalog/default/resource/68/db-1.yaml",
				"ledger/0123456789ab/2026-03.ndjson",
				"requests/2026/03/" + id(1) + ".yaml",
				"resources/local/db-1/main.tf.json",
				"resources/local/db-1/resource.yaml",
				"resources/local/db-1/terraform.tfvars.json",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("files of the commit (-want +got):\n%s", diff)
			}
			wantSound(t, s, dir)
			if !bare {
				if status := git(t, dir, "status", "--porcelain"); status != "" {
					t.Errorf("git status:\n%s", status)
				}
				if diff := git(t, dir, "diff", "HEAD"); diff != "" {
					t.Errorf("git diff HEAD:\n%s", diff)
				}
			}
		})
	}
}

func TestReadsWhatWasWritten(t *testing.T) {
	s, o := create(t, false)
	change := request(1)
	receipt := commit(t, s, change)
	again, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	snap := snapshot(t, again)
	if snap.Hash() != receipt.Commit {
		t.Errorf("Hash() = %s, want %s", snap.Hash(), receipt.Commit)
	}
	if diff := cmp.Diff(platform.DefaultConfig("test"), snap.Config()); diff != "" {
		t.Errorf("Config() (-want +got):\n%s", diff)
	}
	entity, found, err := snap.Entity(backstage.Ref{Kind: "Resource", Namespace: "Default", Name: "DB-1"})
	if err != nil || !found || entity.Ref().String() != "resource:default/db-1" {
		t.Errorf("Entity() = %v, %v, %v", entity.Ref(), found, err)
	}
	wantResource := *change.Resource
	wantResource.Record.APIVersion, wantResource.Record.Kind = "platformctl.io/v1", "Resource"
	for name, read := range map[string]func() (store.Resource, bool, error){
		"Resource":       func() (store.Resource, bool, error) { return snap.Resource("local", "db-1") },
		"ResourceByName": func() (store.Resource, bool, error) { return snap.ResourceByName("db-1") },
	} {
		got, found, err := read()
		if err != nil || !found {
			t.Fatalf("%s() = %v, %v", name, found, err)
		}
		if diff := cmp.Diff(wantResource, got); diff != "" {
			t.Errorf("%s() (-want +got):\n%s", name, diff)
		}
	}
	gotRequest, found, err := snap.Request(id(1))
	if err != nil || !found {
		t.Fatalf("Request() = %v, %v", found, err)
	}
	if diff := cmp.Diff(*change.Request, gotRequest); diff != "" {
		t.Errorf("Request() (-want +got):\n%s", diff)
	}
	chains, err := snap.Chains()
	if err != nil || len(chains) != 1 || len(chains[0].Events) != 2 {
		t.Fatalf("Chains() = %v, %v", chains, err)
	}
	if diff := cmp.Diff(receipt.Events, chains[0].Events[1:]); diff != "" {
		t.Errorf("sealed events (-receipt +chain):\n%s", diff)
	}
}

func TestAbsentIsNoError(t *testing.T) {
	s, _ := create(t, true)
	for name, snap := range map[string]*store.Snapshot{
		"a platform": snapshot(t, s), "an empty record": store.Empty(platform.DefaultConfig("none")),
	} {
		t.Run(name, func(t *testing.T) {
			for _, ref := range []string{"group:default/absent", "group:default/../../x", "x:y/z"} {
				parsed, err := backstage.ParseRef(ref, backstage.Ref{})
				if err != nil {
					t.Fatal(err)
				}
				if _, found, err := snap.Entity(parsed); found || err != nil {
					t.Errorf("Entity(%s) = %v, %v", ref, found, err)
				}
			}
			if _, found, err := snap.ResourceByName("absent"); found || err != nil {
				t.Errorf("ResourceByName() = %v, %v", found, err)
			}
			if _, found, err := snap.Resource("..", "catalog"); found || err != nil {
				t.Errorf("Resource() = %v, %v", found, err)
			}
			if _, found, err := snap.Request("../../x"); found || err != nil {
				t.Errorf("Request() = %v, %v", found, err)
			}
			if list, err := snap.Resources(); len(list) > 0 || err != nil {
				t.Errorf("Resources() = %v, %v", list, err)
			}
		})
	}
}

func TestOpenErrors(t *testing.T) {
	tests := map[string]struct {
		prepare func(t *testing.T, dir string)
		want    error
	}{
		"absent":          {func(*testing.T, string) {}, store.ErrNoPlatform},
		"empty directory": {func(t *testing.T, dir string) { mkdir(t, dir) }, store.ErrNoPlatform},
		"platform.yaml without a repository": {func(t *testing.T, dir string) {
			mkdir(t, dir)
			write(t, filepath.Join(dir, platform.ConfigFile), "x")
		}, store.ErrNotRepository},
		"repository without a commit": {func(t *testing.T, dir string) { git(t, ".", "init", "-q", dir) }, store.ErrNoPlatform},
		"repository without platform.yaml": {func(t *testing.T, dir string) {
			git(t, ".", "init", "-q", dir)
			git(t, dir, "commit", "-q", "--allow-empty", "-m", "x")
		}, store.ErrNoPlatform},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := options(t, false)
			test.prepare(t, o.Location.Dir)
			if _, err := store.Open(t.Context(), o); !errors.Is(err, test.want) {
				t.Errorf("Open() = %v, want %v", err, test.want)
			}
		})
	}
	o := options(t, false)
	o.Location = platform.Location{URL: "https://example.com/platform.git"}
	if _, err := store.Open(t.Context(), o); !errors.Is(err, store.ErrRemoteUnsupported) {
		t.Errorf("Open(URL) = %v, want %v", err, store.ErrRemoteUnsupported)
	}
	if _, err := store.Create(t.Context(), o, first(t)); !errors.Is(err, store.ErrRemoteUnsupported) {
		t.Errorf("Create(URL) = %v, want %v", err, store.ErrRemoteUnsupported)
	}
}

func TestCommitWaitsNoLongerThanItsContext(t *testing.T) {
	s, _ := create(t, true)
	inside, release := make(chan struct{}), make(chan struct{})
	done := make(chan error, 1)
	go func() {
		slow := request(1)
		slow.Check = func(*store.Snapshot) error {
			close(inside)
			<-release
			return nil
		}
		_, err := s.Commit(context.Background(), slow)
		done <- err
	}()
	<-inside
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Commit(ctx, request(2)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Commit() behind another = %v, want the deadline", err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	commit(t, s, request(2))
}

func mkdir(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, name, data string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestReadsTextAsWritten records text that a YAML encoder writes as something
// else, or loses.
func TestReadsTextAsWritten(t *testing.T) {
	s, _ := create(t, true)
	change := request(1)
	text := map[string]any{"number": "1e999", "block": "\n# not a comment", "list": []any{"\n#", "4e5889551223", " a\n b"}}
	change.Resource.Record.Spec.Writer = "4e5889551223"
	change.Resource.Record.Spec.Inputs, change.Request.Inputs = text, text
	commit(t, s, change)
	got, found, err := snapshot(t, s).ResourceByName("db-1")
	if err != nil || !found {
		t.Fatal(found, err)
	}
	if got.Record.Spec.Writer != "4e5889551223" {
		t.Errorf("writer = %q", got.Record.Spec.Writer)
	}
	made, found, err := snapshot(t, s).Request(change.Request.ID)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	for about, inputs := range map[string]map[string]any{"resource": got.Record.Spec.Inputs, "request": made.Inputs} {
		if diff := cmp.Diff(text, inputs); diff != "" {
			t.Errorf("%s (-want +got):\n%s", about, diff)
		}
	}
}
