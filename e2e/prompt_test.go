package e2e

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// terminal is platformctl on a pseudo terminal without an emulator behind it:
// nothing answers its probes.
type terminal struct {
	t    *testing.T
	file *os.File
	cmd  *exec.Cmd
	mu   sync.Mutex
	seen bytes.Buffer
	done chan struct{}
}

func startTerminal(t *testing.T, env []string, args ...string) *terminal {
	t.Helper()
	return startTerminalOf(t, 80, env, args...)
}

// startTerminalOf is startTerminal with so many columns.
func startTerminalOf(t *testing.T, columns uint16, env []string, args ...string) *terminal {
	t.Helper()
	return startCommand(t, exec.CommandContext(t.Context(), binary, args...), setting{t.TempDir(), columns}, env)
}

// setting is where a command is started: its home, which is its directory, too,
// and how wide its terminal is.
type setting struct {
	home    string
	columns uint16
}

// startCommand starts cmd on a terminal.
func startCommand(t *testing.T, cmd *exec.Cmd, in setting, env []string) *terminal {
	t.Helper()
	cmd.Dir = in.home
	cmd.Env = append(os.Environ(), "HOME="+in.home, "PLATFORMCTL_HOME="+filepath.Join(in.home, "pctl"), "TF_CLI_CONFIG_FILE=")
	cmd.Env = append(cmd.Env, env...)
	file, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: in.columns})
	if err != nil {
		t.Fatal(err)
	}
	file = closable(t, file)
	term := &terminal{t: t, file: file, cmd: cmd, done: make(chan struct{})}
	go func() {
		defer close(term.done)
		buffer := make([]byte, 4096)
		for {
			n, err := file.Read(buffer)
			term.mu.Lock()
			term.seen.Write(buffer[:n])
			term.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = file.Close()
		<-term.done
	})
	return term
}

func (term *terminal) screen() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return term.seen.String()
}

// expect waits for text on the screen, then types the answer.
func (term *terminal) expect(text, answer string) {
	term.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(term.screen(), text) {
			time.Sleep(100 * time.Millisecond)
			if _, err := io.WriteString(term.file, answer); err != nil {
				term.t.Fatal(err)
			}
			return
		}
	}
	term.t.Fatalf("%q did not appear:\n%s", text, term.screen())
}

// exit waits for the end and returns the exit code.
func (term *terminal) exit() int {
	term.t.Helper()
	ended := make(chan struct{})
	go func() {
		_ = term.cmd.Wait()
		<-term.done // what it wrote last is read
		close(ended)
	}()
	select {
	case <-ended:
		return term.cmd.ProcessState.ExitCode()
	case <-time.After(20 * time.Second):
		term.t.Fatalf("still running:\n%s", term.screen())
		return -1
	}
}

// TestPrompts answers the questions of a request on a terminal: what is missing
// is asked for, the plan is shown, and no means nothing has changed.
func TestPrompts(t *testing.T) {
	for _, kind := range []string{"xterm-256color", "dumb"} {
		t.Run(kind, func(t *testing.T) {
			term := startTerminal(t, []string{"TERM=" + kind}, "request", "database")
			term.expect("tier", "\r")
			term.expect("team", "checkout-service\r")
			term.expect("Apply this for checkout-service-postgresql?", "n\r")
			if code := term.exit(); code != 130 {
				t.Errorf("exit code %d:\n%s", code, term.screen())
			}
			if !strings.Contains(term.screen(), "no resource was changed") {
				t.Errorf("screen:\n%s", term.screen())
			}
			if entries, err := os.ReadDir(filepath.Join(term.cmd.Dir, "pctl", "data")); err == nil {
				for _, e := range entries {
					if e.Name() == "platform" {
						t.Error("the platform was made")
					}
				}
			}
		})
	}
}

// TestPromptInterrupted presses Ctrl-C at each question.
func TestPromptInterrupted(t *testing.T) {
	tests := map[string][]string{
		"tier":  {"request", "database"},
		"team":  {"request", "database", "--tier", "development"},
		"Apply": {"request", "database", "--tier", "development", "--team", "shop"},
	}
	for question, args := range tests {
		t.Run(question, func(t *testing.T) {
			term := startTerminal(t, []string{"TERM=xterm-256color"}, args...)
			term.expect(question, "\x03")
			if code := term.exit(); code != 130 {
				t.Errorf("exit code %d:\n%s", code, term.screen())
			}
		})
	}
}

// TestPromptEnds ends each question in another way than with an answer. Nothing
// is left behind, and nothing goes on waiting.
func TestPromptEnds(t *testing.T) {
	questions := map[string][]string{
		"tier":  {"request", "database"},
		"team":  {"request", "database", "--tier", "development"},
		"Apply": {"request", "database", "--tier", "development", "--team", "shop"},
	}
	ends := map[string]struct {
		end   func(term *terminal) error
		codes []int
	}{
		"end of input": {func(term *terminal) error {
			_, err := io.WriteString(term.file, "\x04")
			return err
		}, []int{2}},
		"terminated": {func(term *terminal) error { return term.cmd.Process.Signal(syscall.SIGTERM) }, []int{130}},
		"hung up":    {func(term *terminal) error { return term.file.Close() }, []int{2, 130}}, // whichever of signal and end is seen first
	}
	for question, args := range questions {
		for _, kind := range []string{"xterm-256color", "dumb"} {
			for title, e := range ends {
				t.Run(question+"/"+kind+"/"+title, func(t *testing.T) {
					term := startTerminal(t, []string{"TERM=" + kind}, args...)
					term.expect(question, "")
					if err := e.end(term); err != nil {
						t.Fatal(err)
					}
					if code := term.exit(); !slices.Contains(e.codes, code) {
						t.Errorf("exit code %d, want one of %d:\n%s", code, e.codes, term.screen())
					}
					if _, err := os.Stat(filepath.Join(term.cmd.Dir, "pctl", "data", "platform")); err == nil {
						t.Error("a platform was made")
					}
				})
			}
		}
	}
}

// TestPromptsAreNarrow answers questions on terminals of few columns.
func TestPromptsAreNarrow(t *testing.T) {
	for _, columns := range []uint16{40, 10, 1, 0} {
		term := startTerminalOf(t, columns, []string{"TERM=xterm-256color"}, "request", "database")
		term.expect("tier", "\r")
		term.expect("team", "shop\r")
		term.expect("Apply", "n\r")
		if code := term.exit(); code != 130 {
			t.Errorf("%d columns: exit code %d:\n%s", columns, code, term.screen())
		}
	}
}

// TestNoInput is a usage error that names the flag, also on a terminal.
func TestNoInput(t *testing.T) {
	term := startTerminal(t, []string{"TERM=xterm-256color"}, "request", "database", "--no-input", "--auto-approve")
	if code := term.exit(); code != 2 {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(term.screen(), "--tier") {
		t.Errorf("screen:\n%s", term.screen())
	}
}
