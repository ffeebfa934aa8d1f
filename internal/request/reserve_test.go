package request_test

import (
	"errors"
	"os"
	"testing"

	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
)

// other is another user of the fixture's platform.
func (f *fixture) other() *store.Store {
	f.t.Helper()
	options := f.record.options
	options.Writer = "fedcba987654"
	s, err := store.Open(f.t.Context(), options)
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// TestRunRespectsReservation asks for a name that somebody else is making.
func TestRunRespectsReservation(t *testing.T) {
	f := newFixture(t)
	if err := f.record.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	other := f.other()
	if err := other.Reserve(store.Reservation{Name: name, Request: "01ARZ3NDEKTSV4RRFFQ69G9999", Machine: "there"}); err != nil {
		t.Fatal(err)
	}
	_, err := f.run(ask())
	var reserved *store.ReservedError
	if !errors.As(err, &reserved) || reserved.Machine != "there" {
		t.Fatalf("error = %v", err)
	}
	if f.engine.applies != 0 || f.registered(name) != [4]int{} {
		t.Errorf("applied %d times, registered %v", f.engine.applies, f.registered(name))
	}
	if open, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(open) != 0 {
		t.Errorf("unfinished: %v, %v", open, err)
	}
	if _, err := os.Stat(f.service.Paths.Runs("local", name)); err == nil {
		t.Error("a run directory was left")
	}
	if err := other.Release(name); err != nil {
		t.Fatal(err)
	}
	f.mustRun(ask())
}

// TestRunReserves holds the name from before the apply to the end of the
// request, also of one that was cut short.
func TestRunReserves(t *testing.T) {
	f := newFixture(t)
	f.engine.failure = errors.New("killed")
	if _, err := f.run(ask()); err == nil {
		t.Fatal("no error")
	}
	reservation := store.Reservation{Name: name, Request: "01ARZ3NDEKTSV4RRFFQ69G9999"}
	var reserved *store.ReservedError
	if err := f.other().Reserve(reservation); !errors.As(err, &reserved) {
		t.Errorf("the name of an unfinished request can be taken: %v", err)
	}
	f.engine.failure = nil
	f.mustRun(ask())
	if err := f.other().Reserve(reservation); err != nil {
		t.Errorf("the name is still reserved after the end: %v", err)
	}
}

// racing runs something right before the first name is reserved.
type racing struct {
	*record
	before func()
}

func (r *racing) Reserve(reservation store.Reservation) error {
	if before := r.before; before != nil {
		r.before = nil
		before()
	}
	return r.record.Reserve(reservation)
}

// TestRunMadeMeanwhile has somebody else make the resource, and give its name
// back, between the look at the record and the reservation.
func TestRunMadeMeanwhile(t *testing.T) {
	f := newFixture(t)
	if err := f.record.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.service.Record = &racing{f.record, func() {
		made := store.Resource{Environment: "local", Name: name, Main: []byte("{}\n"), Variables: []byte("{}\n")}
		made.Record.Metadata.Name = name
		spec := &made.Record.Spec
		spec.Capability, spec.Tier, spec.Environment, spec.Team = "note/text@1.0.0", "development", "local", "shop"
		spec.Request = "01ARZ3NDEKTSV4RRFFQ69G9999"
		if _, err := f.other().Commit(t.Context(), store.Change{Message: "other", Resource: &made}); err != nil {
			t.Fatal(err)
		}
	}}
	_, err := f.run(ask())
	var conflict *request.ConflictError
	if !errors.As(err, &conflict) || conflict.Name != name {
		t.Errorf("error = %v", err)
	}
	if f.engine.applies != 0 {
		t.Errorf("applied %d times", f.engine.applies)
	}
	if open, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(open) != 0 {
		t.Errorf("unfinished: %v, %v", open, err)
	}
	if err := f.other().Reserve(store.Reservation{Name: name, Request: "01ARZ3NDEKTSV4RRFFQ69G9999"}); err != nil {
		t.Errorf("the name is still reserved: %v", err)
	}
}
