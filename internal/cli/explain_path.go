package cli

import (
	"errors"
	"fmt"

	"github.com/platformctl/platformctl/internal/durable"
)

// saltError says that the key of the pseudonyms is cut short.
type saltError struct{ path string }

func (e *saltError) Error() string {
	return fmt.Sprintf("salt: %q is damaged: it is not whole", e.path)
}

// explainPath covers paths that lead to something else than the file that is
// looked for.
func explainPath(err error, e *explanation) bool {
	_, salt := errors.AsType[*saltError](err)
	switch {
	case salt:
		e.Hint = "put the file back; if it is lost for good remove it, and people get new pseudonyms from now on"
	case errors.Is(err, durable.ErrNotRegular):
		e.Hint = "it is read as a file: put a regular one in its place, or move it away"
	case errors.Is(err, durable.ErrTooLarge):
		e.Hint = "it cannot be what it is taken for: put the right file in its place, or move it away"
	default:
		return false
	}
	e.Code = exitUsage
	return true
}
