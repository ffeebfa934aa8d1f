package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKilledAnywhere kills -9 one request after the other, each a little later in
// its life. The same request must then end with one resource, one entity and one
// ledger line, and everything must agree.
func TestKilledAnywhere(t *testing.T) {
	home := t.TempDir()
	env := append(os.Environ(), "HOME="+home, "PLATFORMCTL_HOME="+filepath.Join(home, "pctl"), "TMPDIR="+home, "TF_CLI_CONFIG_FILE=")
	command := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Dir, cmd.Env = home, env
		return cmd
	}
	request := func(team string) *exec.Cmd {
		return command("request", "database", "--tier", "development", "--team", team, "--auto-approve", "-o", "json")
	}
	t.Cleanup(func() {
		files, _ := filepath.Glob(filepath.Join(home, "pctl", "data", "platforms", "*", "local", "*", "data", "postmaster.pid"))
		for _, file := range files {
			if err := stopServer(file); err != nil {
				t.Error(err)
			}
		}
	})

	// The first starts the server; the second tells how long a request takes here.
	var whole time.Duration
	for _, team := range []string{"first", "second"} {
		start := time.Now()
		if out, err := request(team).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		whole = time.Since(start)
	}
	const rounds = 16
	killed := 0
	for i := range rounds {
		delay := whole * time.Duration(i) / rounds
		team := fmt.Sprintf("team-%c", 'a'+i)
		cut := request(team)
		if err := cut.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(delay)
		_ = cut.Process.Kill()
		if err := cut.Wait(); err != nil {
			killed++
		}
		out, err := request(team).Output()
		if err != nil {
			t.Fatalf("after a kill at %v: %v\n%s", delay, err, stderrOf(err))
		}
		var result struct{ Name, State string }
		if err := json.Unmarshal(out, &result); err != nil {
			t.Fatal(err)
		}
		if result.Name != team+"-postgresql" || result.State != "applied" && result.State != "unchanged" {
			t.Errorf("after a kill at %v: %+v", delay, result)
		}
	}
	if killed < rounds/2 {
		t.Errorf("only %d of %d requests were killed before their end", killed, rounds)
	}

	if out, err := command("verify").CombinedOutput(); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
	platform := filepath.Join(home, "pctl", "data", "platform")
	lines, err := exec.CommandContext(t.Context(), "git", "-C", platform, "grep", "-h", "request.applied", "HEAD", "--", "ledger").Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(lines), "\n"); n != rounds+2 {
		t.Errorf("%d ledger lines for %d requests", n, rounds+2)
	}
	if out, err := exec.CommandContext(t.Context(), "git", "-C", platform, "status", "--porcelain").Output(); err != nil || len(out) > 0 {
		t.Errorf("git status: %v\n%s", err, out)
	}
	status, err := command("status", "-o", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var view struct{ Resources, Unfinished []any }
	if err := json.Unmarshal(status, &view); err != nil {
		t.Fatal(err)
	}
	if len(view.Unfinished) != 0 || len(view.Resources) != rounds+2 {
		t.Errorf("%d resources, %d unfinished", len(view.Resources), len(view.Unfinished))
	}
}

func stderrOf(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(exit.Stderr)
	}
	return ""
}
