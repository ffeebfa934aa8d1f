package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/terraform"
)

// TestExplainDestroy is the table of exit codes, hints and next commands of a
// destroy.
func TestExplainDestroy(t *testing.T) {
	refused := func(given request.Destruction, gates ...string) *request.RefusedError {
		e := &request.RefusedError{Name: "shop-db", Destroy: &given}
		for _, gate := range gates {
			e.Verdicts = append(e.Verdicts, request.Verdict{Gate: gate, Reason: "it is so"})
		}
		return e
	}
	foreign := &terraform.RunError{Verb: "apply", Diagnostics: []terraform.Diagnostic{{Summary: "role " + provider.NotManaged}}}
	tests := map[string]struct {
		err  error
		code int
		hint string
		next string
	}{
		"protected": {
			refused(request.Destruction{}, request.GateProtection), exitGate,
			"--allow-protected", "platformctl resource destroy shop-db --allow-protected",
		},
		"dependents": {
			refused(request.Destruction{AllowProtected: true}, request.GateDependents), exitGate,
			"--detach", "platformctl resource destroy shop-db --allow-protected --detach",
		},
		"refused again": {
			&request.UnfinishedError{Name: "shop-db", Destroy: true, Err: refused(request.Destruction{}, request.GateDependents)},
			exitUnfinished, "--detach", "platformctl resource destroy shop-db --detach",
		},
		"unfinished": {
			&request.UnfinishedError{Name: "shop-db", Destroy: true, Err: errors.New("broken")}, exitUnfinished,
			"a request keeps what is left", "platformctl resource resume shop-db",
		},
		"and why": {
			&request.UnfinishedError{Name: "shop-db", Destroy: true, Err: foreign}, exitUnfinished,
			"left untouched", "platformctl resource resume shop-db",
		},
		"no state": {
			&request.NoStateError{Name: "shop-db", Capability: "database"}, exitConflict,
			"takes over", "platformctl request database --name shop-db --auto-approve",
		},
		"lost": {
			&request.LostError{Name: "shop-db", Capability: "database", Objects: 2}, exitConflict,
			"if somebody removed it", "platformctl request database --name shop-db --auto-approve",
		},
		"unfinished elsewhere": {
			&request.UnfinishedError{Name: "shop-db", Destroy: true, Err: &movedServerError{}}, exitUnfinished,
			"put the old server back", "platformctl resource resume shop-db",
		},
		"changed": {&request.ChangedError{Name: "shop-db"}, exitConflict, "decide again", "platformctl resource show shop-db"},
	}
	app, _, _ := testApp(t)
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			got := app.explain(test.err)
			if got.Code != test.code || !strings.Contains(got.Hint, test.hint) || !slices.Equal(got.Next, []string{test.next}) {
				t.Errorf("explain(%v) = %+v, want code %d, hint %q, next %q", test.err, got, test.code, test.hint, test.next)
			}
		})
	}
}
