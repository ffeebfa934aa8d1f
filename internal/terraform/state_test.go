package terraform_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/terraform"
)

// B99: a state that is not what was seen last is never planned on.
func TestStateGuard(t *testing.T) {
	e := engine(t)
	first, second := t.TempDir(), t.TempDir()
	module := func(name string) terraform.Module {
		return local("./data", map[string]any{"name": name}, "main.tf", dataModule)
	}
	prepare(t, e, first, module("one"))
	prepare(t, e, second, module("one"))
	apply(t, e, second)
	other := read(t, second, "terraform.tfstate")
	apply(t, e, first)
	older := read(t, first, "terraform.tfstate")
	prepare(t, e, first, module("two"))
	apply(t, e, first)
	good := read(t, first, "terraform.tfstate")
	seen, err := terraform.StateInfo(first)
	if err != nil || seen.Serial == 0 || seen.Lineage == "" || seen.SHA256 == "" {
		t.Fatalf("StateInfo = %+v, %v", seen, err)
	}
	if n, err := terraform.Objects(first); n != 1 || err != nil {
		t.Errorf("Objects = %d, %v, want 1", n, err)
	}

	tests := map[string]struct {
		state   string // "-" for none
		problem string // "" when it is accepted
	}{
		"same":            {good, ""},
		"newer":           {strings.Replace(good, `"serial": `, `"serial": 1`, 1), ""},
		"empty":           {"", "is empty"},
		"missing":         {"-", "is missing"},
		"torn":            {good[:100], "is not whole"},
		"torn at the end": {strings.TrimRight(good, "}\n"), "is not whole"},
		"not a state":     {"{}", "is not whole"},
		"null":            {"null", "is not whole"},
		"older":           {older, "is older than the one seen last"},
		"another":         {other, "is another state than the one seen last"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(first, "terraform.tfstate")
			record := read(t, first, "state.json")
			t.Cleanup(func() {
				write(t, file, good, 0o600)
				write(t, filepath.Join(first, "terraform.tfstate.seen"), good, 0o600)
				write(t, filepath.Join(first, "state.json"), record, 0o600)
			})
			if tt.state == "-" {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else {
				write(t, file, tt.state, 0o600)
			}
			p, planErr := e.Plan(t.Context(), first, terraform.Run{})
			_, outputsErr := terraform.Outputs(first)
			_, infoErr := terraform.StateInfo(first)
			if tt.problem == "" {
				if planErr != nil || outputsErr != nil || infoErr != nil || !p.Empty() {
					t.Errorf("Plan = %+v, %v; Outputs: %v; StateInfo: %v", p, planErr, outputsErr, infoErr)
				}
				return
			}
			for what, err := range map[string]error{"Plan": planErr, "Outputs": outputsErr, "StateInfo": infoErr} {
				var damaged *terraform.StateDamagedError
				if !errors.Is(err, terraform.ErrStateDamaged) || !errors.As(err, &damaged) {
					t.Fatalf("%s: %v, want a damaged state", what, err)
				}
				if damaged.Problem != tt.problem || damaged.Recorded != seen || damaged.Path != file {
					t.Errorf("%s: %+v, want the problem %q and the state seen", what, damaged, tt.problem)
				}
				if got := read(t, damaged.Backup); got != good {
					t.Errorf("%s: the backup %s is not the state that was seen", what, damaged.Backup)
				}
			}
		})
	}
}

// A state that is being rewritten, as the engine does it, is no damaged one.
func TestStateInTheMiddleOfAWrite(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	prepare(t, e, dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule))
	apply(t, e, dir)
	file := filepath.Join(dir, "terraform.tfstate")
	good := read(t, file)
	want, err := terraform.StateInfo(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, during := range map[string]string{"empty": "", "torn": good[:len(good)/2]} {
		t.Run(name, func(t *testing.T) {
			write(t, file, during, 0o600)
			var written sync.WaitGroup
			written.Go(func() {
				time.Sleep(50 * time.Millisecond)
				if err := os.WriteFile(file, []byte(good), 0o600); err != nil {
					t.Error(err)
				}
			})
			got, err := terraform.StateInfo(dir)
			written.Wait()
			if err != nil || got != want {
				t.Errorf("StateInfo = %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

// An engine killed in its first run leaves an empty state. With nothing seen,
// nothing is lost.
func TestStateOfFirstRun(t *testing.T) {
	e := engine(t)
	for name, tt := range map[string]struct {
		state string
		err   error
	}{
		"empty":       {"", nil},
		"torn":        {`{"version": 4,`, terraform.ErrStateDamaged},
		"not a state": {`[]`, terraform.ErrStateDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			prepare(t, e, dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule))
			write(t, filepath.Join(dir, "terraform.tfstate"), tt.state, 0o644)
			p, err := e.Plan(t.Context(), dir, terraform.Run{})
			if !errors.Is(err, tt.err) {
				t.Fatalf("Plan = %v, want %v", err, tt.err)
			}
			if err == nil && p.Add != 1 {
				t.Errorf("%d to add, want 1", p.Add)
			}
		})
	}
	info, err := terraform.StateInfo(t.TempDir())
	if diff := cmp.Diff(terraform.State{}, info); diff != "" || err != nil {
		t.Errorf("StateInfo of an empty directory: %v\n%s", err, diff)
	}
}

// State and plan may hold values that are nobody else's business.
func TestFilesArePrivate(t *testing.T) {
	e := engine(t)
	dir := filepath.Join(t.TempDir(), "run")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"one", "two"} { // the second apply makes the backup
		prepare(t, e, dir, local("./data", map[string]any{"name": name}, "main.tf", dataModule))
		plan(t, e, dir, terraform.Run{})
		check(t, dir)
		if _, err := e.Apply(t.Context(), dir, terraform.Run{}); err != nil {
			t.Fatal(err)
		}
		check(t, dir)
	}
	for _, name := range []string{"terraform.tfstate", "terraform.tfstate.backup", "state.json", "terraform.tfvars.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func check(t *testing.T, dir string) {
	t.Helper()
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v, want mode 0700", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().IsRegular() && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, want 0600", entry.Name(), info.Mode())
		}
	}
}
