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
