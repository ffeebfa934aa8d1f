package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// F46: any other byte in place of any byte of a chain is found, and so is any
// byte that is gone or doubled.
func TestEveryByteCounts(t *testing.T) {
	_, good := chain(t, 2)
	tampered := func(kind string, at int, data []byte) {
		t.Helper()
		events, err := Parse(data)
		if err == nil && Check(events) == nil {
			t.Fatalf("%s at byte %d was not found:\n%s", kind, at, data)
		}
	}
	for at := range good {
		for _, mask := range []byte{0x01, 0x20, 0x80} {
			data := bytes.Clone(good)
			data[at] ^= mask
			tampered(fmt.Sprintf("flip %02x", mask), at, data)
		}
		tampered("byte gone", at, slices.Delete(bytes.Clone(good), at, at+1))
		tampered("byte doubled", at, slices.Insert(bytes.Clone(good), at, good[at]))
		tampered("space inserted", at, slices.Insert(bytes.Clone(good), at, ' '))
	}
}

// The events that are damaged are named, and no others.
func TestCheckNamesThePlace(t *testing.T) {
	tests := map[string]struct {
		change func([]Event) []Event
		want   []string
	}{
		"nothing": {func(e []Event) []Event { return e }, nil},
		"changed": {
			func(e []Event) []Event { e[2].Subject = "resource:default/other"; return e },
			[]string{"event 3 (seq 3): was changed: its digest does not match"},
		},
		"changed and sealed again": {
			func(e []Event) []Event {
				again := e[2]
				again.Subject = "resource:default/other"
				e[2], _, _ = Seal(Last(e[:2]), again)
				return e
			},
			[]string{"event 4 (seq 4): is not chained to the event before it"},
		},
		"first gone": {
			func(e []Event) []Event { return e[1:] },
			[]string{"event 1 (seq 2): follows seq 0", "event 1 (seq 2): is not chained to the event before it"},
		},
		"cut inside": {
			func(e []Event) []Event { return slices.Delete(e, 1, 3) },
			[]string{"event 2 (seq 4): follows seq 1", "event 2 (seq 4): is not chained to the event before it"},
		},
		"swapped": {
			func(e []Event) []Event { e[1], e[2] = e[2], e[1]; return e },
			[]string{
				"event 2 (seq 3): follows seq 1", "event 2 (seq 3): is not chained to the event before it",
				"event 3 (seq 2): follows seq 3", "event 3 (seq 2): is not chained to the event before it",
				"event 4 (seq 4): follows seq 2", "event 4 (seq 4): is not chained to the event before it",
			},
		},
		"doubled": {
			func(e []Event) []Event { return slices.Insert(e, 3, e[2]) },
			[]string{
				"event 4 (seq 3): follows seq 3", "event 4 (seq 3): is not chained to the event before it",
				"event 4 (seq 3): has the id of event 3",
			},
		},
		"inserted": {
			func(e []Event) []Event {
				forged, _, _ := Seal(Last(e[:2]), event(99))
				return slices.Insert(e, 2, forged)
			},
			[]string{"event 4 (seq 3): follows seq 3", "event 4 (seq 3): is not chained to the event before it"},
		},
		"of another writer": {
			func(e []Event) []Event {
				other := event(9)
				other.Writer = "w-0000"
				sealed, _, _ := Seal(Last(e), other)
				return append(e, sealed)
			},
			[]string{`event 5 (seq 5): has writer "w-0000" in the chain of "w-4f2a"`},
		},
		"same id twice": {
			func(e []Event) []Event {
				sealed, _, _ := Seal(Last(e), event(2))
				return append(e, sealed)
			},
			[]string{"event 5 (seq 5): has the id of event 2"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			events, _ := chain(t, 4)
			var got []string
			for _, p := range Check(tt.change(events)) {
				got = append(got, p.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Check() (-want +got):\n%s", diff)
			}
		})
	}
}

// What a chain alone cannot show, so that nobody relies on it.
func TestCheckCannotSee(t *testing.T) {
	events, _ := chain(t, 4)
	if problems := Check(events[:2]); problems != nil {
		t.Errorf("a cut tail: %v", problems)
	}
	var again []Event
	for i, e := range events {
		e.Actor = "somebody else"
		sealed, _, err := Seal(Last(again[:i]), e)
		if err != nil {
			t.Fatal(err)
		}
		again = append(again, sealed)
	}
	if problems := Check(again); problems != nil {
		t.Errorf("a chain made anew: %v", problems)
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	_, data := chain(t, 2)
	_, err := Parse([]byte(strings.Replace(string(data), `"seq":2`, `"seq": 2`, 1)))
	if got, want := fmt.Sprint(err), "ledger line 2: is not in canonical form"; got != want {
		t.Errorf("error = %q, want %q", got, want)
	}
	_, err = Parse(data[:len(data)-1])
	if torn, ok := errors.AsType[*TornError](err); !ok || !strings.HasPrefix(torn.Error(), "ledger line 2: torn after ") {
		t.Errorf("error = %v", err)
	}
}
