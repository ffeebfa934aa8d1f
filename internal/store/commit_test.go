package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/store"
)

func TestCreate(t *testing.T) {
	refused := map[string]struct {
		prepare func(t *testing.T, dir string)
		want    error
	}{
		"a file is there": {func(t *testing.T, dir string) { mkdir(t, dir); write(t, filepath.Join(dir, "x"), "x") }, store.ErrNotEmpty},
		"a platform is there": {func(t *testing.T, dir string) {
			o := options(t, false)
			o.Location.Dir = dir
			if _, err := store.Create(t.Context(), o, first(t)); err != nil {
				t.Fatal(err)
			}
		}, store.ErrExists},
	}
	for name, test := range refused {
		t.Run(name, func(t *testing.T) {
			o := options(t, false)
			test.prepare(t, o.Location.Dir)
			if _, err := store.Create(t.Context(), o, first(t)); !errors.Is(err, test.want) {
				t.Errorf("Create() = %v, want %v", err, test.want)
			}
		})
	}
	taken := map[string]func(t *testing.T, dir string){
		"absent":          func(*testing.T, string) {},
		"empty":           func(t *testing.T, dir string) { mkdir(t, dir) },
		"cut short":       func(t *testing.T, dir string) { mkdir(t, filepath.Join(dir, ".platformctl-tmp-0123/objects")) },
		"git init":        func(t *testing.T, dir string) { git(t, ".", "init", "-q", "-b", "trunk", dir) },
		"git init --bare": func(t *testing.T, dir string) { git(t, ".", "init", "-q", "--bare", dir) },
		"a repository": func(t *testing.T, dir string) {
			git(t, ".", "init", "-q", "-b", "master", dir)
			write(t, filepath.Join(dir, "README.md"), "hello\n")
			git(t, dir, "add", ".")
			git(t, dir, "commit", "-q", "-m", "by a person")
			write(t, filepath.Join(dir, "notes"), "mine\n")
		},
	}
	for name, prepare := range taken {
		t.Run(name, func(t *testing.T) {
			o := options(t, false)
			dir := o.Location.Dir
			prepare(t, dir)
			if _, err := store.Create(t.Context(), o, first(t)); err != nil {
				t.Fatal(err)
			}
			s, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			commit(t, s, request(1))
			wantSound(t, s, dir)
			if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
				if status := git(t, dir, "status", "--porcelain"); strings.Trim(status, "\n") != "" && status != "?? notes\n" {
					t.Errorf("git status:\n%s", status)
				}
			}
		})
	}
	t.Run("without platform.yaml", func(t *testing.T) {
		o := options(t, false)
		if _, err := store.Create(t.Context(), o, request(1)); err == nil {
			t.Error("Create() without platform.yaml succeeded")
		}
		if _, err := os.Lstat(o.Location.Dir); err == nil {
			t.Error("the refused creation left a directory")
		}
	})
}

func TestCheckSeesTheTipAndCanRefuse(t *testing.T) {
	s, _ := create(t, true)
	tip := commit(t, s, request(1)).Commit
	conflict := errors.New("somebody was faster")
	change := request(2)
	change.Check = func(snap *store.Snapshot) error {
		if snap.Hash() != tip {
			t.Errorf("Check saw %s, the tip is %s", snap.Hash(), tip)
		}
		return conflict
	}
	if _, err := s.Commit(t.Context(), change); err != conflict { //nolint:errorlint // exactly this error
		t.Errorf("Commit() = %v, want %v", err, conflict)
	}
	if now := snapshot(t, s).Hash(); now != tip {
		t.Errorf("the refused change moved the branch to %s", now)
	}
}

func TestRefusedChanges(t *testing.T) {
	long := strings.Repeat("x", 300)
	tests := map[string]func(*store.Change){
		"no message":               func(c *store.Change) { c.Message = "" },
		"entity without a name":    func(c *store.Change) { c.Put = []backstage.Entity{group("")} },
		"entity with a path":       func(c *store.Change) { c.Put = []backstage.Entity{group("../../x")} },
		"entity twice":             func(c *store.Change) { c.Put = []backstage.Entity{group("a"), group("A")} },
		"delete with a path":       func(c *store.Change) { c.Delete = []backstage.Ref{{Kind: "group", Namespace: "..", Name: "x"}} },
		"resource with a path":     func(c *store.Change) { c.Resource = &store.Resource{Environment: "..", Name: "x"} },
		"resource name":            func(c *store.Change) { c.Resource = &store.Resource{Environment: "local", Name: "a/b"} },
		"drop with a path":         func(c *store.Change) { c.DropResources = []store.ResourceKey{{Environment: "local", Name: ".."}} },
		"file in the catalog":      func(c *store.Change) { c.Files = map[string][]byte{"catalog/x.yaml": nil} },
		"file that is the ledger":  func(c *store.Change) { c.Files = map[string][]byte{"ledger": []byte("x")} },
		"file outside":             func(c *store.Change) { c.Files = map[string][]byte{"../x": []byte("x")} },
		"file in .git":             func(c *store.Change) { c.Files = map[string][]byte{".git/config": []byte("x")} },
		"long file name":           func(c *store.Change) { c.Files = map[string][]byte{long: []byte("x")} },
		"broken platform.yaml":     func(c *store.Change) { c.Files = map[string][]byte{"platform.yaml": []byte("x: [")} },
		"no platform.yaml":         func(c *store.Change) { c.Files = map[string][]byte{"platform.yaml": nil} },
		"request without a ULID":   func(c *store.Change) { c.Request = &store.Request{ID: "../x"} },
		"request in lower case":    func(c *store.Change) { c.Request = &store.Request{ID: strings.ToLower(id(1))} },
		"request that was written": func(c *store.Change) { c.Request = &store.Request{ID: id(7), Outcome: "other"} },
		"event without an id":      func(c *store.Change) { c.Events = []ledger.Event{{Type: "x", Time: noon}} },
		"event that is no JSON": func(c *store.Change) {
			c.Events = []ledger.Event{{ID: id(1), Type: "x", Time: noon, Data: map[string]any{"f": func() {}}}}
		},
		"author with a line end": func(c *store.Change) { c.Author = store.Author{Name: "a\nb", Email: "x"} },
	}
	s, o := create(t, false)
	commit(t, s, request(7))
	before := snapshot(t, s).Hash()
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			change := store.Change{Message: "change", Time: noon}
			spoil(&change)
			if _, err := s.Commit(t.Context(), change); err == nil {
				t.Error("Commit() succeeded")
			}
		})
	}
	if now := snapshot(t, s).Hash(); now != before {
		t.Errorf("the refused changes moved the branch to %s", now)
	}
	if status := git(t, o.Location.Dir, "status", "--porcelain"); status != "" {
		t.Errorf("git status:\n%s", status)
	}
}

func TestEditedPathIsRefused(t *testing.T) {
	s, o := create(t, false)
	commit(t, s, request(1))
	before := snapshot(t, s).Hash()
	write(t, filepath.Join(o.Location.Dir, "resources/local/db-1/main.tf.json"), "{\"mine\": {}}\n")
	change := request(1)
	change.Request = nil
	change.Resource.Main = []byte("{\"module\": {\"new\": {}}}\n")
	_, err := s.Commit(t.Context(), change)
	dirty, ok := errors.AsType[*store.DirtyError](err)
	if !ok || !cmp.Equal(dirty.Paths, []string{"resources/local/db-1/main.tf.json"}) {
		t.Fatalf("Commit() = %v, want a DirtyError for the edited file", err)
	}
	if now := snapshot(t, s).Hash(); now != before {
		t.Errorf("the refused change moved the branch to %s", now)
	}
	commit(t, s, request(2)) // which does not touch it
}

func TestNewWriterOfAChain(t *testing.T) {
	s, o := create(t, true)
	o.Writer = "ffffffffffff"
	other, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, request(1))
	commit(t, other, request(2))
	commit(t, s, request(3))
	chains, err := snapshot(t, s).Chains()
	if err != nil || len(chains) != 2 || len(chains[0].Events) != 3 || len(chains[1].Events) != 1 {
		t.Fatalf("Chains() = %v, %v", chains, err)
	}
	wantSound(t, s, o.Location.Dir)
}

func TestWriterIsMadeOnceAndTellsNothing(t *testing.T) {
	o := options(t, true)
	o.Writer = ""
	if _, err := store.Create(t.Context(), o, first(t)); err != nil {
		t.Fatal(err)
	}
	for n := range 2 {
		s, err := store.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, s, request(n))
	}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	chains, err := snapshot(t, s).Chains()
	if err != nil || len(chains) != 1 || len(chains[0].Writer) != 12 {
		t.Errorf("Chains() = %v, %v, want one of a writer with 12 digits", chains, err)
	}
	all := git(t, o.Location.Dir, "log", "-p", "--format=%an %ae %cn %ce")
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{host, o.Location.Dir, o.Paths.Data} {
		if strings.Contains(all, secret) {
			t.Errorf("the repository holds %q", secret)
		}
	}
	write(t, filepath.Join(o.Paths.Data, "writer"), "../../x\n")
	if _, err := s.Commit(t.Context(), request(5)); err == nil {
		t.Error("Commit() with a damaged name of the writer succeeded")
	}
}

func TestLedgerFilesFollowTheClockForward(t *testing.T) {
	s, o := create(t, true)
	for n, month := range []time.Time{noon, noon.AddDate(0, 1, 0), noon.AddDate(0, -3, 0), noon.AddDate(1, 0, 0)} {
		change := request(n + 1)
		change.Time = month
		change.Events[0].Time = month
		commit(t, s, change)
	}
	got := git(t, o.Location.Dir, "ls-tree", "-r", "--name-only", "main", "ledger")
	want := "ledger/0123456789ab/2026-03.ndjson\nledger/0123456789ab/2026-04.ndjson\nledger/0123456789ab/2027-03.ndjson\n"
	if got != want {
		t.Errorf("ledger files\n%s, want\n%s", got, want)
	}
	wantSound(t, s, o.Location.Dir)
}

func TestDeletionsAndFiles(t *testing.T) {
	s, o := create(t, false)
	commit(t, s, request(1))
	commit(t, s, store.Change{
		Message: "destroy", Time: noon,
		Delete:        []backstage.Ref{{Kind: "Resource", Namespace: "default", Name: "db-1"}, {Kind: "group", Namespace: "default", Name: "absent"}},
		DropResources: []store.ResourceKey{{Environment: "local", Name: "db-1"}, {Environment: "local", Name: "absent"}},
		Files:         map[string][]byte{"capabilities/cache/capability.yaml": []byte("a: 1\n"), "capabilities/cache/modules/x/main.tf": []byte("x")},
	})
	dir := o.Location.Dir
	got := git(t, dir, "ls-files", "catalog", "resources", "capabilities")
	want := "capabilities/cache/capability.yaml\ncapabilities/cache/modules/x/main.tf\ncatalog/default/group/d2/platform.yaml\n"
	if got != want {
		t.Errorf("files\n%s, want\n%s", got, want)
	}
	if _, err := os.Lstat(filepath.Join(dir, "resources")); err == nil {
		t.Error("an empty directory is left")
	}
	if status := git(t, dir, "status", "--porcelain"); status != "" {
		t.Errorf("git status:\n%s", status)
	}
	fsys, err := snapshot(t, s).FS("capabilities")
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(fsys, "cache/capability.yaml", "cache/modules/x/main.tf"); err != nil {
		t.Error(err)
	}
	none, err := snapshot(t, s).FS("templates")
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(none); err != nil {
		t.Error(err)
	}
}

func TestBrokenFilesDoNotHideOthers(t *testing.T) {
	s, o := create(t, false)
	for n := range 3 {
		commit(t, s, request(n))
	}
	dir := o.Location.Dir
	broken := map[string]string{
		"catalog/default/resource/68/db-1.yaml":       "apiVersion: [\n",
		"catalog/default/group/ff/wrong-place.yaml":   "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: other}\nspec: {type: team, children: []}\n",
		"resources/local/db-1/resource.yaml":          "nonsense: true\n",
		"requests/2026/03/" + id(1) + ".yaml":         "spec: {id: x}\n",
		"ledger/aaaaaaaaaaaa/2026-03.ndjson":          "{torn",
		"catalog/default/group/not-yaml.txt":          "ignored",
		"catalog/default/group/d2/platform.yaml.orig": "ignored",
	}
	for name, text := range broken {
		mkdir(t, filepath.Dir(filepath.Join(dir, name)))
		write(t, filepath.Join(dir, name), text)
	}
	git(t, dir, "add", "-A")
	git(t, dir, "commit", "-q", "-m", "broken by a person")
	snap := snapshot(t, s)
	var entities, requests []string
	for entity, err := range snap.Entities() {
		if err != nil {
			t.Fatal(err)
		}
		entities = append(entities, entity.Ref().String())
	}
	for request, err := range snap.Requests() {
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, request.Name)
	}
	if diff := cmp.Diff([]string{"group:default/platform", "resource:default/db-2", "resource:default/db-0"}, entities); diff != "" {
		t.Errorf("Entities() (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"db-0", "db-2"}, requests); diff != "" {
		t.Errorf("Requests() (-want +got):\n%s", diff)
	}
	resources, err := snap.Resources()
	if err != nil || len(resources) != 2 {
		t.Errorf("Resources() = %d, %v, want 2", len(resources), err)
	}
	problems, err := snap.Problems()
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, problem := range problems {
		paths = append(paths, problem.Path)
	}
	want := []string{
		"catalog/default/group/ff/wrong-place.yaml", "catalog/default/resource/68/db-1.yaml",
		"requests/2026/03/" + id(1) + ".yaml", "resources/local/db-1/resource.yaml", "ledger/aaaaaaaaaaaa/2026-03.ndjson",
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("Problems() (-want +got):\n%s", diff)
	}
	if _, _, err := snap.Entity(backstage.Ref{Kind: "resource", Namespace: "default", Name: "db-1"}); err == nil {
		t.Error("Entity() of a broken file gives no error")
	}
	commit(t, s, request(9)) // broken files of others hold nobody up
}

// TestSameInputSameCommit: nothing but the changes and the clock is in a commit.
func TestSameInputSameCommit(t *testing.T) {
	var hashes []string
	for _, bare := range []bool{true, false} {
		s, _ := create(t, bare)
		hashes = append(hashes, commit(t, s, request(1)).Commit)
	}
	if hashes[0] != hashes[1] {
		t.Errorf("two platforms in two places have the commits %v", hashes)
	}
}

func TestRequestsGoOnAfterAPersonsCommit(t *testing.T) {
	s, o := create(t, false)
	dir := o.Location.Dir
	for n := range 3 {
		write(t, filepath.Join(dir, "notes.md"), strconv.Itoa(n))
		git(t, dir, "add", "notes.md")
		git(t, dir, "commit", "-q", "-m", "by a person")
		commit(t, s, request(n))
	}
	if got := git(t, dir, "show", "HEAD:notes.md"); got != "2" {
		t.Errorf("notes.md = %q", got)
	}
	wantSound(t, s, dir)
}
