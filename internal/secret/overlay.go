package secret

import (
	"errors"
	"fmt"
	"sync"
)

// overlay answers from base and keeps every change in memory.
type overlay struct {
	base Store // may be nil

	mu      sync.Mutex
	created map[string]string
	deleted map[string]bool
}

var _ Store = (*overlay)(nil)

// Overlay returns a Store that reads base and keeps what is created or deleted
// in memory, so that a plan or a dry run changes nothing. A nil base is empty.
func Overlay(base Store) Store {
	return &overlay{base: base, created: map[string]string{}, deleted: map[string]bool{}}
}

func (o *overlay) Get(ref string) (string, error) {
	if err := CheckRef(ref); err != nil {
		return "", err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.get(ref)
}

func (o *overlay) GetOrCreate(ref string) (string, error) {
	if err := CheckRef(ref); err != nil {
		return "", err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	value, err := o.get(ref)
	if errors.Is(err, ErrNotFound) {
		value = generate()
		o.created[ref] = value
		return value, nil
	}
	return value, err
}

func (o *overlay) Delete(ref string) error {
	if err := CheckRef(ref); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.created, ref)
	o.deleted[ref] = true
	return nil
}

// get needs o.mu.
func (o *overlay) get(ref string) (string, error) {
	if value, ok := o.created[ref]; ok {
		return value, nil
	}
	if o.base == nil || o.deleted[ref] {
		return "", notFound(ref)
	}
	return o.base.Get(ref)
}

func notFound(ref string) error { return fmt.Errorf("%q: %w", ref, ErrNotFound) }
