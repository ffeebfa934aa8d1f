package request_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/request"
)

// TestAnotherHomeTakesNothing asks for a resource of the same platform on the
// same machine from another home: it has neither its state nor its password.
func TestAnotherHomeTakesNothing(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	made, _ := f.engine.mark.(string)
	if !strings.HasSuffix(made, " of 0123456789ab") {
		t.Errorf("the mark is %q: two platforms of one name on one server would take it", made)
	}
	f.service.Writer = func(bool) (string, error) { return "fedcba987654", nil }
	var elsewhere *request.ElsewhereError
	for about, try := range map[string]func() error{
		"request": func() error { _, err := f.run(ask()); return err },
		"dry run": func() error { a := ask(); a.DryRun = true; _, err := f.run(a); return err },
		"destroy": func() error { _, err := f.destroy(request.DestroyAsk{}); return err },
	} {
		if err := try(); !errors.As(err, &elsewhere) || !elsewhere.User {
			t.Errorf("%s: error = %v", about, err)
		}
	}
	if f.engine.applies != 1 {
		t.Errorf("applied %d times", f.engine.applies)
	}
}

// TestUnchangedBringsFilesAlong finishes a request that was killed right after
// its commit: what the kill left behind is the next writer's to bring along, and
// an unchanged request is one then.
func TestUnchangedBringsFilesAlong(t *testing.T) {
	f := newFixture(t)
	f.record.after = errors.New("killed")
	if _, err := f.run(ask()); err == nil {
		t.Fatal("no error")
	}
	f.record.after, f.record.trials = nil, 0
	if result := f.mustRun(ask()); result.State != request.Unchanged || f.record.trials != 1 {
		t.Errorf("%s, the repository was opened for writing %d times", result.State, f.record.trials)
	}
	if f.mustRun(ask()); f.record.trials != 1 {
		t.Error("an unchanged request with nothing to finish writes")
	}
}
