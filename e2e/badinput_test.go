package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/cli"
)

// TestBadInput tries what must not be taken. Each case ends with the exit code
// for bad input, names the flag or field, shows the value escaped and cut, is
// quick, and changes nothing. The names of the cases begin with their number in
// docs/bad-input.md, which is generated from them.
//
// Most run in this process, for there are many; a row of each kind runs the
// built binary.
func TestBadInput(t *testing.T) {
	badNames(t)
	badUsage(t)
	badText(t)
	badPlatformFiles(t)
	badSettings(t)
	badEntityFiles(t)
	badCapabilityFiles(t)
	badPaths(t)
	badTargets(t)
	badKinds(t)
	badOutput(t)
	badSets(t)
	badValues(t)
	badPlans(t)
	badModules(t)
	badStates(t)
	badMachines(t)
	badDisks(t)
	badServers(t)
}

// site is a machine of its own: directories below root, and an environment.
type site struct {
	root string
	work string // working directory
	home string // $PLATFORMCTL_HOME, absent at first
	env  map[string]string
	in   io.Reader
}

func newSite(t *testing.T) *site {
	t.Helper()
	root := t.TempDir()
	s := &site{root: root, work: filepath.Join(root, "work"), home: filepath.Join(root, "pctl")}
	for _, dir := range []string{s.work, filepath.Join(root, "home"), filepath.Join(root, "tmp")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s.env = map[string]string{
		"HOME": filepath.Join(root, "home"), "PLATFORMCTL_HOME": s.home, "PLATFORMCTL_TOOLS": toolsDir(),
		"PATH": os.Getenv("PATH"), "TMPDIR": filepath.Join(root, "tmp"), "TERM": "dumb", "LANG": "C.UTF-8",
		"USER": "tester", "GIT_AUTHOR_EMAIL": "tester@example.com",
	}
	return s
}

// with is the same machine with other variables.
func (s *site) with(pairs ...string) *site {
	other := *s
	other.env = maps.Clone(s.env)
	for i := 0; i < len(pairs); i += 2 {
		other.env[pairs[i]] = pairs[i+1]
	}
	return &other
}

// answer is how a command ended.
type answer struct {
	code      int
	out, err  string
	took      time.Duration
	allocated uint64
}

// run runs platformctl in this process.
func (s *site) run(t *testing.T, args ...string) answer {
	t.Helper()
	app := cli.System(t.Context(), cli.Build{Version: "test"})
	var out, errs bytes.Buffer
	app.IO.In, app.IO.Out, app.IO.Err = s.in, &out, &errs
	if s.in == nil {
		app.IO.In = strings.NewReader("")
	}
	app.IO.InTTY, app.IO.OutTTY, app.IO.ErrTTY, app.IO.Color = false, false, false, false
	app.Getenv = func(name string) string { return s.env[name] }
	app.Dir = s.work
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	code := cli.Main(t.Context(), args, app)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	return answer{code, out.String(), errs.String(), took, after.TotalAlloc - before.TotalAlloc}
}

// exec runs the built platformctl.
func (s *site) exec(t *testing.T, args ...string) answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Stdin = s.work, s.in
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("%.80q: %v", args, err)
	}
	return answer{cmd.ProcessState.ExitCode(), out.String(), errs.String(), time.Since(start), 0}
}

// must runs the built platformctl, which must succeed.
func (s *site) must(t *testing.T, args ...string) answer {
	t.Helper()
	a := s.exec(t, args...)
	if a.code != 0 {
		t.Fatalf("platformctl %q: exit code %d\n%s", args, a.code, a.err)
	}
	return a
}

// refusal is what a command that takes no bad input does.
type refusal struct {
	code int      // 0 stands for 2, bad usage or bad input
	says []string // regular expressions that stderr matches
	slow bool     // it asks other programs, and says what they said
}

// refuses checks that run ends as wanted and changes nothing below the root.
func (s *site) refuses(t *testing.T, want refusal, run func() answer) {
	t.Helper()
	before := tree(t, s.root)
	a := run()
	if diff := cmp.Diff(before, tree(t, s.root)); diff != "" {
		t.Errorf("something changed (-before +after):\n%s", diff)
	}
	a.check(t, want)
}

func (a answer) check(t *testing.T, want refusal) {
	t.Helper()
	if want.code == 0 {
		want.code = 2
	}
	if a.code != want.code {
		t.Errorf("exit code %d, want %d", a.code, want.code)
	}
	for _, pattern := range want.says {
		if !regexp.MustCompile(pattern).MatchString(a.err) {
			t.Errorf("stderr does not match %q", pattern)
		}
	}
	for name, text := range map[string]string{"stdout": a.out, "stderr": a.err} {
		if problem := unsafe(text); problem != "" {
			t.Errorf("%s holds %s", name, problem)
		}
	}
	for line := range strings.Lines(a.err) {
		if !want.slow && !regexp.MustCompile(`^(error|hint|next|warning): .|^  `).MatchString(line) {
			t.Errorf("stderr holds a line of the value: %.80q", line)
		}
	}
	if len(a.err) > 4096 {
		t.Errorf("stderr has %d bytes", len(a.err))
	}
	if a.out != "" {
		t.Error("stdout is not empty")
	}
	if limit := 2 * time.Second; a.took > limit && !want.slow {
		t.Errorf("took %v, more than %v", a.took, limit)
	}
	if limit := uint64(30 << 20); a.allocated > limit && !want.slow {
		t.Errorf("allocated %d bytes, more than %d", a.allocated, limit)
	}
	if t.Failed() {
		t.Logf("exit code %d\nstdout: %.500q\nstderr: %.1000q", a.code, a.out, a.err)
	}
}

// unsafe names the first thing in a text that could drive a terminal or cannot
// be seen on it.
func unsafe(text string) string {
	if !utf8.ValidString(text) {
		return "bytes that are no UTF-8"
	}
	for _, r := range text {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029') {
			return fmt.Sprintf("the raw character %U", r)
		}
	}
	return ""
}

// tree describes everything below root: what a write, a new file or a removed
// one changes.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		found[path] = fmt.Sprintf("%v, %d bytes, changed %d", info.Mode(), info.Size(), info.ModTime().UnixNano())
		if path == filepath.Join(root, "tmp") {
			found[path] = info.Mode().String() // what came may have gone again
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// commit commits everything in a directory.
func commit(t *testing.T, dir string) {
	t.Helper()
	for _, args := range [][]string{{"add", "-A"}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "change"}} {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
}

// toolsDir is where `make setup` puts what the machine lacks.
func toolsDir() string {
	if dir := os.Getenv("PLATFORMCTL_TOOLS"); dir != "" {
		return dir
	}
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(os.Getenv("HOME"), ".local", "share")
	}
	return filepath.Join(data, "platformctl", "tools")
}
