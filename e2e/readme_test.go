package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestReadme runs every code block of README.md, in order, as one shell
// session would. Only the two that build and test this repository are not
// carried out from inside its own tests: their make targets must exist.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(\\w*)\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(blocks) < 4 {
		t.Fatalf("README.md has %d code blocks", len(blocks))
	}
	home := t.TempDir()
	env := append(os.Environ(), "HOME="+home, "PLATFORMCTL_HOME="+filepath.Join(home, "pctl"), "TERM=dumb",
		"PATH="+filepath.Dir(binary)+string(filepath.ListSeparator)+os.Getenv("PATH"), "TF_CLI_CONFIG_FILE=")
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		stop := exec.CommandContext(ctx, binary, "local", "stop", "--quiet")
		stop.Env, stop.Dir = env, home
		if out, err := stop.CombinedOutput(); err != nil {
			t.Errorf("stopping the local server: %v\n%s", err, out)
		}
	})
	for _, block := range blocks {
		language, script := block[1], block[2]
		if language != "sh" {
			t.Errorf("a block of %q is not run:\n%s", language, script)
			continue
		}
		dir := home
		if strings.HasPrefix(script, "make ") {
			script = regexp.MustCompile(`(?m)^make `).ReplaceAllString(script, "make --dry-run ")
			dir = ".."
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", script)
		cmd.Dir, cmd.Env = dir, env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s\n%s", err, script, out)
		}
	}
}
