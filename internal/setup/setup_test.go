package setup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program makes an executable shell script.
func program(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func options(t *testing.T) Options {
	t.Helper()
	return Options{
		Getenv: func(string) string { return "" },
		Tools:  filepath.Join(t.TempDir(), "platformctl", "tools"),
		Step:   func(text string) { t.Log(text) },
	}
}

func TestToolsDir(t *testing.T) {
	tests := map[string]struct {
		env     map[string]string
		want    string
		wantErr bool
	}{
		"named":             {env: map[string]string{"PLATFORMCTL_TOOLS": "/t", "XDG_DATA_HOME": "/x", "HOME": "/h"}, want: "/t"},
		"data directory":    {env: map[string]string{"XDG_DATA_HOME": "/x", "HOME": "/h"}, want: "/x/platformctl/tools"},
		"home":              {env: map[string]string{"HOME": "/h"}, want: "/h/.local/share/platformctl/tools"},
		"relative XDG path": {env: map[string]string{"XDG_DATA_HOME": "x", "HOME": "/h"}, want: "/h/.local/share/platformctl/tools"},
		"no home":           {wantErr: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ToolsDir(func(k string) string { return tt.env[k] })
			if got != tt.want || (err != nil) != tt.wantErr {
				t.Errorf("ToolsDir() = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestEnsure(t *testing.T) {
	errNotThere := errors.New("not there")
	errNoNetwork := errors.New("no network")
	tests := map[string]struct {
		there   bool                      // from the beginning
		ways    []func(there *bool) error // as fromNPM and so on
		want    string
		wantErr string
	}{
		"found":          {there: true, want: "tool"},
		"brought":        {ways: []func(*bool) error{bring}, want: "tool"},
		"the second way": {ways: []func(*bool) error{fails(errNoNetwork), bring}, want: "tool"},
		"no way": {
			ways:    []func(*bool) error{fails(errNoNetwork), fails(errors.New("no npm"))},
			wantErr: "Tool is missing: not there\n  no network\n  no npm",
		},
		"what was brought will not do": {ways: []func(*bool) error{fails(nil)}, wantErr: "Tool is missing: not there\n  not there"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			there := tt.there
			find := func(context.Context) (Tool, error) {
				if !there {
					return Tool{}, errNotThere
				}
				return Tool{Name: "tool"}, nil
			}
			var ways []func(context.Context) error
			for _, way := range tt.ways {
				ways = append(ways, func(context.Context) error { return way(&there) })
			}
			tool, err := options(t).ensure(t.Context(), "Tool", find, ways...)
			if tool.Name != tt.want {
				t.Errorf("ensure() = %q, want %q", tool.Name, tt.want)
			}
			if tt.wantErr == "" {
				if err != nil {
					t.Errorf("ensure() fails: %v", err)
				}
				return
			}
			if missing, ok := errors.AsType[*MissingError](err); !ok || missing.Error() != tt.wantErr || !errors.Is(err, errNotThere) {
				t.Errorf("ensure() fails with %v, want %s", err, tt.wantErr)
			}
		})
	}
}

func bring(there *bool) error {
	*there = true
	return nil
}

func fails(err error) func(*bool) error {
	return func(*bool) error { return err }
}

func TestEnsureStopsWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	find := func(context.Context) (Tool, error) { return Tool{}, errors.New("not there") }
	second := false
	_, err := options(t).ensure(ctx, "Tool", find,
		func(context.Context) error { cancel(); return errors.New("killed") },
		func(context.Context) error { second = true; return nil })
	if !errors.Is(err, context.Canceled) || second {
		t.Errorf("ensure() = %v, second way tried: %v", err, second)
	}
}

// A program named by the user is used or refused, never replaced.
func TestNamedProgramsAreNotReplaced(t *testing.T) {
	o := options(t)
	env := map[string]string{
		"PLATFORMCTL_TERRAFORM":    filepath.Join(t.TempDir(), "terraform"),
		"PLATFORMCTL_POSTGRES_BIN": t.TempDir(),
	}
	o.Getenv = func(k string) string { return env[k] }
	for name, ensure := range map[string]func(context.Context) (Tool, error){"Terraform": o.Terraform, "PostgreSQL": o.PostgreSQL} {
		_, err := ensure(t.Context())
		if _, tried := errors.AsType[*MissingError](err); err == nil || tried {
			t.Errorf("%s: %v, want the error of the search", name, err)
		}
	}
	if _, err := os.Stat(o.Tools); err == nil {
		t.Error("a tools directory was made")
	}
}

func TestInstallDebian(t *testing.T) {
	const original = "# Default values\n"
	tests := map[string]struct {
		failing string // the apt-get command that fails
		want    []string
		wantErr string
	}{
		"installs without a server": {want: []string{
			"update",
			"install -y --no-install-recommends postgresql-common",
			"install -y --no-install-recommends postgresql create_main_cluster = false",
		}},
		"no network": {failing: "update", want: []string{"update"}, wantErr: "no such host"},
		"package fails": {failing: "recommends postgresql", wantErr: "no such host", want: []string{
			"update",
			"install -y --no-install-recommends postgresql-common",
			"install -y --no-install-recommends postgresql create_main_cluster = false",
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			conf, log := filepath.Join(dir, "createcluster.conf"), filepath.Join(dir, "log")
			if err := os.WriteFile(conf, []byte(original), 0o644); err != nil {
				t.Fatal(err)
			}
			// It notes its arguments after the options, and the setting.
			program(t, filepath.Join(dir, "bin", "apt-get"), `
				[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 3
				line=$(echo "$*" | sed 's/^-q -o [^ ]* -o [^ ]* -o [^ ]* //')
				echo $line $(grep ^create_main_cluster "$CONF") >>"$LOG"
				case "$line" in *"$FAILING") echo "no such host" >&2; exit 100;; esac`)
			failing := tt.failing
			if failing == "" {
				failing = "nothing"
			}
			t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
			t.Setenv("CONF", conf)
			t.Setenv("LOG", log)
			t.Setenv("FAILING", failing)

			err := installDebian(t.Context(), conf)
			if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("installDebian() = %v, want %q", err, tt.wantErr)
			}
			got, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.Join(tt.want, "\n") + "\n"; string(got) != want {
				t.Errorf("apt-get was called with\n%swant\n%s", got, want)
			}
			if after, err := os.ReadFile(conf); err != nil || string(after) != original {
				t.Errorf("the setting stays changed: %q, %v", after, err)
			}
		})
	}
}

func TestDebianIsForRoot(t *testing.T) {
	o := options(t)
	if err := o.fromDebian(t.Context()); err == nil || !strings.Contains(err.Error(), "only root") {
		t.Errorf("fromDebian() as a user = %v", err)
	}
	o.Root = true
	t.Setenv("PATH", t.TempDir())
	if err := o.fromDebian(t.Context()); err == nil || !strings.Contains(err.Error(), "no apt-get") {
		t.Errorf("fromDebian() without apt-get = %v", err)
	}
}
