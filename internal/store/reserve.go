package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
)

// reservedDir is where names are reserved, beside the branch: everybody who can
// write to the repository sees them, and no commit holds them.
const reservedDir = "reserved"

// Reservation says for whom the name of a resource is kept while the resource is
// being made and is not in the record yet.
type Reservation struct {
	Name    string    `json:"name"`
	Request string    `json:"request"` // ULID
	Writer  string    `json:"writer"`  // set by the store
	Machine string    `json:"machine"`
	Since   time.Time `json:"since"`
}

// ReservedError says that a name is kept for another writer's request.
type ReservedError struct {
	Reservation
	Path string // of the file that says so
}

func (e *ReservedError) Error() string {
	return fmt.Sprintf("resource %q is being made by request %s on %s since %s",
		e.Name, e.Request, e.Machine, e.Since.UTC().Format(time.RFC3339))
}

// Reserve keeps a name for this writer until Release, also after this process
// ended. Of several writers exactly one gets it; the others get a
// [*ReservedError].
func (s *Store) Reserve(r Reservation) error {
	writer, err := s.writer()
	if err != nil {
		return err
	}
	r.Writer = writer
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	path := s.reservation(r.Name)
	if err := durable.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("reserve %q: %w", r.Name, err)
	}
	for range maxAttempts {
		err := durable.Create(path, data, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
		have, err := readReservation(path)
		switch {
		case errors.Is(err, fs.ErrNotExist): // given back this instant
		case err != nil:
			return fmt.Errorf("reserve %q: %w", r.Name, err)
		case have.Writer == writer: // left by a request that was cut short
			return durable.WriteFile(path, data, 0o666)
		default:
			return &ReservedError{have, path}
		}
	}
	return fmt.Errorf("reserve %q: others take it and give it back all the time", r.Name)
}

// Release gives a name back that this writer has reserved. Without a reservation
// of this writer it does nothing.
func (s *Store) Release(name string) error {
	path := s.reservation(name)
	have, err := readReservation(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("release %q: %w", name, err)
	}
	if writer, err := s.writer(); err != nil || have.Writer != writer {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("release %q: %w", name, err)
	}
	return nil // not synced: what a crash brings back is released by the next request
}

func (s *Store) reservation(name string) string {
	return s.repo.Private(filepath.Join(reservedDir, name+".json"))
}

func readReservation(path string) (Reservation, error) {
	data, err := durable.ReadFile(path, durable.Small)
	if err != nil {
		return Reservation{}, err
	}
	var r Reservation
	if err := json.Unmarshal(data, &r); err != nil {
		return Reservation{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}
