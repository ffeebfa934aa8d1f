package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDestroyPrompt answers the question of a destroy on a terminal: only the
// name in full does it.
func TestDestroyPrompt(t *testing.T) {
	s := usedSite(t)
	tests := []struct {
		typed, says string
		code        int
	}{
		{"y\r", `"y" is not shop-plain`, 130},
		{"shop\r", `"shop" is not shop-plain`, 130},
		{"\r", "no resource was changed", 130},
		{"\x03", "no resource was changed", 130},
		{"shop-plain \r", "shop-plain is destroyed", 0},
	}
	for _, kind := range []string{"xterm-256color", "dumb"} {
		for _, test := range tests {
			t.Run(kind+fmt.Sprintf("/%q", test.typed), func(t *testing.T) {
				term := startTerminal(t, []string{"TERM=" + kind, "PLATFORMCTL_HOME=" + s.home}, "resource", "destroy", "shop-plain")
				term.expect("Type shop-plain to destroy it", test.typed)
				if code := term.exit(); code != test.code || !strings.Contains(term.screen(), test.says) {
					t.Errorf("exit code %d:\n%s", code, term.screen())
				}
			})
		}
		s.must(t, "request", "note", "--tier=draft", "--team=shop", "--set=text=hello", "--auto-approve")
	}
}

// TestDestroyKilledAnywhere kills -9 one destroy after the other, each a little
// later in its life. The same destroy must then end with nothing, told once.
func TestDestroyKilledAnywhere(t *testing.T) {
	home := t.TempDir()
	env := append(os.Environ(), "HOME="+home, "PLATFORMCTL_HOME="+filepath.Join(home, "pctl"), "TMPDIR="+home, "TF_CLI_CONFIG_FILE=")
	command := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Dir, cmd.Env = home, env
		return cmd
	}
	const name = "shop-postgresql"
	must := func(args ...string) []byte {
		t.Helper()
		out, err := command(args...).Output()
		if err != nil {
			t.Fatalf("%q: %v\n%s", args, err, stderrOf(err))
		}
		return out
	}
	request := []string{"request", "database", "--tier", "production", "--team", "shop", "--auto-approve", "-o", "json"}
	destroy := []string{"resource", "destroy", name, "--allow-protected", "--confirm", name, "-o", "json"}
	t.Cleanup(func() {
		files, _ := filepath.Glob(filepath.Join(home, "pctl", "data", "platforms", "*", "local", "*", "data", "postmaster.pid"))
		for _, file := range files {
			if err := stopServer(file); err != nil {
				t.Error(err)
			}
		}
	})
	must(request...)
	start := time.Now()
	must(destroy...)
	whole := time.Since(start)

	const rounds = 12
	killed := 0
	for i := range rounds {
		delay := whole * time.Duration(i) / rounds
		must(request...)
		cut := command(destroy...)
		if err := cut.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(delay)
		_ = cut.Process.Kill()
		if err := cut.Wait(); err != nil {
			killed++
		}
		out, err := command(destroy...).Output()
		if err != nil && !strings.Contains(stderrOf(err), "unknown resource") { // the first came to its end
			t.Fatalf("after a kill at %v: %v\n%s", delay, err, stderrOf(err))
		}
		var result struct{ State string }
		if err == nil {
			if err := json.Unmarshal(out, &result); err != nil || result.State != "destroyed" {
				t.Errorf("after a kill at %v: %+v, %v", delay, result, err)
			}
		}
	}
	if killed < rounds/2 {
		t.Errorf("only %d of %d were killed before their end", killed, rounds)
	}
	must("verify")
	platform := filepath.Join(home, "pctl", "data", "platform")
	lines, err := exec.CommandContext(t.Context(), "git", "-C", platform, "grep", "-h", "resource.destroyed", "HEAD", "--", "ledger").Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(lines), "\n"); n != rounds+1 {
		t.Errorf("%d ledger lines for %d destroys", n, rounds+1)
	}
	for _, pattern := range []string{"state/platforms/*/runs/*/*", "state/platforms/*/runs/*/.*", "data/platforms/*/secrets/*/*", "state/platforms/*/requests/open/*"} {
		if left, err := filepath.Glob(filepath.Join(home, "pctl", pattern)); err != nil || len(left) > 0 {
			t.Errorf("left are %q, %v", left, err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "git", "-C", platform, "status", "--porcelain").Output(); err != nil || len(out) > 0 {
		t.Errorf("git status: %v\n%s", err, out)
	}
}
