package terraform_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/platformctl/platformctl/internal/terraform"
)

// The engine tells of a full or read-only disk in words, which may be wrapped.
func TestRunErrorKnowsTheDisk(t *testing.T) {
	for name, tt := range map[string]struct {
		detail string
		want   error
	}{
		"M7_disk_full": {"Error message: write x:\nno space left\non device", syscall.ENOSPC},
		"M7_quota":     {"write x: disk quota exceeded", syscall.EDQUOT},
		"M8_read_only": {"open x: read-only file system", syscall.EROFS},
		"another":      {"open x: permission denied", nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := &terraform.RunError{Verb: "apply", Diagnostics: []terraform.Diagnostic{{Severity: "error", Summary: "x", Detail: tt.detail}}}
			for _, errno := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EACCES} {
				if got := errors.Is(err, errno); got != (tt.want != nil && errors.Is(errno, tt.want)) {
					t.Errorf("errors.Is(%v) = %t", errno, got)
				}
			}
		})
	}
}

// Only what a provider says of itself and of what it looks up may be for lack of a
// target: the rest is wrong with any.
func TestRunErrorUnreachable(t *testing.T) {
	refused := terraform.Diagnostic{Severity: "error", Summary: "no credentials", Address: `provider["example.com/test/fake"]`}
	data := terraform.Diagnostic{Severity: "error", Summary: "no such host", Address: "module.this.data.x.y"}
	wrong := terraform.Diagnostic{Severity: "error", Summary: "Incorrect attribute value type"}
	missing := terraform.Diagnostic{Severity: "error", Summary: "Missing required argument", Address: refused.Address}
	warning := terraform.Diagnostic{Severity: "warning", Summary: "Deprecated"}
	for name, tt := range map[string]struct {
		verb        string
		diagnostics []terraform.Diagnostic
		want        bool
	}{
		"provider":         {"plan", []terraform.Diagnostic{warning, refused, data}, true},
		"another command":  {"init", []terraform.Diagnostic{refused}, false},
		"nothing said":     {"plan", []terraform.Diagnostic{warning}, false},
		"wrong as well":    {"plan", []terraform.Diagnostic{refused, wrong}, false},
		"missing argument": {"plan", []terraform.Diagnostic{missing}, false},
	} {
		if got := (&terraform.RunError{Verb: tt.verb, Diagnostics: tt.diagnostics}).Unreachable(); got != tt.want {
			t.Errorf("%s: Unreachable() = %v", name, got)
		}
	}
}
