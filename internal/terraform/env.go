package terraform

import (
	"maps"
	"os"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// inherited are the caller's variables that every command gets.
var inherited = [...]string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LANG", "LC_ALL",
	"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
	"SSH_AUTH_SOCK", "GIT_SSH", "GIT_SSH_COMMAND",
	// Windows: without SystemRoot a program there has no network.
	"SystemRoot", "ComSpec", "PATHEXT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP",
}

const cliConfigVar = "TF_CLI_CONFIG_FILE"

// baseEnv composes what every command gets. TF_CLI_CONFIG_FILE holds a user's
// mirrors and credentials and is kept, unless it names a missing file, of which
// the engine would complain each time.
func baseEnv(getenv func(string) string, extra []string) (map[string]string, error) {
	env := map[string]string{
		// Without an answer the version check takes three seconds.
		"CHECKPOINT_DISABLE": "1",
		// The engine is in a process group of its own, where a question from git
		// or ssh on the terminal would stop it for good.
		"GIT_TERMINAL_PROMPT": "0",
	}
	for _, name := range inherited {
		if v := getenv(name); v != "" {
			env[name] = v
		}
	}
	if env["GIT_SSH"] == "" && env["GIT_SSH_COMMAND"] == "" {
		env["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
	}
	if file := getenv(cliConfigVar); file != "" {
		if _, err := os.Stat(file); err == nil {
			env[cliConfigVar] = file
		}
	}
	return env, addEnv(env, extra)
}

// addEnv adds "NAME=value" entries, but none that steers the engine or the loader.
func addEnv(env map[string]string, extra []string) error {
	for _, entry := range extra {
		name, value, ok := strings.Cut(entry, "=")
		if !ok || !allowed(name) {
			return &EnvError{Name: name}
		}
		env[name] = value
	}
	return nil
}

func allowed(name string) bool {
	if strings.HasPrefix(name, "TF_TOKEN_") {
		return true
	}
	for _, prefix := range []string{"TF_", "CHECKPOINT_", "LD_", "DYLD_"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	return name != "" && name != "PATH"
}

// command returns a driver for dir. extra is the caller's, under the rules of
// addEnv; set is ours and may steer the engine.
func (e Engine) command(dir string, extra []string, set map[string]string) (*tfexec.Terraform, error) {
	tf, err := tfexec.NewTerraform(dir, e.Path)
	if err != nil {
		return nil, err
	}
	env := maps.Clone(e.env)
	if err := addEnv(env, extra); err != nil {
		return nil, err
	}
	if err := tf.SetEnv(env); err != nil {
		return nil, err
	}
	// SetEnv refuses such names, so that nobody hands them on by accident; the
	// map stays ours. With TF_CLI_ARGS_plan=-json and its like the plain methods
	// do what PlanJSON, ApplyJSON and InitJSON do, but those first run
	// `terraform version`, which takes as long as most of a small plan.
	env["TF_INPUT"] = "0"
	maps.Copy(env, set)
	return tf, nil
}
