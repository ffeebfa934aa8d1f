package doctor

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
	"github.com/platformctl/platformctl/internal/git"
)

// identity is whom a request is recorded of.
func identity(_ context.Context, m *machine) []Check {
	if email := git.UserEmail(m.Getenv); email != "" {
		return []Check{ok("%s", email)}
	}
	return []Check{warning("git knows no address of yours: what you do is recorded under the name of this account").
		mend("tell git who you are", "git config --global user.email you@example.com")}
}

func gitProgram(ctx context.Context, m *machine) []Check {
	found := m.inPath("git")
	if len(found) == 0 {
		return []Check{skipped("there is none in PATH, and platformctl needs none; a person who edits the platform does")}
	}
	version, err := m.ask(ctx, found[0], "--version")
	if err != nil {
		return []Check{warning("%s does not run: %v", found[0], err).mend("install git anew; platformctl runs without it", "")}
	}
	return []Check{ok("%s, %s", version, found[0])}
}

// inPath holds this binary against those that PATH finds.
func inPath(ctx context.Context, m *machine) []Check {
	self, err := os.Stat(m.Executable)
	if err != nil {
		return []Check{skipped("the path of this binary is not known")}
	}
	found := m.inPath("platformctl")
	here := slices.IndexFunc(found, func(path string) bool { return same(path, self) })
	switch {
	case here < 0 && len(found) == 0:
		return []Check{warning("%s is not in PATH", m.Executable).
			mend("put its directory into PATH, in the file that your shell reads", `export PATH=`+shell(filepath.Dir(m.Executable))+`:"$PATH"`)}
	case here != 0:
		other, err := m.ask(ctx, found[0], "version", "-o", "name")
		if err != nil {
			other = err.Error()
		}
		return []Check{warning("PATH finds %s, version %s, not %s, version %s, which runs now", found[0], other, m.Executable, m.Version).
			mend("remove one of them, or change their order in PATH", "")}
	}
	var others []string
	for _, path := range found[1:] {
		if same(path, self) {
			continue
		}
		if version, err := m.ask(ctx, path, "version", "-o", "name"); err == nil && version != m.Version {
			others = append(others, path+", version "+version)
		}
	}
	if len(others) > 0 {
		return []Check{warning("%s, version %s; others further back in PATH: %s", found[0], m.Version, strings.Join(others, "; ")).
			mend("remove those that nobody needs", "")}
	}
	return []Check{ok("%s, version %s", found[0], m.Version)}
}

func same(path string, file os.FileInfo) bool {
	info, err := os.Stat(path)
	return err == nil && os.SameFile(info, file)
}

// inPath lists the executable files of a name in the absolute directories of PATH.
func (m *machine) inPath(name string) []string {
	var found []string
	for _, dir := range filepath.SplitList(m.Getenv("PATH")) {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && filepath.IsAbs(dir) && info.Mode().IsRegular() && info.Mode()&0o111 != 0 &&
			!slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	return found
}

// ask runs a program and returns the first line that it prints.
func (m *machine) ask(ctx context.Context, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"PATH=" + m.Getenv("PATH"), "HOME=" + m.Getenv("HOME"), "LC_ALL=C"}
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	line, _, _ := bytes.Cut(out, []byte("\n"))
	return string(line), err
}

// completion looks where shells find it for the user's shell.
func completion(_ context.Context, m *machine) []Check {
	shellName := filepath.Base(m.Getenv("SHELL"))
	places, known := completionPlaces(m.Getenv)[shellName]
	if !known {
		return []Check{skipped("$SHELL names no shell that there is a completion for")}
	}
	for _, file := range places.files {
		if _, err := os.Stat(file); err == nil {
			return []Check{ok("%s finds it in %s", shellName, file)}
		}
	}
	for _, file := range places.startup {
		if text, err := durable.ReadFile(file, durable.Small); err == nil && bytes.Contains(text, []byte("platformctl completion")) {
			return []Check{ok("%s reads it in %s", shellName, file)}
		}
	}
	return []Check{skipped("%s does not complete platformctl's commands", shellName).
		mend("install it: platformctl completion "+shellName+" --help", places.install)}
}

// completionPlace is where a shell looks for completions.
type completionPlace struct {
	files   []string // any of them will do
	startup []string // files that may read the script themselves
	install string
}

func completionPlaces(getenv func(string) string) map[string]completionPlace {
	home := getenv("HOME")
	data, config := getenv("XDG_DATA_HOME"), getenv("XDG_CONFIG_HOME")
	if data == "" {
		data = filepath.Join(home, ".local", "share")
	}
	if config == "" {
		config = filepath.Join(home, ".config")
	}
	below := func(prefixes []string, path string) []string {
		files := make([]string, len(prefixes))
		for i, prefix := range prefixes {
			files[i] = filepath.Join(prefix, path)
		}
		return files
	}
	system := []string{"/usr/share", "/usr/local/share", "/opt/homebrew/share"}
	return map[string]completionPlace{
		"bash": {
			files:   append(below(append([]string{data}, system...), "bash-completion/completions/platformctl"), "/etc/bash_completion.d/platformctl"),
			startup: []string{filepath.Join(home, ".bashrc"), filepath.Join(home, ".bash_profile"), filepath.Join(home, ".profile")},
			install: "echo 'source <(platformctl completion bash)' >> " + shell(filepath.Join(home, ".bashrc")),
		},
		"zsh": {
			files: append(append(below(system, "zsh/site-functions/_platformctl"), below(system, "zsh/vendor-completions/_platformctl")...),
				filepath.Join(home, ".zsh", "completions", "_platformctl")),
			startup: []string{filepath.Join(home, ".zshrc")},
			install: "echo 'autoload -U compinit && compinit; source <(platformctl completion zsh)' >> " + shell(filepath.Join(home, ".zshrc")),
		},
		"fish": {
			files: append(below(system, "fish/vendor_completions.d/platformctl.fish"),
				filepath.Join(config, "fish", "completions", "platformctl.fish")),
			startup: []string{filepath.Join(config, "fish", "config.fish")},
			install: shell("mkdir", "-p", filepath.Join(config, "fish", "completions")) + " && platformctl completion fish > " +
				shell(filepath.Join(config, "fish", "completions", "platformctl.fish")),
		},
	}
}
