package doctor

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/terraform"
)

// world is a machine in a directory, in good order: a platform with one team,
// and programs that say their version and do nothing.
type world struct {
	t       *testing.T
	dir     string // home, and the directory of everything
	bin     string
	shop    string // the platform
	env     map[string]string
	machine Machine
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, dir: dir, bin: filepath.Join(dir, "bin"), shop: filepath.Join(dir, "shop")}
	w.env = map[string]string{
		"HOME": dir, "PLATFORMCTL_HOME": filepath.Join(dir, "pctl"), "SHELL": "/bin/bash",
		"PATH": w.bin, "GIT_CONFIG_GLOBAL": filepath.Join(dir, ".gitconfig"),
	}
	w.write("bin/terraform", "#!/bin/sh\necho '{\"terraform_version\": \"1.14.0\", \"terraform_outdated\": false}'\n", 0o755)
	w.write("bin/git", "#!/bin/sh\necho 'git version 2.50.0'\n", 0o755)
	w.write("bin/platformctl", "#!/bin/sh\necho v1.0.0\n", 0o755)
	w.write("bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 17.2'\n", 0o755)
	w.write("bin/initdb", "#!/bin/sh\n", 0o755)
	w.write(".bashrc", "source <(platformctl completion bash)\n", 0o644)
	w.write(".gitconfig", "[user]\n\temail = me@example.com\n", 0o644)
	for _, dir := range []string{"config", "data", "state", "cache"} {
		if err := os.MkdirAll(filepath.Join(w.dir, "pctl", dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	getenv := func(key string) string { return w.env[key] }
	w.machine = Machine{
		Getenv: getenv, Now: time.Now, Dir: dir, Platform: w.shop, Executable: filepath.Join(w.bin, "platformctl"), Version: "v1.0.0",
		Engine:     terraform.FindOptions{Getenv: getenv},
		PostgreSQL: postgres.LocateOptions{Getenv: getenv, Patterns: []string{}},
	}
	w.create(platform.DefaultConfig("shop"))
	return w
}

// create makes the platform.
func (w *world) create(cfg platform.Config) {
	w.t.Helper()
	config, err := cfg.Marshal()
	if err != nil {
		w.t.Fatal(err)
	}
	team := backstage.Entity{
		APIVersion: backstage.APIVersion, Kind: backstage.KindGroup, Metadata: backstage.Metadata{Name: "search"},
		Spec: map[string]any{"type": "team", "children": []any{}},
	}
	if _, err := store.Create(w.t.Context(), store.Options{
		Location: platform.Location{Dir: w.shop}, Paths: w.paths(), Now: time.Now,
	}, store.Change{
		Message: "create", Files: map[string][]byte{platform.ConfigFile: config}, Put: []backstage.Entity{team},
	}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) paths() platform.Paths {
	w.t.Helper()
	home, err := platform.HomeFrom(w.machine.Getenv)
	if err != nil {
		w.t.Fatal(err)
	}
	return platform.PathsOf(home, platform.Location{Dir: w.shop})
}

// write writes a file below the directory of everything, or an absolute one.
func (w *world) write(name, text string, mode os.FileMode) {
	w.t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(w.dir, name)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chmod(name, mode); err != nil {
		w.t.Fatal(err)
	}
}

// sh runs a line as a person would after copying it.
func (w *world) sh(line string) string {
	w.t.Helper()
	cmd := exec.Command("sh", "-euc", line)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "HOME="+w.dir, "GIT_CONFIG_GLOBAL="+w.env["GIT_CONFIG_GLOBAL"])
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// check runs all checks and returns the findings of one, with all others.
func (w *world) check(name string) (found, all []Check) {
	w.t.Helper()
	all, err := Run(w.t.Context(), w.machine)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range all {
		if c.Name == name {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		w.t.Fatalf("there is no check %q", name)
	}
	return found, all
}

// worst is the finding that matters most.
func worst(checks []Check) Check {
	rank := map[State]int{Skipped: 0, OK: 1, Warning: 2, Failed: 3}
	most := checks[0]
	for _, c := range checks {
		if rank[c.State] > rank[most.State] {
			most = c
		}
	}
	return most
}

// TestInOrder finds nothing to say about a machine in good order, and leaves it
// as it is.
func TestInOrder(t *testing.T) {
	w := newWorld(t)
	before := w.sh("find . -path ./shop/.git/platformctl -prune -o -print | sort | xargs ls -ldn")
	_, all := w.check("terraform")
	for _, c := range all {
		if c.State != OK && c.State != Skipped && c.Name != "root" && c.Name != "disk" { // theirs is this machine's
			t.Errorf("%s: %s: %s", c.Name, c.State, c.Detail)
		}
	}
	if after := w.sh("find . -path ./shop/.git/platformctl -prune -o -print | sort | xargs ls -ldn"); after != before {
		t.Errorf("changed:\n%s\n%s", before, after)
	}
	seen := map[string]bool{}
	for _, c := range all {
		seen[c.Name] = true
	}
	for _, name := range Names() {
		if !seen[name] {
			t.Errorf("nothing is said about %s", name)
		}
	}
}

// TestCancelled ends at once, whatever hangs.
func TestCancelled(t *testing.T) {
	w := newWorld(t)
	w.write("bin/terraform", "#!/bin/sh\nexec /bin/sleep 60\n", 0o755)
	w.write("bin/git", "#!/bin/sh\nexec /bin/sleep 60\n", 0o755)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := Run(ctx, w.machine); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestHangingCheck(t *testing.T) {
	start := time.Now()
	if within(t.Context(), 50*time.Millisecond, func(context.Context) { time.Sleep(5 * time.Second) }) {
		t.Error("it ended in time")
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestRoomLeft(t *testing.T) {
	for text, tt := range map[string]struct {
		free, files uint64
		want        State
	}{
		"room":          {2 << 30, 1000, OK},
		"little room":   {500 << 20, 1000, Warning},
		"no room":       {10 << 20, 1000, Failed},
		"no more files": {2 << 30, 0, Failed},
	} {
		got := roomLeft("/data", tt.free, tt.files)
		if got.State != tt.want || got.State != OK && (got.Mend == "" || !strings.Contains(got.Command, "df ")) {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestShellQuotes(t *testing.T) {
	if got, want := shell("rm", "/a b/it's", ""), `rm '/a b/it'\''s' ''`; got != want {
		t.Errorf("shell() = %s, want %s", got, want)
	}
}
