// Package secret keeps the secrets that platformctl generates: in files that
// only their owner reads, or in memory over another store for plans and dry
// runs. Everything else holds a reference, never a value.
package secret

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
)

// Store keeps generated secrets under references: 1 to 5 segments of
// [a-z0-9-]+ joined by "/", such as "postgresql/checkout-db/password". Every
// method refuses another reference with a *RefError. A Store is safe for
// concurrent use.
type Store interface {
	// Get returns the value, or an error that is ErrNotFound.
	Get(ref string) (string, error)
	// GetOrCreate returns the value and generates it when there is none:
	// 32 characters of [A-Za-z0-9]. All callers get the same value, and it
	// is on disk before any of them does.
	GetOrCreate(ref string) (string, error)
	// Delete removes the value. Deleting what does not exist is no error.
	Delete(ref string) error
}

var (
	// ErrNotFound says that a reference has no value.
	ErrNotFound = errors.New("secret not found")
	// ErrWrongIdentity says that a value is encrypted to identities that are
	// not in the identity file.
	ErrWrongIdentity = errors.New("secret is encrypted to another identity")
	// ErrNoIdentity says that a value is encrypted and no identity file is
	// configured.
	ErrNoIdentity = errors.New("secret is encrypted and no identity is configured")
)

// RefError reports a reference outside the grammar of Store.
type RefError struct {
	Ref     string
	Problem string
}

func (e *RefError) Error() string {
	return fmt.Sprintf("secret reference %+.80q: %s", e.Ref, e.Problem)
}

// UnsafeError reports a path that somebody else can read or owns.
type UnsafeError struct {
	Path    string
	Problem string
}

func (e *UnsafeError) Error() string { return fmt.Sprintf("%q %s", e.Path, e.Problem) }

// DamagedError reports a stored value that cannot have been written by a
// Store. Such a value is never shortened or repaired, and never shown.
type DamagedError struct {
	Ref     string
	Problem string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("secret %q is damaged: %s", e.Ref, e.Problem)
}

// LockedError reports a store that another process has been writing to for too
// long, so it must hang or be stopped.
type LockedError struct {
	Path string // of the lock file
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("secrets are locked by another process (%q)", e.Path)
}

// Limits of a reference. Together with a suffix a segment stays below the 255
// bytes that file systems allow a name.
const (
	maxSegments = 5
	maxSegment  = 100
	maxRef      = 255
)

// CheckRef returns a *RefError unless ref is a valid reference.
func CheckRef(ref string) error {
	if len(ref) > maxRef {
		return &RefError{Ref: ref, Problem: fmt.Sprintf("longer than %d bytes", maxRef)}
	}
	segments := strings.Split(ref, "/")
	if len(segments) > maxSegments {
		return &RefError{Ref: ref, Problem: fmt.Sprintf("more than %d segments", maxSegments)}
	}
	for _, s := range segments {
		if s == "" {
			return &RefError{Ref: ref, Problem: "empty segment"}
		}
		if len(s) > maxSegment {
			return &RefError{Ref: ref, Problem: fmt.Sprintf("segment longer than %d bytes", maxSegment)}
		}
		if strings.Trim(s, refCharacters) != "" {
			return &RefError{Ref: ref, Problem: "a segment holds only a-z, 0-9 and -"}
		}
	}
	return nil
}

const (
	refCharacters = "abcdefghijklmnopqrstuvwxyz0123456789-"
	alphabet      = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	valueLength   = 32
)

// generate returns a new value: about 190 bits, and no character that a
// connection string, a shell or SQL would need quoted.
func generate() string {
	const unbiased = 256 - 256%len(alphabet)
	value := make([]byte, 0, valueLength)
	random := make([]byte, 2*valueLength)
	for len(value) < valueLength {
		_, _ = rand.Read(random) // never fails: the program ends first
		for _, b := range random {
			if int(b) < unbiased && len(value) < valueLength {
				value = append(value, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(value)
}
