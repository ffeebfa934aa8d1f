package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/doctor"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/ui"
	"github.com/platformctl/platformctl/internal/verify"
)

// TestNames asks every command for names, and gives each name to the command
// that comes next. A command that answers and does not stand here fails.
func TestNames(t *testing.T) {
	tests := map[string]struct {
		args string   // after the command
		view ui.Named // in place of running a command that needs Terraform or finds nothing
		want []string // $DIR is the directory of the test
		next string   // takes each name
	}{
		"request":           {view: requestView{Result: request.Result{Name: "shop-postgresql", EntityRef: "x"}}, want: []string{"shop-postgresql"}, next: "resource show"},
		"resource list":     {want: []string{"shop-postgresql"}, next: "resource show"},
		"resource show":     {args: "shop-postgresql", want: []string{"shop-postgresql"}, next: "catalog show"},
		"resource resume":   {args: "shop-postgresql", want: []string{"shop-postgresql"}, next: "resource show"},
		"resource destroy":  {view: destroyView{Destroyed: request.Destroyed{Name: "shop-postgresql"}}, want: []string{"shop-postgresql"}},
		"environment list":  {want: []string{"local", "live"}, next: "environment show"},
		"environment show":  {args: "local", want: []string{"local"}, next: "environment show"},
		"environment check": {view: checksView{Checks: []doctor.Check{{Name: "password", State: doctor.Failed}, {Name: "encryption", State: doctor.OK}}}, want: []string{"password"}},
		"resource env":      {view: variablesView{"PGHOST": "h", "PGDATABASE": "d"}, want: []string{"PGDATABASE", "PGHOST"}},
		"resource dir":      {view: dirView{Name: "x", Dir: "/run/x"}, want: []string{"/run/x"}},
		"catalog list": {args: "--kind group", next: "catalog show", want: []string{
			"group:default/platform", "group:default/search", "group:default/shop",
		}},
		"catalog show":     {args: "component:checkout", want: []string{"component:default/checkout"}, next: "catalog show"},
		"team add":         {args: "new", want: []string{"new"}, next: "team show"},
		"team list":        {want: []string{"platform", "search", "shop"}, next: "team show"},
		"team show":        {args: "shop", want: []string{"shop"}, next: "resource list --team"},
		"capability list":  {want: []string{"broken", "database", "note"}},
		"capability new":   {view: newCapabilityView{Name: "cache"}, want: []string{"cache"}},
		"capability eject": {args: "database", want: []string{"database"}, next: "capability show"},
		"capability lint":  {args: "note", want: []string{"note"}, next: "capability show"},
		"capability test": {view: triedView{Tests: []testView{
			{Capability: "note", Test: "minimal", State: testFailed},
			{Capability: "note", Test: "far", State: testUntested},
			{Capability: "note", Test: "full", State: testPassed},
			{Capability: "note", Test: "open", State: testPlanned},
		}}, want: []string{"note/minimal", "note/far"}},
		"capability show": {args: "note", want: []string{"note"}, next: "capability show"},
		"init":            {args: "made", want: []string{"$DIR/made"}, next: "status --platform"},
		"status":          {want: []string{"$DIR/pctl/data/platform"}, next: "status --platform"},
		"local status":    {want: []string{"postgresql"}},
		"local stop":      {want: []string{"postgresql"}},
		"local reset":     {args: "--yes", want: []string{"postgresql"}},
		"verify":          {view: verifyView{verify.Report{Problems: []verify.Problem{{Subject: "x"}}}}, want: []string{"x"}},
		"doctor":          {view: checksView{}, want: nil},
		"version":         {want: []string{"v0.0.0-test"}},
	}
	app, _, _ := testApp(t)
	leaves(newRootCmd(app), func(cmd *cobra.Command) {
		name := strings.TrimPrefix(cmd.CommandPath(), "platformctl ")
		silent := strings.HasPrefix(name, "completion ") || name == "resource run" || name == "resource connect" // theirs is no answer of ours
		if _, ok := tests[name]; ok == silent || (cmd.Flag("output") == nil) != silent {
			t.Errorf("%s: in this table: %v; has -o: %v", name, ok, cmd.Flag("output") != nil)
		}
	})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			app, stdout, stderr := testPlatform(t)
			if tt.view != nil {
				if diff := cmp.Diff(tt.want, tt.view.Names()); diff != "" {
					t.Errorf("names (-want +got):\n%s", diff)
				}
			} else {
				run(t, app, name+" "+tt.args+" -o name", stdout, stderr)
				want := strings.ReplaceAll(strings.Join(tt.want, "\n")+"\n", "$DIR", app.Dir)
				if diff := cmp.Diff(want, stdout.String()); diff != "" {
					t.Errorf("stdout (-want +got):\n%s", diff)
				}
			}
			for _, line := range tt.want {
				if tt.next != "" {
					run(t, app, tt.next+" "+strings.ReplaceAll(line, "$DIR", app.Dir), stdout, stderr)
				}
			}
		})
	}
}

// run runs a command that must succeed.
func run(t *testing.T, app *App, line string, stdout, stderr *bytes.Buffer) {
	t.Helper()
	app.flags = globalFlags{}
	app.IO.Quiet = false
	stdout.Reset()
	stderr.Reset()
	if code := Main(t.Context(), strings.Fields(line), app); code != 0 {
		t.Fatalf("%s: exit code %d: %s", line, code, stderr)
	}
}
