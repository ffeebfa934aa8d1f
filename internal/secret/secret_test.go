package secret

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
)

// childDir makes this test binary create secrets in a directory until it is
// killed or has created childCount of them.
const (
	childDir   = "SECRET_TEST_DIR"
	childCount = "SECRET_TEST_COUNT"
)

func TestMain(m *testing.M) {
	dir := os.Getenv(childDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	count := 0
	_, _ = fmt.Sscan(os.Getenv(childCount), &count)
	for i := range count {
		s, err := Open(dir, "")
		if err == nil {
			var value string
			value, err = s.GetOrCreate(fmt.Sprintf("db/n%d", i))
			fmt.Println(value)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func child(t *testing.T, dir string, count int) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir, fmt.Sprintf("%s=%d", childCount, count))
	return cmd
}

func TestOneValueForAllGoroutines(t *testing.T) {
	identity, _ := newIdentity(t, 1)
	for name, newStore := range map[string]func(dir string, i int) Store{
		"plain": func(dir string, _ int) Store { return open(t, dir, "") },
		"age":   func(dir string, _ int) Store { return open(t, dir, identity) },
		// While the configuration changes, some see an identity and some not.
		"plain and age": func(dir string, i int) Store { return open(t, dir, []string{"", identity}[i%2]) },
	} {
		t.Run(name, func(t *testing.T) {
			for range 3 {
				dir := newDir(t)
				values, errs := make([]string, 16), make([]error, 16)
				var wg sync.WaitGroup
				start := make(chan struct{})
				for i := range values {
					s := newStore(dir, i)
					wg.Go(func() {
						<-start
						values[i], errs[i] = s.GetOrCreate(ref)
					})
				}
				close(start)
				wg.Wait()
				distinct := map[string]bool{}
				for i := range values {
					if errs[i] == nil {
						distinct[values[i]] = true
					} else if !errors.Is(errs[i], ErrNoIdentity) {
						t.Error(errs[i])
					}
				}
				if len(distinct) != 1 {
					t.Errorf("%d values: %v", len(distinct), distinct)
				}
			}
		})
	}
}

func TestOneValueForAllProcesses(t *testing.T) {
	dir := newDir(t)
	outputs := make([]string, 16)
	var wg sync.WaitGroup
	for i := range outputs {
		cmd := child(t, dir, 5)
		wg.Go(func() {
			out, err := cmd.Output()
			if err != nil {
				t.Errorf("child: %v", err)
			}
			outputs[i] = string(out)
		})
	}
	wg.Wait()
	if lines := strings.Fields(outputs[0]); len(lines) != 5 || !generated.MatchString(lines[4]) {
		t.Errorf("a child printed %q, want 5 values", outputs[0])
	}
	for i, out := range outputs {
		if out != outputs[0] {
			t.Errorf("process %d got %q, process 0 got %q", i, out, outputs[0])
		}
	}
}

// What a killed process was told is there, and what it was not told is whole
// or absent.
func TestKilledProcess(t *testing.T) {
	for range 10 {
		dir := newDir(t)
		cmd := child(t, dir, 100_000)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		lines.Scan()
		told := []string{lines.Text()}
		time.AfterFunc(time.Duration(rand.IntN(30_000))*time.Microsecond, func() { _ = cmd.Process.Kill() })
		for lines.Scan() {
			told = append(told, lines.Text())
		}
		_ = cmd.Wait() // killed

		s := open(t, dir, "")
		for i, want := range told {
			if len(want) < valueLength { // the last line was cut
				continue
			}
			if got := mustGet(t, s.Get, fmt.Sprintf("db/n%d", i)); got != want {
				t.Errorf("value %d = %q, the process was told %q", i, got, want)
			}
		}
		checkWhole(t, dir)
		if got := mustGet(t, s.GetOrCreate, "db/after"); !generated.MatchString(got) {
			t.Errorf("the next value = %q", got)
		}
	}
}

// checkWhole looks at every file that a reader would take for a value.
func checkWhole(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "db"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), durable.TempPrefix) {
			return err
		}
		data, err := os.ReadFile(path)
		if !generated.MatchString(strings.TrimSuffix(string(data), "\n")) {
			t.Errorf("%s holds %q", path, data)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestRefGrammar(t *testing.T) {
	long := strings.Repeat("a", maxSegment)
	good := []string{"a", "a/b", "0", "-", "postgresql/checkout-db/password", "a/b/c/d/e", long, long + "/" + long}
	bad := map[string]string{
		"empty": "", "absolute": "/a", "parent": "../a", "parent inside": "a/../b", "dot": ".", "dots": "..", "trailing slash": "a/",
		"empty segment": "a//b", "upper case": "A", "underscore": "a_b", "dot in a name": "a.b", "space": "a b", "backslash": `a\b`,
		"nul": "a\x00", "newline": "a\n", "escape": "\x1b[2J", "not ASCII": "é", "six segments": "a/b/c/d/e/f",
		"long segment": long + "a", "300 bytes": strings.Repeat("a", 300), "300 bytes in segments": strings.Repeat("aaaaaaaaa/", 29) + "aaaaaaaaaa",
		"256 bytes": long + "/" + long + "/" + strings.Repeat("a", 54), "the lock": ".lock", "a drive": "c:a",
	}
	dir := newDir(t)
	for _, s := range []Store{open(t, dir, ""), Overlay(nil)} {
		for _, ref := range good {
			mustGet(t, s.GetOrCreate, ref)
			mustGet(t, s.Get, ref)
		}
		for name, ref := range bad {
			_, getErr := s.Get(ref)
			_, createErr := s.GetOrCreate(ref)
			for call, err := range map[string]error{"Get": getErr, "GetOrCreate": createErr, "Delete": s.Delete(ref), "CheckRef": CheckRef(ref)} {
				r, ok := errors.AsType[*RefError](err)
				if !ok || r.Ref != ref {
					t.Errorf("%s: %s = %v, want a RefError", name, call, err)
					continue
				}
				if text := err.Error(); strings.ContainsAny(text, "\x00\n\x1b") || len(text) > 200 {
					t.Errorf("%s: error is not safe to show: %q", name, text)
				}
			}
		}
	}
}

func FuzzCheckRef(f *testing.F) {
	for _, s := range []string{"a/b", "../a", "/", "a/\x00", "A", strings.Repeat("a/", 9)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		if CheckRef(ref) != nil {
			return
		}
		path := (&files{dir: "/dir"}).path(ref, ageSuffix)
		if !filepath.IsLocal(ref) || path != "/dir/"+ref+".age" || strings.Count(ref, "/") > 4 || len(filepath.Base(path)) > 200 {
			t.Errorf("CheckRef(%q) = nil, path %q", ref, path)
		}
	})
}

func TestOverlayKeepsChangesToItself(t *testing.T) {
	dir := newDir(t)
	base := open(t, dir, "")
	kept := mustGet(t, base.GetOrCreate, "kept")
	before := tree(t, dir)

	o := Overlay(base)
	if got := mustGet(t, o.GetOrCreate, "kept"); got != kept {
		t.Errorf("overlay reads %q, want %q", got, kept)
	}
	created := mustGet(t, o.GetOrCreate, "new")
	if got := mustGet(t, o.Get, "new"); got != created {
		t.Errorf("overlay forgot %q: %q", created, got)
	}
	if err := errors.Join(o.Delete("kept"), o.Delete("new")); err != nil {
		t.Error(err)
	}
	for _, ref := range []string{"kept", "new"} {
		if _, err := o.Get(ref); !errors.Is(err, ErrNotFound) {
			t.Errorf("Get(%q) after Delete = %v, want %v", ref, err, ErrNotFound)
		}
	}
	if got := mustGet(t, o.GetOrCreate, "kept"); got == kept {
		t.Error("a deleted value came back")
	}
	if got := mustGet(t, base.Get, "kept"); got != kept {
		t.Errorf("base has %q, want %q", got, kept)
	}
	if after := tree(t, dir); len(after) != len(before) {
		t.Errorf("files are %v, want %v", after, before)
	}
}

// What the base cannot read is not made anew.
func TestOverlayPassesErrorsOn(t *testing.T) {
	dir := newDir(t)
	identity, _ := newIdentity(t, 1)
	mustGet(t, open(t, dir, identity).GetOrCreate, ref)
	if _, err := Overlay(open(t, dir, "")).GetOrCreate(ref); !errors.Is(err, ErrNoIdentity) {
		t.Errorf("GetOrCreate = %v, want %v", err, ErrNoIdentity)
	}
}

func TestGeneratedValues(t *testing.T) {
	counts, seen := map[rune]int{}, map[string]bool{}
	const n = 2000
	for range n {
		value := generate()
		if !generated.MatchString(value) || seen[value] {
			t.Fatalf("generate() = %q, want 32 new letters and digits", value)
		}
		seen[value] = true
		for _, r := range value {
			counts[r]++
		}
	}
	// The mean is n*32/62 = 1032 with a deviation of 32; six of them make a
	// false alarm a matter of ages, while the bias of a plain modulo is 25 %.
	for _, r := range alphabet {
		if counts[r] < 840 || counts[r] > 1225 {
			t.Errorf("%q occurs %d times", r, counts[r])
		}
	}
}
