package cli

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
)

// testPlatform makes the default platform of an app: two environments, a
// capability of its own and a broken one, two teams, a component, a resource.
func testPlatform(t *testing.T) (app *App, stdout, stderr *bytes.Buffer) {
	t.Helper()
	app, stdout, stderr = testApp(t)
	s, err := app.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{"capabilities/broken/capability.yaml": []byte("kind: Nothing\n")}
	note := os.DirFS(filepath.Join("..", "..", "e2e", "testdata", "capabilities"))
	if err := fs.WalkDir(note, "note", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[path.Join("capabilities", name)], err = fs.ReadFile(note, name)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	cfg := platform.DefaultConfig("acme")
	cfg.Spec.Environments = append(cfg.Spec.Environments, platform.Environment{
		Name: "live", Target: "local", Production: true, Tiers: []string{"production", "final"},
	})
	if files["platform.yaml"], err = cfg.Marshal(); err != nil {
		t.Fatal(err)
	}
	group := func(name, title string) backstage.Entity {
		return backstage.Entity{
			APIVersion: backstage.APIVersion, Kind: backstage.KindGroup, Metadata: backstage.Metadata{Name: name, Title: title},
			Spec: map[string]any{"type": "team", "children": []any{}},
		}
	}
	component := backstage.Entity{
		APIVersion: backstage.APIVersion, Kind: backstage.KindComponent, Metadata: backstage.Metadata{Name: "checkout", Title: "The shop"},
		Spec: map[string]any{"type": "service", "lifecycle": "production", "owner": "group:default/shop"},
	}
	resource := backstage.Entity{
		APIVersion: backstage.APIVersion, Kind: backstage.KindResource, Metadata: backstage.Metadata{Name: "shop-postgresql"},
		Spec: map[string]any{"type": "database", "owner": "group:default/shop"},
	}
	if err := s.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), store.Change{
		Message: "test", Files: files, Put: []backstage.Entity{group("shop", "The shop"), group("search", ""), component, resource},
		Resource: testResource("shop-postgresql"),
	}); err != nil {
		t.Fatal(err)
	}
	stderr.Reset()
	return app, stdout, stderr
}

func testResource(name string) *store.Resource {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return &store.Resource{
		Environment: "local", Name: name, Main: []byte("{}\n"), Variables: []byte("{}\n"),
		Record: store.ResourceRecord{
			Metadata: store.ResourceMetadata{Name: name},
			Spec: store.ResourceSpec{
				Capability: "database/postgresql@1.0.0", Digest: "sha256:00", Tier: "production", Environment: "local",
				Team: "shop", Request: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Created: at, Updated: at, Machine: "here",
			},
		},
	}
}

// TestComplete asks as a shell does: the words before the cursor, and the one at
// it. The last line is the directive: 4 for no files, 2 for no space after it.
func TestComplete(t *testing.T) {
	tests := map[string]struct {
		args string // "|" is an empty last word
		want []string
	}{
		"capabilities":        {"request |", []string{"database\tManaged database", "note\tNote", ":4"}},
		"capability begun":    {"request d", []string{"database\tManaged database", ":4"}},
		"nothing after it":    {"request database |", []string{":4"}},
		"types of all":        {"request --type |", []string{"postgresql\tManaged database", "plain\tNote", ":4"}},
		"types of one":        {"request note --type |", []string{"plain\tNote", ":4"}},
		"types of a broken":   {"request broken --type |", []string{":4"}},
		"tiers of a type":     {"request note --type plain --tier |", []string{"draft\texpires after 1h", "final\tpinned=true; fixed: pinned; protected from being destroyed by a request", ":4"}},
		"tiers with =":        {"request note --tier=d", []string{"draft\texpires after 1h", ":4"}},
		"tier after a switch": {"request --dry-run -q note --tier d", []string{"draft\texpires after 1h", ":4"}},
		"environments":        {"request note --env |", []string{"local\ttarget local", "live\ttarget local, production", ":4"}},
		"that serve the tier": {"request note --tier draft --env |", []string{"local\ttarget local", ":4"}},
		"teams":               {"request note --team s", []string{"search", "shop\tThe shop", ":4"}},
		"team show":           {"team show sh", []string{"shop\tThe shop", ":4"}},
		"components":          {"request note --for |", []string{"component:checkout\tThe shop", ":4"}},
		"component's name":    {"request note --for ch", []string{"checkout\tThe shop", ":4"}},
		"component's ref":     {"request note --for component:default/", []string{"component:default/checkout\tThe shop", ":4"}},
		"inputs":              {"request note --type plain --tier draft --set p", []string{"pinned=\tboolean", "priority=\tinteger", ":6"}},
		"inputs left open":    {"request note --tier final --set pi", []string{":4"}},
		"required input":      {"request note --set t", []string{"text=\tstring, required", ":6"}},
		"values of an input":  {"request note --set pinned=", []string{"pinned=true", "pinned=false\tdefault", ":4"}},
		"default of an input": {"request note --set text=x --set priority=", []string{"priority=3\tdefault", ":4"}},
		"resources":           {"resource show |", []string{"shop-postgresql\tdatabase/postgresql@1.0.0, production, of shop", ":4"}},
		"unfinished alone":    {"resource resume |", []string{":4"}},
		"command to run":      {"resource run shop-postgresql -- |", []string{":0"}},
		"catalog":             {"catalog show group:s", []string{"group:search", "group:shop\tThe shop", ":4"}},
		"catalog by name":     {"catalog show shop-", []string{"shop-postgresql", ":4"}},
		"catalog's kinds":     {"catalog show r", []string{"resource:shop-postgresql", ":4"}},
		"catalog types":       {"catalog list --type s", []string{"service", ":4"}},
		"owners":              {"catalog list --owner sh", []string{"shop\tThe shop", ":4"}},
		"kinds":               {"catalog list --kind c", []string{"component", ":4"}},
		"formats of answers":  {"status -o |", []string{"table", "json", "yaml", "name", ":4"}},
		"directories":         {"init |", []string{":16"}},
		"platform":            {"status --platform |", []string{":16"}},
		"free text":           {"team add x --title |", []string{":4"}},
		"no arguments":        {"verify |", []string{":4"}},
		"topics":              {"help e", []string{"environment\tWhere things run: list, show, check", "exit-codes\twhat the exit codes say", ":4"}},
		"help below":          {"help team s", []string{"show\tShow a team and what it owns", ":4"}},
		"schemas":             {"help formats p", []string{"platform", ":4"}},
		"shells":              {"completion z", []string{"zsh\tPrint the script for zsh", ":4"}},
	}
	app, stdout, _ := testPlatform(t)
	app.describing = time.Minute
	shop := filepath.Join(app.Dir, "pctl", "data", "platform")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, before := range []string{"", "--platform " + shop + " "} {
				if before != "" && strings.HasPrefix(tt.args, "status --platform") {
					continue
				}
				app.flags = globalFlags{}
				stdout.Reset()
				words := strings.Fields("__complete " + before + tt.args)
				if last := len(words) - 1; words[last] == "|" {
					words[last] = ""
				}
				if code := Main(t.Context(), words, app); code != 0 {
					t.Fatalf("exit code %d", code)
				}
				_, word, isFlag := strings.Cut(words[len(words)-1], "=")
				if !isFlag || !strings.HasPrefix(words[len(words)-1], "-") {
					word = words[len(words)-1]
				}
				got := slices.DeleteFunc(strings.Split(strings.TrimSpace(stdout.String()), "\n"), func(line string) bool {
					return !strings.HasPrefix(line, word) && !strings.HasPrefix(line, ":") // as a shell does
				})
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s%s (-want +got):\n%s", before, tt.args, diff)
				}
			}
		})
	}
}

// TestCompleteInTime leaves descriptions out when there is no time for them.
func TestCompleteInTime(t *testing.T) {
	app, stdout, _ := testPlatform(t)
	app.describing = 1
	for args, want := range map[string]string{
		"request d":        "database\n:4\n",
		"resource show sh": "shop-postgresql\n:4\n",
		"team show sh":     "shop\n:4\n",
	} {
		app.flags = globalFlags{}
		stdout.Reset()
		if code := Main(t.Context(), strings.Fields("__complete "+args), app); code != 0 || stdout.String() != want {
			t.Errorf("%s: exit code %d, %q, want %q", args, code, stdout, want)
		}
	}
}

// TestCompleteMakesNothing completes where there is no platform, and where it
// cannot be read: no error reaches a shell's line, and no file is made.
func TestCompleteMakesNothing(t *testing.T) {
	app, stdout, _ := testApp(t)
	for _, words := range [][]string{
		{"request", "database", "--tier", ""},
		{"resource", "show", ""},
		{"--platform", "/nonexistent", "resource", "show", ""},
		{"--platform", "https://example.com/x.git", "team", "show", ""},
		{"request", "nothing", "--set", ""},
		{"nothing", ""},
		{"status", "--nothing", ""},
	} {
		app.flags = globalFlags{}
		stdout.Reset()
		if code := Main(t.Context(), append([]string{"__complete"}, words...), app); code != 0 {
			t.Errorf("%q: exit code %d", words, code)
		}
		for line := range strings.Lines(stdout.String()) {
			if strings.Contains(line, "error") || strings.Contains(line, "rror:") {
				t.Errorf("%q: %s", words, line)
			}
		}
	}
	entries, err := os.ReadDir(app.Dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("made %v, %v", entries, err)
	}
}

// TestEverythingCompletes holds each flag and argument of each command against
// the rule: known values are offered, and files only where a path belongs.
func TestEverythingCompletes(t *testing.T) {
	app, _, _ := testApp(t)
	root := newRootCmd(app)
	root.SetContext(t.Context())
	leaves(root, func(cmd *cobra.Command) {
		cmd.SetContext(t.Context())
		if cmd.ValidArgsFunction == nil {
			t.Errorf("%s: its arguments complete to files", cmd.CommandPath())
		}
		if strings.Contains(cmd.Use, " NAME") || strings.Contains(cmd.Use, "CAPABILITY") || strings.Contains(cmd.Use, "REF") {
			if _, directive := cmd.ValidArgsFunction(cmd, nil, ""); directive == cobra.ShellCompDirectiveDefault {
				t.Errorf("%s: the name completes to files", cmd.CommandPath())
			}
		}
		check := func(f *pflag.Flag) {
			if f.NoOptDefVal != "" {
				return
			}
			complete, has := cmd.GetFlagCompletionFunc(f.Name)
			if !has {
				t.Errorf("%s --%s completes to files", cmd.CommandPath(), f.Name)
				return
			}
			_, directive := complete(cmd, nil, "")
			placeholder, _ := pflag.UnquoteUsage(f)
			isPath := placeholder == "DIR" || placeholder == "FILE"
			if files := directive&cobra.ShellCompDirectiveNoFileComp == 0; files != isPath {
				t.Errorf("%s --%s: files are offered: %v, its value is %s", cmd.CommandPath(), f.Name, files, placeholder)
			}
		}
		cmd.LocalFlags().VisitAll(check)
		cmd.InheritedFlags().VisitAll(check)
	})
}

// TestBashNeedsNoPackage sources the script in a bash without bash-completion,
// and lets it take the line apart.
func TestBashNeedsNoPackage(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	app, stdout, _ := testApp(t)
	if code := Main(t.Context(), []string{"completion", "bash"}, app); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	for _, missing := range []string{"_get_comp_words_by_ref \"$@\" cur prev words cword\n}", " _filedir"} {
		if body, _, _ := strings.Cut(stdout.String(), "# The words of the line"); strings.Contains(body, missing) {
			t.Errorf("the script still needs %q", missing)
		}
	}
	script := stdout.String() + `
split() {
    COMP_LINE=$1 COMP_POINT=${#1}; shift
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    local cur prev words cword
    __platformctl_words -n =:
    printf '<%s>' "${words[@]}"; printf ' cur=%s prev=%s\n' "$cur" "$prev"
}
split 'platformctl request ' platformctl request ''
split 'platformctl  request --tier=pro' platformctl request --tier = pro
split 'platformctl request --tier=' platformctl request --tier = ''
split 'platformctl catalog show group:de' platformctl catalog show group : de
split 'platformctl --platform a/b status -o ' platformctl --platform a/b status -o ''
`
	cmd := exec.CommandContext(t.Context(), bash, "--norc", "--noprofile", "-c", script)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := `<platformctl><request><> cur= prev=request
<platformctl><request><--tier=pro> cur=--tier=pro prev=request
<platformctl><request><--tier=> cur=--tier= prev=request
<platformctl><catalog><show><group:de> cur=group:de prev=show
<platformctl><--platform><a/b><status><-o><> cur= prev=-o
`
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
