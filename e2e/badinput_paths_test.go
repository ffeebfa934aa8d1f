package e2e

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// notFiles puts something at a path that is no file to read.
func notFiles() map[string]func(path string) error {
	return map[string]func(path string) error{
		"FIFO":        mkfifo,
		"zeros":       func(path string) error { return os.Symlink("/dev/zero", path) },
		"directory":   func(path string) error { return os.Mkdir(path, 0o700) },
		"socket":      listenAt,
		"sparse_5_GB": func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 5<<30)) },
	}
}

// listenAt leaves a socket behind that nobody listens on. Its path may be
// longer than a socket's can be, so it moves there.
func listenAt(path string) error {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		return err
	}
	l.SetUnlinkOnClose(false)
	return errors.Join(l.Close(), os.Rename(filepath.Join(dir, "s"), path))
}

// readPath is a file that platformctl reads, and the command that reads it.
type readPath struct {
	path string   // below the root of the site, or a pattern that matches one
	args string   // of the command
	code int      // 0 stands for 2; -1: it does without the file
	says []string // besides the name of the file
}

func readPaths() map[string]readPath {
	const (
		again   = "request note --tier=draft --team=shop --auto-approve"
		change  = again + " --set=text=changed"
		record  = "pctl/data/platform/"
		data    = "pctl/data/platforms/*/"
		state   = "pctl/state/platforms/*/"
		without = -1
	)
	return map[string]readPath{
		"settings":             {"pctl/config/settings.yaml", "status", 0, nil},
		"settings_request":     {"pctl/config/settings.yaml", change, 0, nil},
		"identity":             {"home/key", "resource env shop-plain", 0, nil},
		"settings_of_git":      {"home/.gitconfig", "team add other-", without, nil},
		"platform.yaml":        {record + "platform.yaml", again, without, []string{"platform.yaml is edited"}},
		"capability.yaml":      {record + "capabilities/note/capability.yaml", again, without, []string{"capability.yaml is edited"}},
		"git_config":           {record + ".git/config", "status", 0, nil},
		"git_HEAD":             {record + ".git/HEAD", "team add another", 0, nil},
		"git_branch":           {record + ".git/refs/heads/main", "status", 0, nil},
		"git_packed_refs":      {record + ".git/packed-refs", "status", without, nil},
		"git_index":            {record + ".git/index", "team add another", 0, nil},
		"salt":                 {data + "identity/salt", "team add another", 0, nil},
		"name_of_the_writer":   {data + "writer", "team add another", 0, nil},
		"terraform.tfstate":    {state + "runs/local/shop-plain/terraform.tfstate", change, 5, nil},
		"seen_state":           {state + "runs/local/shop-plain/state.json", change, 0, nil},
		"journal":              {state + "requests/open/shop-plain.ndjson", change, 0, nil},
		"versions_of_programs": {"pctl/cache/terraform/engines.json", again, without, nil},
	}
}

// badPaths puts what cannot be read in the place of every file that is. It is
// said at once and with the name of the file, and nothing waits for it.
func badPaths(t *testing.T) {
	t.Helper()
	s := usedSite(t).with("GIT_AUTHOR_EMAIL", "")
	settings := filepath.Join(s.home, "config", "settings.yaml")
	for title, r := range readPaths() {
		for kind, put := range notFiles() {
			t.Run("B42_"+title+"_"+kind, func(t *testing.T) {
				write(t, settings, "team: shop\n")
				if title == "identity" {
					write(t, settings, "identity: "+filepath.Join(s.root, r.path)+"\n")
				}
				path := s.find(t, r.path)
				if err := os.Rename(path, path+".saved"); err == nil {
					defer func() { _ = os.Rename(path+".saved", path) }()
				}
				if err := put(path); err != nil {
					t.Fatal(err)
				}
				defer func() { _ = os.RemoveAll(path) }()
				says := append([]string{regexp.QuoteMeta(filepath.Base(path)) + "|not a git repository", "hint: ."}, r.says...)
				args := strings.Fields(r.args)
				if last := len(args) - 1; strings.HasSuffix(args[last], "-") {
					args[last] += strings.ToLower(kind[:2])
				}
				if r.code < 0 {
					a := s.must(t, args...)
					for _, pattern := range r.says {
						if !regexp.MustCompile(pattern).MatchString(a.err) {
							t.Errorf("stderr does not match %q: %s", pattern, a.err)
						}
					}
					return
				}
				a := s.exec(t, args...)
				a.check(t, refusal{code: r.code, says: says, slow: true})
				if a.took > 5*time.Second {
					t.Errorf("took %v", a.took)
				}
			})
		}
	}
}

// find returns the path that a pattern below the root stands for. Its last part
// need not be there.
func (s *site) find(t *testing.T, pattern string) string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(s.root, filepath.Dir(pattern)))
	if err != nil || len(dirs) != 1 {
		t.Fatalf("%s: %q, %v", pattern, dirs, err)
	}
	return filepath.Join(dirs[0], filepath.Base(pattern))
}

// badTargets writes what a command answers over what it reads: a shell empties
// the file before the command begins.
func badTargets(t *testing.T) {
	t.Helper()
	s := usedSite(t)
	platform := filepath.Join(s.home, "data", "platform")
	for title, c := range map[string]struct {
		args, file, answer, warning string
	}{
		"B43_platform":   {"status -o json", "platform.yaml", `"name": "platform"`, ""},
		"B43_capability": {"capability show note -o json", "capabilities/note/capability.yaml", `"name": "note"`, ""},
		"B43_entity":     {"catalog show group:shop -o yaml", entityAt("group", "shop"), "kind: Group", ""},
		"B43_request":    {"request note --tier=draft --team=shop --auto-approve -o json", "platform.yaml", `"state": "unchanged"`, "platform.yaml is edited"},
		"B43_run":        {"request note --tier=draft --team=shop --auto-approve -o json", "resources/local/shop-plain/main.tf.json", `"state": "unchanged"`, ""},
	} {
		t.Run(title, func(t *testing.T) {
			file := filepath.Join(platform, filepath.FromSlash(c.file))
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(t, file, "") // as the shell does
			a := s.must(t, strings.Fields(c.args)...)
			write(t, file, a.out)
			if !strings.Contains(a.out, c.answer) || !strings.Contains(a.err, c.warning) {
				t.Errorf("stdout %q, stderr %q", a.out, a.err)
			}
			s.must(t, "verify") // the commit is as it was
			write(t, file, string(before))
		})
	}
	t.Run("B43_settings", func(t *testing.T) {
		settings := filepath.Join(s.home, "config", "settings.yaml")
		write(t, settings, "")
		s.refuses(t, refusal{says: []string{`settings\.yaml.*is empty`}}, func() answer { return s.run(t, "status") })
	})
	t.Run("B43_settings_that_change", func(t *testing.T) {
		settings := filepath.Join(s.home, "config", "settings.yaml")
		write(t, settings, "team: shop\n")
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default: // whole at every moment, in turns
					other := settings + ".new"
					text := []string{"team: shop\n", "platform: " + platform + "\nteam: other\n"}[i%2]
					if err := errors.Join(os.WriteFile(other, []byte(text), 0o600), os.Rename(other, settings)); err != nil {
						t.Error(err)
						return
					}
				}
			}
		}()
		for range 50 {
			a := s.run(t, "status", "-o", "json")
			if a.code != 0 || strings.Contains(a.out, `"team": "other"`) != strings.Contains(a.out, `"from": "user settings"`) {
				t.Errorf("exit code %d, stdout %.300q, stderr %q", a.code, a.out, a.err)
			}
		}
		close(stop)
		<-done
	})
}
