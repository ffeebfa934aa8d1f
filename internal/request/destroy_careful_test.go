package request_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/request"
)

type movedError struct{}

func (*movedError) Error() string { return "moved" }

// TestRunElsewhere asks again for what is on another server than the environment
// has now: it is not made a second time there.
func TestRunElsewhere(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	f.target.elsewhere = &movedError{}
	f.engine.forget = true
	var moved *movedError
	if _, err := f.run(ask()); !errors.As(err, &moved) || f.engine.applies != 1 {
		t.Errorf("%d applies, error %v", f.engine.applies, err)
	}
}

// TestDestroyAgainFindsNothing finishes a destroy that was killed before its
// engine could write down that everything was gone.
func TestDestroyAgainFindsNothing(t *testing.T) {
	f := newFixture(t)
	f.mustRun(ask())
	f.engine.failure = errors.New("killed")
	if _, err := f.destroy(request.DestroyAsk{}); err == nil {
		t.Fatal("no error")
	}
	state := filepath.Join(f.service.Paths.Runs("local", name), "terraform.tfstate")
	if err := os.WriteFile(state, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.engine.failure, f.engine.lost = nil, true
	if _, err := f.destroy(request.DestroyAsk{}); err != nil {
		t.Fatal(err)
	}
	f.nothingLeft(1)
}

// TestDestroyLeavesSecretsOfOthers has a module that uses a secret which is not
// its own: the destroy says that it stays.
func TestDestroyLeavesSecretsOfOthers(t *testing.T) {
	for _, ref := range []string{"local/shop-text-2/token", "local/shared", "staging/shop-text/token"} {
		t.Run(ref, func(t *testing.T) {
			f := newFixture(t)
			f.engine.shared = ref
			value, err := f.service.Secrets.GetOrCreate(ref)
			if err != nil {
				t.Fatal(err)
			}
			f.mustRun(ask())
			var told []string
			f.service.Step = func(e request.Event) {
				if e.Phase == "note" {
					told = append(told, e.Text)
				}
			}
			if _, err := f.destroy(request.DestroyAsk{}); err != nil {
				t.Fatal(err)
			}
			f.nothingLeft(1)
			if got, err := f.service.Secrets.Get(ref); err != nil || got != value {
				t.Errorf("the secret of others is %q, %v", got, err)
			}
			if diff := cmp.Diff([]string{"left: " + ref}, told); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{ref}, f.shown[len(f.shown)-1].Destroy.Left); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestDestroyTakesNothingBackUnseen takes back a request whose engine was killed
// before its state knew what it had made, and cannot look for that. What is not
// ours does not stand in the way.
func TestDestroyTakesNothingBackUnseen(t *testing.T) {
	f := newFixture(t)
	f.engine.failure = errors.New("killed")
	if _, err := f.run(ask()); err == nil {
		t.Fatal("no error")
	}
	if err := os.Remove(filepath.Join(f.service.Paths.Runs("local", name), "terraform.tfstate")); err != nil {
		t.Fatal(err)
	}
	f.engine.failure, f.engine.failBefore = nil, errors.New("no server")
	var unfinished *request.UnfinishedError
	if _, err := f.destroy(request.DestroyAsk{}); !errors.As(err, &unfinished) || !unfinished.Destroy {
		t.Fatalf("error is %v", err)
	}
	if list, err := request.ListUnfinished(f.service.Paths.Requests()); err != nil || len(list) != 1 {
		t.Errorf("unfinished: %+v, %v", list, err)
	}
	f.engine.failBefore = &request.ForeignError{Err: errors.New("of somebody else")}
	if _, err := f.destroy(request.DestroyAsk{}); err != nil {
		t.Fatal(err)
	}
	f.nothingLeft(0)
}
