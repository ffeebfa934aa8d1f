package setup

import (
	"cmp"
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

const clusterDefaults = "# Default values\n"

// fakeDebian puts an apt-get into PATH that notes its arguments, without the
// options that are always the same, and what the returned file of settings says
// meanwhile. It fails for arguments that end in failing.
func fakeDebian(t *testing.T, failing string) (conf string, calls func() string) {
	t.Helper()
	dir := t.TempDir()
	conf, log := filepath.Join(dir, "createcluster.conf"), filepath.Join(dir, "log")
	if err := os.WriteFile(conf, []byte(clusterDefaults), 0o644); err != nil {
		t.Fatal(err)
	}
	program(t, filepath.Join(dir, "bin", "apt-get"), `
		[ "$DEBIAN_FRONTEND" = noninteractive ] || exit 3
		line=$(echo "$*" | sed 's/^-q -o [^ ]* -o [^ ]* -o [^ ]* //')
		echo $line $(grep ^create_main_cluster "$CONF") >>"$LOG"
		case "$line" in *"$FAILING") echo "no such host" >&2; exit 100;; esac`)
	t.Setenv("PATH", filepath.Join(dir, "bin")+":"+os.Getenv("PATH"))
	t.Setenv("CONF", conf)
	t.Setenv("LOG", log)
	t.Setenv("FAILING", cmp.Or(failing, "nothing"))
	return conf, func() string {
		got, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
}

func TestInstallPostgres(t *testing.T) {
	common := "install -y --no-install-recommends postgresql-common\n"
	server := "install -y --no-install-recommends postgresql create_main_cluster = false\n"
	tests := map[string]struct{ failing, want, wantErr string }{
		"installs without a server": {want: common + server},
		"no network":                {failing: "common", want: common, wantErr: "no such host"},
		"package fails":             {failing: "postgresql", want: common + server, wantErr: "no such host"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			conf, calls := fakeDebian(t, tt.failing)
			err := installPostgres(t.Context(), conf)
			if tt.wantErr == "" && err != nil || tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("installPostgres() = %v, want %q", err, tt.wantErr)
			}
			if got := calls(); got != tt.want {
				t.Errorf("apt-get was called with\n%swant\n%s", got, tt.want)
			}
			if after, err := os.ReadFile(conf); err != nil || string(after) != clusterDefaults {
				t.Errorf("the setting stays changed: %q, %v", after, err)
			}
		})
	}
}

func TestCompilerFromDebian(t *testing.T) {
	_, calls := fakeDebian(t, "")
	o := options(t)
	o.Root = true
	o.Getenv = func(k string) string { return map[string]string{"CC": "no-such-compiler"}[k] }
	if _, err := o.Compiler(t.Context()); err == nil {
		t.Error("a compiler that is not there was found")
	}
	if got, want := calls(), "update\ninstall -y --no-install-recommends gcc libc6-dev\n"; got != want {
		t.Errorf("apt-get was called with\n%swant\n%s", got, want)
	}
}

func TestShellFromDebian(t *testing.T) {
	_, calls := fakeDebian(t, "")
	o := options(t)
	o.Root = true
	if _, err := o.Shell(t.Context(), "no-such-shell"); err == nil {
		t.Error("a shell that is not there was found")
	}
	if got, want := calls(), "update\ninstall -y --no-install-recommends no-such-shell\n"; got != want {
		t.Errorf("apt-get was called with\n%swant\n%s", got, want)
	}
}

func TestDebianIsForRoot(t *testing.T) {
	o := options(t)
	if err := o.postgresFromDebian(t.Context()); err == nil || !strings.Contains(err.Error(), "only root") {
		t.Errorf("as a user: %v", err)
	}
	o.Root = true
	t.Setenv("PATH", t.TempDir())
	if err := o.postgresFromDebian(t.Context()); err == nil || !strings.Contains(err.Error(), "no apt-get") {
		t.Errorf("without apt-get: %v", err)
	}
}
