package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// redirected is a command whose streams lead somewhere else. What it is asked
// for is done all the same, and the exit code says whether the answer arrived.
type redirected struct {
	args, streams string // as a shell writes them
	code          int
	says          string // what stderr matches, where it can
}

func redirections() map[string]redirected {
	const change = "request note --tier=draft --team=shop --auto-approve --set=text="
	lost := "answer could not be written|no space left on device"
	return map[string]redirected{
		"U10_stdout_full":            {"team list", ">/dev/full", 1, lost},
		"U10_stdout_full_JSON":       {"team list -o json", ">/dev/full", 1, `^{"error":"the answer could not be written`},
		"U10_stdout_full_help":       {"--help", ">/dev/full", 1, lost},
		"U10_stdout_full_topic":      {"help formats", ">/dev/full", 1, lost},
		"U10_stdout_full_version":    {"--version", ">/dev/full", 1, lost},
		"U10_stdout_full_completion": {"completion bash", ">/dev/full", 1, lost},
		"U10_stdout_full_env":        {"resource env shop-plain", ">/dev/full", 1, lost},
		"U10_stdout_full_dir":        {"resource dir shop-plain", ">/dev/full", 1, lost},
		"U10_stdout_full_request":    {change + "U10_stdout_full_request", ">/dev/full", 1, lost},
		"U10_stdout_closed":          {change + "U10_stdout_closed", ">&-", 0, ""},
		"U10_stderr_full":            {change + "U10_stderr_full", "2>/dev/full", 0, ""},
		"U10_stderr_closed":          {change + "U10_stderr_closed", "2>&-", 0, ""},
		"U10_error_unheard":          {"nope", "2>&-", 2, ""},
		"U10_stdin_closed":           {change + "U10_stdin_closed", "<&-", 0, ""},
		"U10_all_closed":             {change + "U10_all_closed", "<&- >&- 2>&-", 0, ""},
		"U10_stdin_is_a_directory":   {"request note --team=shop", "</", 2, "tier is missing"},
		"U10_stdin_never_ends":       {"request note --team=shop", "</dev/zero", 2, "tier is missing"},
		"U10_stdin_unread":           {change + "U10_stdin_unread", "</dev/zero", 0, ""},
		"U10_reader_gone":            {"team list", "| true", 0, "^$"},
		"U10_reader_gone_in_between": {change + "U10_reader_gone_in_between", "2>&1 | head -1", 0, ""},
		"U10_reader_gone_at_once":    {change + "U10_reader_gone_at_once", "2>&1 | true", 0, ""},
	}
}

// TestStreams sends the streams of commands where nothing takes what is written
// or gives what is read.
func TestStreams(t *testing.T) {
	s := usedSite(t)
	s.env["PATH"] = filepath.Dir(binary) + ":" + s.env["PATH"]
	for title, r := range redirections() {
		t.Run(title, func(t *testing.T) {
			code := filepath.Join(s.root, "tmp", "code")
			cmd := exec.CommandContext(t.Context(), "sh", "-c", "{ platformctl "+r.args+" 3>&-; echo $? >"+code+"; } "+r.streams)
			cmd.Dir = s.work
			for name, value := range s.env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			var errs strings.Builder
			cmd.Stderr = &errs
			start := time.Now()
			if err := cmd.Run(); err != nil {
				t.Logf("sh: %v", err) // such as a shell that cannot write either
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("took %v", took)
			}
			got, err := os.ReadFile(code)
			if err != nil || strings.TrimSpace(string(got)) != string(rune('0'+r.code)) {
				t.Errorf("exit code %q, %v, want %d; stderr %q", got, err, r.code, errs.String())
			}
			if !regexp.MustCompile(r.says).MatchString(errs.String()) {
				t.Errorf("stderr %q, want %q", errs.String(), r.says)
			}
			if strings.Contains(r.args, "--set") {
				if a := s.must(t, "resource", "show", "shop-plain", "-o", "json"); !strings.Contains(a.out, `"text": "`+title+`"`) {
					t.Errorf("the resource is not as asked for: %s", a.out)
				}
			}
		})
	}
	t.Run("U10_no_terminal", func(t *testing.T) {
		cmd := exec.CommandContext(t.Context(), binary, "request", "note", "--team=shop")
		for name, value := range s.env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		cmd.SysProcAttr = ownSession() // no /dev/tty to ask on
		out, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(out), "tier is missing") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	if a := s.must(t, "verify"); strings.Contains(a.out, "Problems") {
		t.Errorf("verify:\n%s", a.out)
	}
}

// TestNarrowTerminals prints on terminals of few columns: no line of a list is
// wider, but for one word that has to be copied whole.
func TestNarrowTerminals(t *testing.T) {
	s := usedSite(t)
	var env []string
	for name, value := range s.env {
		env = append(env, name+"="+value)
	}
	sequence := regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")
	lists := []string{"resource list", "catalog list", "team list", "capability list", "verify"}
	others := []string{
		"status", "capability show note", "resource show shop-plain", "request --help",
		"request note --tier=draft --team=shop --set=text=narrow --dry-run",
	}
	for _, columns := range []uint16{40, 10, 2, 1, 0} {
		for i, args := range append(lists, others...) {
			for _, kind := range []string{"xterm-256color", "dumb"} {
				term := startTerminalOf(t, columns, append(env, "TERM="+kind), strings.Fields(args)...)
				if code := term.exit(); code != 0 {
					t.Errorf("%d columns, %s: exit code %d:\n%s", columns, args, code, term.screen())
				}
				if columns < 40 || i >= len(lists) {
					continue
				}
				for line := range strings.Lines(sequence.ReplaceAllString(term.screen(), "")) {
					line = strings.TrimRight(line, "\r\n")
					if utf8.RuneCountInString(line) > int(columns) && len(strings.Fields(line)) > 2 {
						t.Errorf("%s: a line is wider than %d columns: %q", args, columns, line)
					}
				}
			}
		}
	}
}
