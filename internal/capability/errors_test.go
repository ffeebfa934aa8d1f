package capability_test

import (
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/capability"
)

// What was typed is shown escaped and cut, however long it is.
func TestErrorsShowLittle(t *testing.T) {
	long := strings.Repeat("\x1b[2J", 1<<20)
	for name, err := range map[string]error{
		"B10_unknown": &capability.UnknownError{What: "type", Name: long},
		"B10_input":   &capability.InputError{Field: long, Problem: "unknown input"},
	} {
		t.Run(name, func(t *testing.T) {
			if text := err.Error(); len(text) > 400 || strings.Contains(text, "\x1b") {
				t.Errorf("the error has %d bytes: %.400q", len(text), text)
			}
		})
	}
}
