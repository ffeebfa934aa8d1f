package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/terraform"
)

// TestForeign tells a run that met what is not ours, and nothing else, from one
// that failed.
func TestForeign(t *testing.T) {
	notOurs := terraform.Diagnostic{Severity: "error", Summary: `role "x" exists and ` + provider.NotManaged}
	broken := terraform.Diagnostic{Severity: "error", Summary: "broken"}
	warning := terraform.Diagnostic{Severity: "warning", Summary: "old"}
	for title, test := range map[string]struct {
		err  error
		want bool
	}{
		"none":      {nil, false},
		"other":     {errors.New(notOurs.Summary), false},
		"not ours":  {&terraform.RunError{Diagnostics: []terraform.Diagnostic{warning, notOurs}}, true},
		"and more":  {&terraform.RunError{Diagnostics: []terraform.Diagnostic{notOurs, broken}}, false},
		"no reason": {&terraform.RunError{Diagnostics: []terraform.Diagnostic{warning}}, false},
		"cancelled": {&terraform.RunError{Diagnostics: []terraform.Diagnostic{notOurs}, Err: context.Canceled}, false},
	} {
		t.Run(title, func(t *testing.T) {
			got := foreign(test.err)
			if _, is := errors.AsType[*request.ForeignError](got); is != test.want || !errors.Is(got, test.err) {
				t.Errorf("foreign(%v) = %#v", test.err, got)
			}
		})
	}
}
