package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// seed is the resource that stays as it is. Its run directory is the pattern
// for those of the baseline.
const seed = "seed"

// world is where the jobs run: a home of platformctl with a running server, and
// directories for the baseline beside it. close leaves nothing of it.
type world struct {
	options
	dir          string
	env          []string // of both sides
	pattern      string   // run directory of the seed
	provider     string   // file that serves the provider
	address      string   // its source address
	mirrorConfig string   // CLI configuration that names the mirror
	applied      string   // the baseline's directory with nothing to do
	many         string   // a platform with many resources
}

func newWorld(ctx context.Context, o options) (w *world, err error) {
	w = &world{options: o}
	if w.dir, err = os.MkdirTemp("", "bench-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close(ctx))
		}
	}()
	w.env = append(inherited(), "HOME="+w.dir, "PLATFORMCTL_HOME="+filepath.Join(w.dir, "home"),
		"PLATFORMCTL_TERRAFORM="+o.terraform, "TERRAFORM="+o.terraform, "CHECKPOINT_DISABLE=1", "LANG=C.UTF-8")
	if _, err = w.request(ctx, seed, "applied"); err != nil {
		return nil, err
	}
	if err = w.learn(ctx); err != nil {
		return nil, err
	}
	if w.applied, err = w.installed("applied"); err != nil {
		return nil, err
	}
	if err = w.large(ctx); err != nil {
		return nil, err
	}
	_, err = w.reattached(ctx, "reattached", w.applied)
	return w, err
}

// inherited is what is needed of the environment to find programs. All else
// could steer one side and not the other.
func inherited() []string {
	var env []string
	for _, name := range []string{"PATH", "TMPDIR", "PLATFORMCTL_POSTGRES_BIN", "PLATFORMCTL_TOOLS"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// learn takes from the seed's run directory what the baseline needs.
func (w *world) learn(ctx context.Context) error {
	var out strings.Builder
	if _, err := w.ours(ctx, &out, "resource", "dir", seed); err != nil {
		return err
	}
	w.pattern = strings.TrimSpace(out.String())
	mirror := filepath.Join(w.pattern, "terraform.d", "plugins")
	found, err := filepath.Glob(filepath.Join(mirror, "*", "*", "*", "*", "*", "terraform-provider-*"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("no provider in the mirror %s: %w", mirror, errors.Join(err, os.ErrNotExist))
	}
	w.provider = found[0]
	below, err := filepath.Rel(mirror, w.provider)
	if err != nil {
		return err
	}
	w.address = strings.Join(strings.Split(filepath.ToSlash(below), "/")[:3], "/")
	w.mirrorConfig = filepath.Join(w.dir, "terraformrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	return os.WriteFile(w.mirrorConfig, []byte(text), 0o600)
}

// installed makes a configuration in which the module is installed, as
// `terraform init` leaves it.
func (w *world) installed(name string) (string, error) {
	dir, err := w.configuration(name)
	if err != nil {
		return "", err
	}
	modules := filepath.Join(".terraform", "modules")
	return dir, os.CopyFS(filepath.Join(dir, modules), os.DirFS(filepath.Join(w.pattern, modules)))
}

// configuration makes a directory with the seed's configuration under another
// name, and nothing that an engine would have put there.
func (w *world) configuration(name string) (string, error) {
	dir := filepath.Join(w.dir, "runs", name)
	if err := os.CopyFS(filepath.Join(dir, "module"), os.DirFS(filepath.Join(w.pattern, "module"))); err != nil {
		return "", err
	}
	for _, file := range []string{"main.tf.json", "provider.tf.json", "terraform.tfvars.json"} {
		data, err := os.ReadFile(filepath.Join(w.pattern, file))
		if err != nil {
			return "", err
		}
		for _, old := range []string{`"` + seed + `"`, "/" + seed + `"`, "/" + seed + "/"} {
			data = bytes.ReplaceAll(data, []byte(old), []byte(strings.Replace(old, seed, name, 1)))
		}
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// ours measures platformctl. A shell starts it, because a shell starts the
// baseline too. stdout may be nil.
func (w *world) ours(ctx context.Context, stdout io.Writer, args ...string) (sample, error) {
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", `exec "$@"`, "sh", w.platformctl}, args...)...)
	cmd.Env, cmd.Dir, cmd.Stdout = w.env, w.dir, stdout
	return timed(cmd)
}

// theirs measures a command of the baseline.
func (w *world) theirs(ctx context.Context, env []string, args ...string) (sample, error) {
	cmd := exec.CommandContext(ctx, w.baseline, args...)
	cmd.Env, cmd.Dir = slices.Concat(w.env, env), w.dir
	return timed(cmd)
}

// timed runs cmd. The CPU time is that of the process and of all descendants
// that were waited for, as the kernel tells it with the end of the process.
func timed(cmd *exec.Cmd) (sample, error) {
	var stderr strings.Builder
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	s := sample{wall: time.Since(start)}
	if err != nil {
		return sample{}, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return s, nil
}

// provider is a process that serves the provider.
type provider struct {
	cmd      *exec.Cmd
	reattach string // value of TF_REATTACH_PROVIDERS
}

// startProvider starts the provider as Terraform would, without TLS, and returns
// when it serves.
func (w *world) startProvider(ctx context.Context) (*provider, error) {
	sockets, err := os.MkdirTemp(w.dir, "s")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, w.provider)
	cmd.Env = append([]string{
		"TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		"PLUGIN_PROTOCOL_VERSIONS=6", "PLUGIN_UNIX_SOCKET_DIR=" + sockets,
		"TF_LOG_SDK=OFF", "TF_LOG_SDK_PROTO=OFF", "TF_LOG_SDK_FRAMEWORK=OFF",
	}, w.env...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &provider{cmd: cmd}
	line, err := bufio.NewReader(out).ReadString('\n')
	if fields := strings.Split(strings.TrimSpace(line), "|"); err == nil && len(fields) >= 5 {
		p.reattach, err = w.reattachTo(fields[2], fields[3])
	} else {
		err = errors.Join(err, fmt.Errorf("handshake of the provider: %q", line))
	}
	if err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

func (w *world) reattachTo(network, path string) (string, error) {
	type addr struct{ Network, String string }
	type entry struct {
		Protocol             string
		ProtocolVersion, Pid int
		Test                 bool
		Addr                 addr
	}
	value, err := json.Marshal(map[string]entry{w.address: {
		Protocol: "grpc", ProtocolVersion: 6, Pid: os.Getpid(), Test: true, Addr: addr{network, path},
	}})
	return string(value), err
}

// stop ends the process and returns its CPU time.
func (p *provider) stop() time.Duration {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
	if p.cmd.ProcessState == nil {
		return 0
	}
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// close stops the server and removes everything.
func (w *world) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	var err error
	if _, missing := os.Stat(filepath.Join(w.dir, "home", "data")); missing == nil {
		_, err = w.ours(ctx, nil, "local", "stop")
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}
