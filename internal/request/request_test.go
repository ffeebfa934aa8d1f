package request_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
)

func ask() request.Ask {
	return request.Ask{Capability: "note", Type: "text", Tier: "development", Team: "shop"}
}

const name = "shop-text"

func TestRunAppliesOnce(t *testing.T) {
	f := newFixture(t)
	first := f.mustRun(ask())
	if first.State != request.Applied || first.Name != name || first.EntityRef != "resource:default/shop-text" {
		t.Errorf("first run = %+v", first)
	}
	if diff := cmp.Diff(map[string]any{"id": "n-1"}, first.Outputs); diff != "" {
		t.Error(diff)
	}
	second := f.mustRun(ask())
	if second.State != request.Unchanged || second.RequestID != first.RequestID || f.engine.applies != 1 {
		t.Errorf("second run = %+v after %d applies", second, f.engine.applies)
	}
	if got := f.registered(name); got != [4]int{1, 1, 1, 1} {
		t.Errorf("entity, resource, requests, ledger lines = %v", got)
	}
}

// TestRunAgainFinishes cuts a request short at every place with a side effect.
// The same ask must then end with one of everything.
func TestRunAgainFinishes(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		cut, mend func(*fixture)
		want      [4]int // registered after the cut
		open      bool   // shown as unfinished after the cut
		applies   int
	}{
		"making the platform": {
			cut:  func(f *fixture) { f.record.failEnsure = broken },
			mend: func(f *fixture) { f.record.failEnsure = nil }, applies: 1,
		},
		"what a person left in the way": {
			cut:  func(f *fixture) { f.record.failTrial = broken },
			mend: func(f *fixture) { f.record.failTrial = nil }, applies: 1,
		},
		"starting the server": {
			cut:  func(f *fixture) { f.target.failStart = broken },
			mend: func(f *fixture) { f.target.failStart = nil }, applies: 1,
		},
		"apply, nothing made": {
			cut:  func(f *fixture) { f.engine.failBefore = broken },
			mend: func(f *fixture) { f.engine.failBefore = nil }, applies: 1,
		},
		"apply, something made": {
			cut:  func(f *fixture) { f.engine.failure = broken },
			mend: func(f *fixture) { f.engine.failure = nil }, open: true, applies: 2,
		},
		"before the commit": {
			cut:  func(f *fixture) { f.record.failBefore = broken },
			mend: func(f *fixture) { f.record.failBefore = nil }, open: true, applies: 2,
		},
		"after the commit": {
			cut:  func(f *fixture) { f.record.after = broken },
			mend: func(f *fixture) { f.record.after = nil }, want: [4]int{1, 1, 1, 1}, open: true, applies: 1,
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			test.cut(f)
			_, err := f.run(ask())
			if !errors.Is(err, broken) {
				t.Fatalf("cut run: %v", err)
			}
			var unfinished *request.UnfinishedError
			if errors.As(err, &unfinished) != test.open {
				t.Errorf("error is unfinished: %v, want %v: %v", !test.open, test.open, err)
			}
			if got := f.registered(name); got != test.want {
				t.Errorf("registered after the cut: %v, want %v", got, test.want)
			}
			list, err := request.ListUnfinished(f.service.Paths.Requests())
			if err != nil || (len(list) == 1) != test.open {
				t.Errorf("ListUnfinished = %+v, %v", list, err)
			}
			test.mend(f)
			result := f.mustRun(ask())
			if test.open && result.RequestID != unfinished.RequestID {
				t.Errorf("request %s was finished as %s", unfinished.RequestID, result.RequestID)
			}
			if got := f.registered(name); got != [4]int{1, 1, 1, 1} {
				t.Errorf("registered in the end: %v", got)
			}
			if list, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(list) != 0 {
				t.Errorf("still unfinished: %+v, %v", list, err)
			}
			if again := f.mustRun(ask()); again.State != request.Unchanged {
				t.Errorf("and again: %s", again.State)
			}
		})
	}
}

func TestRunRefusesWithoutATrace(t *testing.T) {
	tests := map[string]struct {
		change func(*request.Ask)
		as     any
	}{
		"capability":        {func(a *request.Ask) { a.Capability = "nte" }, new(*capability.UnknownError)},
		"type":              {func(a *request.Ask) { a.Type = "txt" }, new(*platform.UnknownError)},
		"tier":              {func(a *request.Ask) { a.Tier = "prod" }, new(*platform.UnknownError)},
		"no tier":           {func(a *request.Ask) { a.Tier = "" }, new(*request.MissingError)},
		"no team":           {func(a *request.Ask) { a.Team = "" }, new(*request.MissingError)},
		"team":              {func(a *request.Ask) { a.Team = "../x" }, new(*platform.NameError)},
		"name":              {func(a *request.Ask) { a.Name = "CON" }, new(*platform.NameError)},
		"environment":       {func(a *request.Ask) { a.Environment = "moon" }, new(*platform.UnknownError)},
		"component":         {func(a *request.Ask) { a.For = "component:none" }, new(*platform.UnknownError)},
		"unknown input":     {func(a *request.Ask) { a.Inputs = map[string]any{"sze": 1} }, new(*capability.InputError)},
		"type of an input":  {func(a *request.Ask) { a.Inputs = map[string]any{"size": "x"} }, new(*capability.InputError)},
		"locked input":      {func(a *request.Ask) { a.Tier = "production"; a.Inputs = map[string]any{"size": int64(2)} }, new(*capability.LockedError)},
		"a name of 64 team": {func(a *request.Ask) { a.Team = "a23456789-123456789-123456789-1234567890" }, new(*platform.NameError)},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			a := ask()
			test.change(&a)
			_, err := f.run(a)
			if !errors.As(err, test.as) {
				t.Fatalf("error is %T: %v", err, err)
			}
			for _, dir := range []string{"platform", "state", "data"} {
				if _, err := os.Stat(filepath.Join(f.home, dir)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s was made", dir)
				}
			}
		})
	}
}

// What the machine lacks is noticed before the first trace, too.
func TestRunRefusesWithoutTheMachine(t *testing.T) {
	missing := errors.New("no terraform found")
	for title, lack := range map[string]func(*fixture){
		"M2_no_engine": func(f *fixture) { f.engine.missing = missing },
		"M4_no_server": func(f *fixture) { f.target.failCheck = missing },
	} {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			lack(f)
			if _, err := f.run(ask()); !errors.Is(err, missing) {
				t.Fatalf("error is %v", err)
			}
			for _, dir := range []string{"platform", "state", "data"} {
				if _, err := os.Stat(filepath.Join(f.home, dir)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s was made", dir)
				}
			}
		})
	}
}

func TestRunConflicts(t *testing.T) {
	tests := map[string]struct {
		change func(*request.Ask, *fixture)
		as     any
	}{
		"tier":            {func(a *request.Ask, _ *fixture) { a.Tier = "production" }, new(*request.ConflictError)},
		"team":            {func(a *request.Ask, _ *fixture) { a.Team, a.Name = "search", name }, new(*request.ConflictError)},
		"immutable input": {func(a *request.Ask, _ *fixture) { a.Inputs = map[string]any{"region": "there"} }, new(*request.ConflictError)},
		"other machine":   {func(_ *request.Ask, f *fixture) { f.service.Machine = "there" }, new(*request.ElsewhereError)},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			f.mustRun(ask())
			a := ask()
			test.change(&a, f)
			if _, err := f.run(a); !errors.As(err, test.as) {
				t.Fatalf("error is %T: %v", err, err)
			}
			if f.engine.applies != 1 {
				t.Errorf("%d applies", f.engine.applies)
			}
		})
	}
}

func TestRunRepairs(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	f.engine.forget = true
	if result := f.mustRun(ask()); result.State != request.Applied || result.Counts.Add != 1 {
		t.Errorf("after the loss: %+v", result)
	}
	if got := f.registered(name); got != [4]int{1, 1, 2, 2} {
		t.Errorf("registered: %v", got)
	}
}

func TestRunKeepsEarlierInputs(t *testing.T) {
	f := newFixture(t)
	a := ask()
	a.Inputs = map[string]any{"size": int64(4)}
	f.mustRun(a)
	if result := f.mustRun(ask()); result.State != request.Unchanged {
		t.Errorf("without --set it is %s", result.State)
	}
	a.Inputs = map[string]any{"size": int64(5)}
	if result := f.mustRun(a); result.State != request.Applied || result.Counts.Change != 1 {
		t.Errorf("with another size: %+v", result)
	}
}

func TestDryRunLeavesNothing(t *testing.T) {
	f := newFixture(t)
	a := ask()
	a.DryRun = true
	if result := f.mustRun(a); result.State != request.Planned || result.Counts.Add != 1 || f.engine.applies != 0 {
		t.Errorf("dry run: %+v", result)
	}
	entries, err := os.ReadDir(f.home)
	if err != nil || len(entries) != 0 {
		t.Errorf("there is %v, %v", entries, err)
	}
}

func TestDeletionProtection(t *testing.T) {
	f := newFixture(t)
	a := ask()
	a.Tier = "production"
	f.mustRun(a)
	f.engine.replace = true
	var refused *request.RefusedError
	if _, err := f.run(a); !errors.As(err, &refused) || f.engine.applies != 1 {
		t.Errorf("after %d applies: %v", f.engine.applies, err)
	}
}

func TestDeclineLeavesNothing(t *testing.T) {
	f := newFixture(t)
	f.service.Confirm = func(context.Context, request.Plan) error { return request.ErrDeclined }
	if _, err := f.run(ask()); !errors.Is(err, request.ErrDeclined) {
		t.Fatal(err)
	}
	if f.record.store != nil || f.engine.applies != 0 {
		t.Error("something was made")
	}
	if _, err := os.Stat(f.service.Paths.Runs("local", name)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the run directory was left behind")
	}
}

// TestAnotherAskTakesOver corrects an input of a request that failed half way.
func TestAnotherAskTakesOver(t *testing.T) {
	f := newFixture(t)
	f.engine.failure = errors.New("broken")
	var unfinished *request.UnfinishedError
	if _, err := f.run(ask()); !errors.As(err, &unfinished) {
		t.Fatal(err)
	}
	f.engine.failure = nil
	a := ask()
	a.Inputs = map[string]any{"size": int64(3)}
	result := f.mustRun(a)
	if result.State != request.Applied || result.RequestID == unfinished.RequestID {
		t.Errorf("result = %+v", result)
	}
	if got := f.registered(name); got != [4]int{1, 1, 1, 1} {
		t.Errorf("registered: %v", got)
	}
}

// TestRequestIDIsUsedOnce gives the id of an earlier request to another ask.
func TestRequestIDIsUsedOnce(t *testing.T) {
	f := newFixture(t)
	a := ask()
	a.RequestID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
	if first := f.mustRun(a); first.RequestID != a.RequestID {
		t.Errorf("request id = %s", first.RequestID)
	}
	if again := f.mustRun(a); again.State != request.Unchanged {
		t.Errorf("the same ask again is %s", again.State)
	}
	for title, other := range map[string]func(*request.Ask){
		"another name":   func(a *request.Ask) { a.Name = "other-note" },
		"another input":  func(a *request.Ask) { a.Inputs = map[string]any{"size": int64(5)} },
		"another tenant": func(a *request.Ask) { a.Team = "search" },
	} {
		b := a
		other(&b)
		var used *request.UsedIDError
		if _, err := f.run(b); !errors.As(err, &used) || f.engine.applies != 1 {
			t.Errorf("%s, after %d applies: %v", title, f.engine.applies, err)
		}
	}
}

// TestForNamesAComponent gives other kinds of entities that exist.
func TestForNamesAComponent(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	for _, ref := range []string{"group:shop", "resource:shop-text"} {
		a := ask()
		a.Name, a.For = "second-note", ref
		var unknown *platform.UnknownError
		if _, err := f.run(a); !errors.As(err, &unknown) || unknown.What != "component" || f.engine.applies != 1 {
			t.Errorf("for %s, after %d applies: %v", ref, f.engine.applies, err)
		}
	}
}
