package request_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/platformctl/platformctl/internal/request"
)

// TestRequestTakesThePlaceOfADestroy asks for a resource again whose destroy was
// cut short: what is gone is made again, with a new secret.
func TestRequestTakesThePlaceOfADestroy(t *testing.T) {
	broken := errors.New("broken")
	tests := map[string]struct {
		cut, mend func(*fixture)
		want      string
		same      bool // the secret
	}{
		"apply": {
			cut:  func(f *fixture) { f.engine.failure = broken },
			mend: func(f *fixture) { f.engine.failure = nil }, want: request.Applied, same: true,
		},
		"before the commit": {
			cut:  func(f *fixture) { f.record.failBefore = broken },
			mend: func(f *fixture) { f.record.failBefore = nil }, want: request.Applied,
		},
		"after the commit": {
			cut:  func(f *fixture) { f.record.after = broken },
			mend: func(f *fixture) { f.record.after = nil }, want: request.Applied,
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			f.mustRun(ask())
			before, err := f.service.Secrets.Get(tokenRef)
			if err != nil {
				t.Fatal(err)
			}
			test.cut(f)
			if _, err := f.destroy(request.DestroyAsk{}); !errors.Is(err, broken) {
				t.Fatal(err)
			}
			test.mend(f)
			if result := f.mustRun(ask()); result.State != test.want {
				t.Errorf("the request is %s", result.State)
			}
			if got := f.registered(name); got[0] != 1 || got[1] != 1 {
				t.Errorf("registered: %v", got)
			}
			if list, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(list) != 0 {
				t.Errorf("unfinished: %+v, %v", list, err)
			}
			after, err := f.service.Secrets.Get(tokenRef)
			if err != nil || (after == before) != test.same {
				t.Errorf("the secret is the same: %v, %v", after == before, err)
			}
		})
	}
}

// TestDestroyTakesARequestBack destroys what a request made that did not come
// into the record.
func TestDestroyTakesARequestBack(t *testing.T) {
	broken := errors.New("broken")
	for title, test := range map[string]struct{ cut, mend func(*fixture) }{
		"apply": {
			cut:  func(f *fixture) { f.engine.failure = broken },
			mend: func(f *fixture) { f.engine.failure = nil },
		},
		"before the commit": {
			cut:  func(f *fixture) { f.record.failBefore = broken },
			mend: func(f *fixture) { f.record.failBefore = nil },
		},
		"the state knows nothing of it": {
			cut: func(f *fixture) { f.engine.failure = broken },
			mend: func(f *fixture) {
				f.engine.failure = nil
				if err := os.Remove(filepath.Join(f.service.Paths.Runs("local", name), "terraform.tfstate")); err != nil {
					f.t.Fatal(err)
				}
			},
		},
	} {
		t.Run(title, func(t *testing.T) {
			f := newFixture(t)
			a := ask()
			a.Tier = "production" // what was never delivered is not protected
			test.cut(f)
			if _, err := f.run(a); !errors.Is(err, broken) {
				t.Fatal(err)
			}
			test.mend(f)
			result, err := f.destroy(request.DestroyAsk{})
			if err != nil || result.Registered || result.Counts.Destroy != 1 {
				t.Errorf("result = %+v, %v", result, err)
			}
			f.nothingLeft(0)
			if result := f.mustRun(ask()); result.State != request.Applied {
				t.Errorf("asked for again: %+v", result)
			}
		})
	}
}
