package terraform_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/terraform"
)

// wrapped is the real engine behind a script that notes its arguments in
// dir/args and its environment in dir/env.
func wrapped(t *testing.T, pairs ...string) (e terraform.Engine, dir string) {
	t.Helper()
	dir = t.TempDir()
	path, err := exec.LookPath("terraform")
	if err != nil {
		t.Fatal(err)
	}
	wrapper := filepath.Join(dir, "terraform")
	write(t, wrapper, "#!/bin/sh\necho \"$@\" >>"+dir+"/args\nenv >"+dir+"/env\necho $$ >"+dir+"/pid\nexec "+path+" \"$@\"\n", 0o700)
	return engine(t, append(pairs, "PLATFORMCTL_TERRAFORM", wrapper)...), dir
}

func verbs(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	for line := range strings.Lines(read(t, dir, "args")) {
		out = append(out, strings.Fields(line)[0])
	}
	return out
}

// B90: nothing of the caller's environment acts on the engine.
func TestEnvironment(t *testing.T) {
	dirty := map[string]string{
		"TF_CLI_ARGS": "-no-such-flag", "TF_CLI_ARGS_plan": "-destroy", "TF_CLI_ARGS_apply": "-no-such-flag",
		"TF_LOG": "trace", "TF_LOG_PATH": filepath.Join(t.TempDir(), "log"), "TF_VAR_name": "from the environment",
		"TF_CLI_CONFIG_FILE": filepath.Join(t.TempDir(), "missing"), "TF_DATA_DIR": t.TempDir(), "TF_WORKSPACE": "other",
		"TF_REATTACH_PROVIDERS": "{}", "TF_INPUT": "1", "TF_PLUGIN_CACHE_DIR": "/nowhere", "TF_IN_AUTOMATION": "",
		"TF_PLUGIN_MAGIC_COOKIE": "x", "TF_REGISTRY_DISCOVERY_RETRY": "x", "AWS_SECRET_ACCESS_KEY": "x", "PGPASSWORD": "x",
		"CHECKPOINT_DISABLE": "",
	}
	var pairs []string
	for name, value := range dirty {
		t.Setenv(name, value)
		pairs = append(pairs, name, value)
	}
	kept := filepath.Join(t.TempDir(), "kept.tfrc")
	write(t, kept, "", 0o600)
	for name, tt := range map[string]struct {
		pairs []string
		want  map[string]string
	}{
		"missing configuration": {pairs, nil},
		"kept configuration":    {append([]string{"TF_CLI_CONFIG_FILE", kept}, pairs...), map[string]string{"TF_CLI_CONFIG_FILE": kept}},
	} {
		t.Run(name, func(t *testing.T) {
			e, log := wrapped(t, tt.pairs...)
			dir := t.TempDir()
			prepare(t, e, dir, local("./data", map[string]any{"name": "given"}, "main.tf", dataModule))
			p := plan(t, e, dir, terraform.Run{Env: []string{"AWS_SECRET_ACCESS_KEY=for the target"}})
			if p.Add != 1 || p.Destroy != 0 {
				t.Errorf("plan = %d to add, %d to destroy, want 1 and 0", p.Add, p.Destroy)
			}
			got := map[string]string{}
			for line := range strings.Lines(read(t, log, "env")) {
				name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
				got[name] = value
			}
			for _, name := range []string{"PWD", "OLDPWD", "SHLVL", "_", "TF_APPEND_USER_AGENT"} {
				delete(got, name)
			}
			want := map[string]string{
				"CHECKPOINT_DISABLE": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
				"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "TF_CLI_ARGS_plan": "-json", "TF_DISABLE_PLUGIN_TLS": "1",
				"TF_LOG": "", "TF_LOG_CORE": "", "TF_LOG_PATH": "", "TF_LOG_PROVIDER": "",
				"AWS_SECRET_ACCESS_KEY": "for the target",
			}
			for _, name := range []string{"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO"} {
				if v := os.Getenv(name); v != "" {
					want[name] = v
				}
			}
			for name := range got {
				lower := strings.ToLower(name)
				if strings.HasSuffix(lower, "_proxy") || strings.HasPrefix(name, "SSL_CERT_") || strings.HasPrefix(name, "XDG_") {
					want[name] = os.Getenv(name)
				}
			}
			maps.Copy(want, tt.want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
			out, err := e.Apply(t.Context(), dir, terraform.Run{})
			if err != nil || string(out["name"]) != `"given"` {
				t.Errorf("Apply = %s, %v, want the given name", out["name"], err)
			}
			// One process for each command: no hidden `version` but that of Find.
			if diff := cmp.Diff([]string{"version", "plan", "apply"}, verbs(t, log)); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRunRefusesEnv(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	prepare(t, e, dir, local("./data", map[string]any{"name": "x"}, "main.tf", dataModule))
	for _, entry := range []string{"TF_CLI_ARGS_plan=-destroy", "TF_DATA_DIR=/x", "TF_REATTACH_PROVIDERS={}", "CHECKPOINT_DISABLE="} {
		if _, err := e.Plan(t.Context(), dir, terraform.Run{Env: []string{entry}}); err == nil {
			t.Errorf("Plan with %q succeeded", entry)
		}
	}
	if _, err := e.Plan(t.Context(), dir, terraform.Run{Env: []string{"TF_TOKEN_example_com=x", "ARM_CLIENT_ID=x"}}); err != nil {
		t.Errorf("Plan with credentials: %v", err)
	}
	if slices.Contains(os.Environ(), "ARM_CLIENT_ID=x") {
		t.Error("the process got the variable")
	}
}
