package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/terraform"
	"github.com/platformctl/platformctl/internal/ui"
)

func newCapabilityTestCmd(app *App) *cobra.Command {
	var run string
	cmd := &cobra.Command{
		Use: "test [NAME | DIR]...", Short: "Plan the tests of a capability with Terraform, and compare",
		Long: helpText("capability-test"),
		Example: `  platformctl capability test cache
  platformctl capability test ./capabilities/cache --run 'minimal production'`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return runCapabilityTest(cmd.Context(), app, given, run)
		},
		ValidArgsFunction: app.complete(completeCapabilities),
	}
	cmd.Flags().StringVar(&run, "run", "", "name of the only test to run")
	outputFlag(cmd, app)
	return cmd
}

// States of a test.
const (
	testPassed   = "passed"
	testFailed   = "failed"
	testUntested = "untested" // what it needs cannot be had here
	testPlanned  = "planned"  // it expects nothing
)

// triedView is what `capability test` answers.
type triedView struct {
	Tests []testView `json:"tests"`
}

// testView is how one test ended.
type testView struct {
	Capability string                 `json:"capability"`
	Test       string                 `json:"test"`
	State      string                 `json:"state"`
	Want       *capability.PlanCounts `json:"want,omitempty"`
	Got        *capability.PlanCounts `json:"got,omitempty"`
	Changes    []request.Change       `json:"changes,omitempty"`
	Mocked     []string               `json:"mocked,omitempty"` // providers whose target could not be had
	Reason     string                 `json:"reason,omitempty"`
}

func runCapabilityTest(ctx context.Context, app *App, given []string, run string) error {
	all, err := app.locateCapabilities(ctx, given)
	if err != nil {
		return err
	}
	e, err := app.bareEngine()
	if err != nil {
		return err
	}
	if _, err := e.find(ctx); err != nil {
		return err
	}
	view, names := triedView{Tests: []testView{}}, []string{}
	for _, at := range all {
		def, err := at.load()
		if err != nil {
			return err
		}
		for _, test := range def.Spec.Tests {
			names = append(names, test.Name)
		}
		results, err := e.tests(ctx, def, run)
		if err != nil {
			return err
		}
		view.Tests = append(view.Tests, results...)
	}
	if len(view.Tests) == 0 && run != "" {
		return &capability.UnknownError{What: "test", Name: run, Known: names}
	}
	if err := app.print(view); err != nil {
		return err
	}
	view.warn(app)
	return view.verdict()
}

// warn says what a person should know of tests that did not fail.
func (v triedView) warn(app *App) {
	silent := 0
	for _, t := range v.Tests {
		if len(t.Mocked) > 0 {
			app.note("warning: %s/%s: planned with %s mocked: %s", t.Capability, t.Test, strings.Join(t.Mocked, ", "), t.Reason)
		}
		if t.State == testPlanned {
			silent++
		}
	}
	switch silent {
	case 0:
	case 1:
		app.note("warning: 1 test expects nothing")
	default:
		app.note("warning: %d tests expect nothing", silent)
	}
}

// tests plans the tests of a definition, or the one called run, in one scratch
// directory: what is fetched and installed, is so once.
func (e *engine) tests(ctx context.Context, def *capability.Definition, run string) ([]testView, error) {
	dir, remove, err := e.session.app.TempDir()
	if err != nil {
		return nil, err
	}
	defer remove()
	var results []testView
	for _, test := range def.Spec.Tests {
		if run != "" && run != test.Name {
			continue
		}
		result, err := e.test(ctx, request.Tryout{Definition: def, Test: test, Dir: dir})
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

// test plans one test.
func (e *engine) test(ctx context.Context, t request.Tryout) (testView, error) {
	test := t.Test
	view := testView{Capability: t.Definition.Name(), Test: test.Name, Want: test.ExpectPlan}
	trial, err := request.Try(ctx, e, t)
	if ctx.Err() != nil {
		return view, ctx.Err()
	}
	if err != nil {
		view.State, view.Reason = testFailed, err.Error()
		if failed, ok := errors.AsType[*terraform.RunError](err); ok && (failed.Verb == "init" || failed.Verb == "get") {
			view.State = testUntested
		}
		return view, nil
	}
	got := capability.PlanCounts(trial.Changes.Counts)
	view.Got, view.Changes, view.Mocked = &got, trial.Changes.Changes, trial.Mocked
	if trial.Reason != nil {
		view.Reason = trial.Reason.Error()
	}
	switch {
	case test.ExpectPlan == nil:
		view.State = testPlanned
	case *test.ExpectPlan == got:
		view.State = testPassed
	default:
		view.State = testFailed
	}
	return view, nil
}

// verdict is nil when no test failed and one passed at least.
func (v triedView) verdict() error {
	passed, failed, untested := 0, 0, 0
	for _, t := range v.Tests {
		switch t.State {
		case testPassed:
			passed++
		case testFailed:
			failed++
		case testUntested:
			untested++
		}
	}
	switch {
	case len(v.Tests) == 0:
		return &checkError{"there are no tests"}
	case failed+untested > 0:
		return &checkError{fmt.Sprintf("of %s, %d failed and %d could not be run", count(len(v.Tests), "test"), failed, untested)}
	case passed == 0:
		return &checkError{"nothing was compared: no test expects a plan"}
	}
	return nil
}

// Names are the tests that failed or could not be run, as CAPABILITY/TEST.
func (v triedView) Names() []string {
	names := []string{}
	for _, t := range v.Tests {
		if t.State == testFailed || t.State == testUntested {
			names = append(names, t.Capability+"/"+t.Test)
		}
	}
	return names
}

// Text is the answer for people.
func (v triedView) Text(t *ui.Text) {
	for _, test := range v.Tests {
		t.Heading(fmt.Sprintf("%s: %s, %s", test.State, test.Capability, test.Test))
		if test.Got != nil {
			t.Pair("plans", countsText(request.Counts(*test.Got)))
		}
		if test.State == testPlanned {
			t.Pair("to expect it", fmt.Sprintf("expectPlan: {add: %d, change: %d, destroy: %d}", test.Got.Add, test.Got.Change, test.Got.Destroy))
		}
		if test.State == testFailed && test.Got != nil {
			t.Pair("expects", countsText(request.Counts(*test.Want)))
			for _, c := range test.Changes {
				t.Bullet(c.Action + " " + c.Address)
			}
		}
		if len(test.Mocked) > 0 {
			t.Pair("mocked", strings.Join(test.Mocked, ", "))
		}
		if test.Reason != "" {
			t.Pair("because", test.Reason)
		}
	}
}
