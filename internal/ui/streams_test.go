package ui

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
)

// childVariable makes this test binary write what it knows of its streams to a
// file instead of testing.
const childVariable = "UI_TEST_STREAMS"

type facts struct {
	In, Out, Err, Color, Forced, Dumb bool
	Width, OutWidth                   int
}

func TestMain(m *testing.M) {
	file := os.Getenv(childVariable)
	if file == "" {
		os.Exit(m.Run())
	}
	s := System(os.Getenv)
	data, _ := json.Marshal(facts{s.InTTY, s.OutTTY, s.ErrTTY, s.Color, s.forced, s.dumb, s.Width, s.outWidth()})
	_ = os.WriteFile(file, data, 0o600)
}

func TestSystem(t *testing.T) {
	tests := map[string]struct {
		env     []string
		tty     [3]bool
		columns uint16
		want    facts
	}{
		"terminal":            {[]string{"TERM=xterm"}, [3]bool{true, true, true}, 132, facts{In: true, Out: true, Err: true, Color: true, Width: 132, OutWidth: 132}},
		"no size":             {[]string{"TERM=xterm"}, [3]bool{true, true, true}, 0, facts{In: true, Out: true, Err: true, Color: true, Width: 80, OutWidth: 80}},
		"columns":             {[]string{"TERM=xterm", "COLUMNS=99"}, [3]bool{true, true, true}, 0, facts{In: true, Out: true, Err: true, Color: true, Width: 99, OutWidth: 99}},
		"stdout is a pipe":    {[]string{"TERM=xterm"}, [3]bool{true, false, true}, 70, facts{In: true, Err: true, Color: true, Width: 70}},
		"pipes":               {[]string{"TERM=xterm", "COLUMNS=99"}, [3]bool{}, 70, facts{}},
		"dumb":                {[]string{"TERM=dumb"}, [3]bool{true, true, true}, 70, facts{In: true, Out: true, Err: true, Dumb: true, Width: 70, OutWidth: 70}},
		"forced on pipes":     {[]string{"TERM=dumb", "FORCE_COLOR=1"}, [3]bool{}, 70, facts{Color: true, Forced: true, Dumb: true}},
		"no color, terminals": {[]string{"TERM=xterm", "NO_COLOR=1"}, [3]bool{false, true, true}, 70, facts{Out: true, Err: true, Width: 70, OutWidth: 70}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			master, slave, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = master.Close(); _ = slave.Close() }()
			if err := pty.Setsize(slave, &pty.Winsize{Rows: 24, Cols: tt.columns}); err != nil {
				t.Fatal(err)
			}
			file := t.TempDir() + "/facts.json"
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = slices.Concat(tt.env, []string{childVariable + "=" + file})
			cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(nil), new(bytes.Buffer), new(bytes.Buffer)
			if tt.tty[0] {
				cmd.Stdin = slave
			}
			if tt.tty[1] {
				cmd.Stdout = slave
			}
			if tt.tty[2] {
				cmd.Stderr = slave
			}
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			var got facts
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("System (-want +got):\n%s", diff)
			}
		})
	}
}

func TestColor(t *testing.T) {
	tests := map[string]struct {
		env        map[string]string
		tty        bool
		on, forced bool
	}{
		"terminal":                   {nil, true, true, false},
		"pipe":                       {nil, false, false, false},
		"NO_COLOR":                   {map[string]string{"NO_COLOR": "1"}, true, false, false},
		"NO_COLOR of any value":      {map[string]string{"NO_COLOR": "0"}, true, false, false},
		"CLICOLOR=0":                 {map[string]string{"CLICOLOR": "0"}, true, false, false},
		"CLICOLOR=1":                 {map[string]string{"CLICOLOR": "1"}, true, true, false},
		"dumb":                       {map[string]string{"TERM": "dumb"}, true, false, false},
		"no TERM":                    {map[string]string{"TERM": ""}, true, false, false},
		"CLICOLOR_FORCE":             {map[string]string{"CLICOLOR_FORCE": "1"}, false, true, true},
		"FORCE_COLOR":                {map[string]string{"FORCE_COLOR": "3"}, false, true, true},
		"FORCE_COLOR beats CLICOLOR": {map[string]string{"FORCE_COLOR": "1", "CLICOLOR": "0"}, false, true, true},
		"FORCE_COLOR=0":              {map[string]string{"FORCE_COLOR": "0"}, false, false, false},
		"CLICOLOR_FORCE=0":           {map[string]string{"CLICOLOR_FORCE": "0"}, true, true, false},
		"NO_COLOR beats force":       {map[string]string{"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, true, false, false},
	}
	for name, tt := range tests {
		getenv := func(k string) string {
			if v, ok := tt.env[k]; ok || k != "TERM" {
				return v
			}
			return "xterm"
		}
		if on, forced := color(getenv, tt.tty); on != tt.on || forced != tt.forced {
			t.Errorf("%s: color = %v, %v, want %v, %v", name, on, forced, tt.on, tt.forced)
		}
	}
}
