package store

import (
	"fmt"
	"time"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/ledger"
)

// Change is what one commit does. Only Message is required.
type Change struct {
	Message string
	// Author of the commit; the zero Author is platformctl itself.
	Author Author
	// Time of the commit; the zero time is now.
	Time time.Time

	// Put adds or replaces entities, Delete removes them. Deleting what is not
	// there is no error.
	Put    []backstage.Entity
	Delete []backstage.Ref
	// Resource is added or replaced; DropResources are removed with all their
	// files.
	Resource      *Resource
	DropResources []ResourceKey
	// Files outside catalog, resources, requests and ledger, by path; nil
	// removes the file.
	Files map[string][]byte
	// Request is the frozen request and its outcome.
	Request *Request
	// Events are appended to this writer's chain in this order. Writer, Seq,
	// Prev and Digest are set by the store.
	Events []ledger.Event

	// Trial only finds out whether the change could be recorded: the errors
	// are those of a commit, and nothing is written.
	Trial bool

	// Check is called with the tip that the commit will be built on, while
	// other writers wait. Its error ends the commit and is returned as it is.
	// It may be called again when the branch moved meanwhile.
	Check func(tip *Snapshot) error
}

// Author is the author of a commit.
type Author struct {
	Name, Email string
}

// Receipt tells what a commit did.
type Receipt struct {
	// Commit is the hash of the commit in hexadecimal.
	Commit string
	// Events are those of the change, sealed.
	Events []ledger.Event
	// Behind says why the working tree could not be brought along although the
	// commit is done; the next commit does it. It is nil when all is well.
	Behind error
}

// ChangeError says what part of a change cannot be recorded.
type ChangeError struct {
	Path, Problem string
}

func (e *ChangeError) Error() string {
	return fmt.Sprintf("cannot record %q: %s", e.Path, e.Problem)
}
