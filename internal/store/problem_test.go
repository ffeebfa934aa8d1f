package store

import (
	"errors"
	"testing"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

func TestProblemNamesItsFileOnce(t *testing.T) {
	for want, err := range map[string]error{
		`a.yaml:3: field "x": is wrong`: &strictyaml.Error{File: "a.yaml", Line: 3, Field: "x", Problem: "is wrong"},
		"a.yaml: b.yaml: is wrong":      &strictyaml.Error{File: "b.yaml", Problem: "is wrong"},
		"a.yaml: is wrong":              errors.New("is wrong"),
	} {
		if got := (Problem{Path: "a.yaml", Err: err}).Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}
