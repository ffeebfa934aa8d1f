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
