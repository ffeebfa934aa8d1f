package e2e

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestShells types the beginning of a request in real shells on a terminal, with
// an empty home, and presses the tab key.
func TestShells(t *testing.T) {
	tests := map[string]struct {
		args     []string // of the shell, so that nothing of this machine is read
		setUp    string   // what a person puts into the shell's file
		describe bool     // it shows descriptions at the first press
	}{
		"bash": {[]string{"--norc", "--noprofile", "-i"}, "PS1='ready> '; source <(platformctl completion bash)", true},
		"zsh": {
			[]string{"-f", "-i"},
			"PS1='ready> '; autoload -U compinit && compinit -D -u; source <(platformctl completion zsh)", true,
		},
		"fish": {
			[]string{"--no-config", "-i"},
			"function fish_prompt; echo 'ready> '; end; function fish_right_prompt; end; platformctl completion fish | source", true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path, err := exec.LookPath(name)
			if err != nil {
				t.Skipf("there is no %s", name)
			}
			term := startShell(t, path, tt.args...)
			term.typed(tt.setUp + "; echo set''up\r")
			term.await("setup")
			for _, step := range []struct{ typed, first, second string }{
				{"request database --tier ", "development", "production"},
				{"request database --type=", "postgresql", ""},
				{"team add x --no-", "--no-input", ""},
				{"catalog list --kind re", "resource", ""},
			} {
				before := len(term.screen())
				term.typed("platformctl " + step.typed)
				term.press(before, step.first, step.second)
				if step.second != "" && tt.describe && !strings.Contains(term.screen()[before:], "connectionLimit") {
					t.Errorf("no description:\n%s", term.screen()[before:])
				}
				if text := term.screen()[before:]; strings.Contains(text, "command not found") || strings.Contains(text, "rror:") {
					t.Errorf("the shell complains:\n%s", text)
				}
				term.typed("\x03") // to an empty line
				time.Sleep(200 * time.Millisecond)
			}
			if entries, err := os.ReadDir(filepath.Join(term.cmd.Dir, "pctl")); err == nil {
				t.Errorf("completing has made %v", entries)
			}

			// What a shell takes apart at a colon and at an equals sign.
			term.typed("platformctl team add shop -o name; echo ad''ded\r")
			term.await("added")
			for typed, whole := range map[string]string{
				"catalog show group:sh":       "group:shop",
				"request database --set conn": "connectionLimit=",
				"request database --team=sh":  "--team=shop",
				"resource list --env loc":     "--env local",
				"help form":                   "formats",
			} {
				before := len(term.screen())
				term.typed("platformctl " + typed)
				term.press(before, strings.Fields(whole)[len(strings.Fields(whole))-1])
				term.typed("\x03")
				time.Sleep(200 * time.Millisecond)
			}
		})
	}
}

// startShell starts a shell whose home is empty and that finds platformctl.
func startShell(t *testing.T, path string, args ...string) *terminal {
	t.Helper()
	home := t.TempDir()
	return startCommand(t, exec.CommandContext(t.Context(), path, args...), setting{home, 80}, []string{
		"TERM=xterm", "COLUMNS=200", "LANG=C.UTF-8", "ZDOTDIR=" + home,
		"XDG_CONFIG_HOME=" + filepath.Join(home, ".config"), "XDG_DATA_HOME=" + filepath.Join(home, ".local", "share"),
		"PATH=" + filepath.Dir(binary) + string(filepath.ListSeparator) + os.Getenv("PATH"),
	})
}

// typed sends text as if it was typed.
func (term *terminal) typed(text string) {
	term.t.Helper()
	if _, err := io.WriteString(term.file, text); err != nil {
		term.t.Fatal(err)
	}
}

// await waits for text on the screen.
func (term *terminal) await(text string) {
	term.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(term.screen(), text) {
			return
		}
	}
	term.t.Fatalf("%q did not appear:\n%s", text, term.screen())
}

// press presses the tab key until both texts are on the screen after offset.
func (term *terminal) press(offset int, texts ...string) {
	term.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		time.Sleep(300 * time.Millisecond)
		term.typed("\t")
		for range 10 {
			time.Sleep(50 * time.Millisecond)
			if all(term.screen()[offset:], texts) {
				return
			}
		}
	}
	term.t.Fatalf("%q did not appear:\n%s", texts, term.screen()[offset:])
}

func all(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
