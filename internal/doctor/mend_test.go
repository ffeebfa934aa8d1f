//go:build unix

package doctor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/gofrs/flock"

	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/secret"
)

// broken is one way in which a machine is not in order. How it is mended is the
// command of the check, unless mend stands here for what a command cannot do.
type broken struct {
	name   string // of the check
	breaks func(w *world)
	state  State
	detail string // part of it
	mend   func(w *world, command string)
}

func table() map[string]broken {
	set := func(key, value string) func(*world) { return func(w *world) { w.env[key] = value } }
	unset := func(key string) func(*world, string) { return func(w *world, _ string) { w.env[key] = "" } }
	return map[string]broken{
		"no engine": {"terraform", func(w *world) { w.sh("rm bin/terraform") }, Failed, "no terraform or tofu found", func(w *world, _ string) {
			w.write("bin/tofu", "#!/bin/sh\necho '{\"terraform_version\": \"1.11.0\"}'\n", 0o755)
		}},
		"old engine": {"terraform", func(w *world) {
			w.write("bin/terraform", "#!/bin/sh\necho '{\"terraform_version\": \"1.5.7\", \"terraform_outdated\": true}'\n", 0o755)
		}, Failed, "is version 1.5.7, older than 1.11", func(w *world, _ string) {
			w.write("bin/terraform", "#!/bin/sh\necho '{\"terraform_version\": \"1.11.0\", \"terraform_outdated\": true}'\n", 0o755)
		}},
		"engine not executable": {"terraform", func(w *world) { w.sh("chmod -x bin/terraform") }, Failed, "not executable", nil},
		"engine named wrongly": {"terraform", func(w *world) {
			w.write("notes", "", 0o644)
			w.env["PLATFORMCTL_TERRAFORM"] = filepath.Join(w.dir, "notes")
		}, Failed, "not executable", unset("PLATFORMCTL_TERRAFORM")},
		"engine's settings": {"terraform-config", set("TF_CLI_CONFIG_FILE", "/nonexistent/rc"), Warning, "cannot be read", unset("TF_CLI_CONFIG_FILE")},
		"no postgres": {"postgresql", func(w *world) { w.sh("rm bin/postgres") }, Failed, "PostgreSQL", func(w *world, _ string) {
			w.write("bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 13.1'\n", 0o755)
		}},
		"old postgres": {"postgresql", func(w *world) {
			w.write("bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 12.1'\n", 0o755)
		}, Failed, "too old", func(w *world, _ string) {
			w.write("bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 13.1'\n", 0o755)
		}},
		"home open":       {"home", func(w *world) { w.sh("chmod 777 pctl/data") }, Failed, "can be written by other users", nil},
		"above home open": {"home", func(w *world) { w.sh("chmod 777 pctl") }, Failed, "can be written by other users", nil},
		"home readable":   {"home", func(w *world) { w.sh("chmod 755 pctl/state") }, Warning, "can be read by other users", nil},
		"home is a file":  {"home", func(w *world) { w.sh("rmdir pctl/cache; touch pctl/cache") }, Failed, "is not a directory", func(w *world, _ string) { w.sh("rm pctl/cache") }},
		"home relative":   {"home", set("PLATFORMCTL_HOME", "pctl"), Failed, "not absolute", func(w *world, _ string) { w.env["PLATFORMCTL_HOME"] = filepath.Join(w.dir, "pctl") }},
		"settings mistyped": {"settings", func(w *world) { w.write("pctl/config/settings.yaml", "taem: shop\n", 0o600) }, Failed, "taem", func(w *world, _ string) {
			w.write("pctl/config/settings.yaml", "team: shop\n", 0o600)
		}},
		"no identity": {"secrets", func(w *world) {
			w.write("pctl/config/settings.yaml", "identity: "+w.dir+"/key\n", 0o600)
		}, Failed, "identity file", func(w *world, _ string) { w.sh("rm pctl/config/settings.yaml") }},
		"identity open": {"secrets", func(w *world) {
			w.write("key", "AGE-SECRET-KEY-1QQPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQYQSZQGPQ9UEHHR\n", 0o644)
			w.write("pctl/config/settings.yaml", "identity: "+w.dir+"/key\n", 0o600)
		}, Failed, "open to other users", func(w *world, command string) {
			w.sh(command)
			w.sh("rm pctl/config/settings.yaml")
		}},
		"secret open": {"secrets", func(w *world) {
			w.write(filepath.Join(w.paths().Secrets(), "local/x/password.plain"), "geheim\n", 0o644)
		}, Failed, "1 files or directories of secrets", nil},
		"secrets open": {"secrets", func(w *world) {
			w.write(filepath.Join(w.paths().Secrets(), "local/x/password.plain"), "geheim\n", 0o600)
			w.sh("chmod 755 " + w.paths().Secrets())
		}, Failed, "is open to other users", nil},
		"secret of another identity": {"secrets", func(w *world) {
			w.secret("a")
			w.write("pctl/config/settings.yaml", "identity: "+w.identity("b")+"\n", 0o600)
		}, Failed, "encrypted to another identity", func(w *world, _ string) {
			w.write("pctl/config/settings.yaml", "identity: "+filepath.Join(w.dir, "a.key")+"\n", 0o600)
		}},
		"secret without identity": {"secrets", func(w *world) { w.secret("a") }, Failed, "no identity is configured", func(w *world, _ string) {
			w.write("pctl/config/settings.yaml", "identity: "+filepath.Join(w.dir, "a.key")+"\n", 0o600)
		}},
		"damaged secret": {"secrets", func(w *world) {
			w.write(filepath.Join(w.paths().Secrets(), "local/x/password.plain"), "one\ntwo\n", 0o600)
		}, Failed, "more than one line", func(w *world, _ string) {
			w.sh("rm " + filepath.Join(w.paths().Secrets(), "local/x/password.plain"))
		}},
		"no temporary directory": {"temporary", set("TMPDIR", "/nonexistent"), Failed, "cannot be used", unset("TMPDIR")},
		"temporary is a file":    {"temporary", set("TMPDIR", "/etc/hosts"), Failed, "not a directory", unset("TMPDIR")},
		"clock set back": {"clock", func(w *world) { w.machine.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, Warning, "later", func(w *world, _ string) {
			w.machine.Now = time.Now
		}},
		"nobody":     {"identity", func(w *world) { w.sh("rm .gitconfig") }, Warning, "no address", nil},
		"broken git": {"git", func(w *world) { w.write("bin/git", "#!/bin/sh\nexit 1\n", 0o755) }, Warning, "does not run", func(w *world, _ string) { w.sh("rm bin/git") }},
		"planted":    {"platform", func(w *world) { w.machine.Platform, w.machine.Dir = "", w.shop; w.sh("chmod 777 shop") }, Failed, "not trusted", func(w *world, _ string) { w.sh("chmod 755 shop") }},
		"no history": {"platform", func(w *world) { w.sh("mv shop/.git shop/git") }, Failed, "not a git repository", func(w *world, _ string) { w.sh("mv shop/git shop/.git") }},
		"bad platform": {"platform", func(w *world) { w.commit("platform.yaml", "kind: Nothing\n") }, Failed, "platform.yaml", func(w *world, _ string) {
			w.sh("cd shop && git -c user.name=a -c user.email=b reset -q --hard HEAD^")
		}},
		"wrong platform": {"platform", func(w *world) { w.machine.Platform = w.dir }, Failed, "no platform here", func(w *world, _ string) { w.machine.Platform = w.shop }},
		"left lock":      {"repository", func(w *world) { w.write("shop/.git/index.lock", "", 0o644) }, Failed, "index.lock", nil},
		"left ref lock":  {"repository", func(w *world) { w.write("shop/.git/refs/heads/main.lock", "", 0o644) }, Failed, "main.lock", nil},
		"other branch":   {"repository", func(w *world) { w.sh("git -C shop switch -q -c mine") }, Failed, `on branch "mine"`, nil},
		"merging":        {"repository", func(w *world) { w.write("shop/.git/MERGE_HEAD", "x\n", 0o644) }, Failed, "in the middle of a merge", func(w *world, _ string) { w.sh("rm shop/.git/MERGE_HEAD") }},
		"edited record": {"repository", func(w *world) { w.sh("for f in $(find shop/catalog -type f); do echo '# mine' >> $f; done") }, Warning, "edited and not committed", func(w *world, command string) {
			if out := w.sh(command); !strings.Contains(out, " M catalog/") {
				w.t.Errorf("%s says %s", command, out)
			}
			w.sh("git -C shop checkout -q .")
		}},
		"unfinished": {"requests", func(w *world) { w.journal("shop-postgresql", "\n") }, Warning, "cut short at the step apply", func(w *world, command string) {
			if command != "platformctl resource resume shop-postgresql" {
				w.t.Errorf("command %q", command)
			}
			w.sh("rm " + filepath.Join(w.paths().Requests(), "open", "*"))
		}},
		"damaged journal": {"requests", func(w *world) { w.journal("shop-postgresql", "\n{}\n") }, Failed, "damaged at line 3", nil},
		"damaged state": {"terraform-state", func(w *world) {
			state := `{"version": 4, "lineage": "x", "serial": 3}`
			run := w.paths().Runs("local", "shop-postgresql")
			w.write(filepath.Join(run, "terraform.tfstate"), "", 0o600)
			w.write(filepath.Join(run, "terraform.tfstate.seen"), state, 0o600)
			w.write(filepath.Join(run, "state.json"), `{"lineage": "x", "serial": 3}`, 0o600)
		}, Failed, "is empty", nil},
		"not in PATH": {"path", set("PATH", "/nonexistent"), Warning, "is not in PATH", func(w *world, command string) {
			w.env["PATH"] = strings.TrimSpace(w.sh(command + `; echo "$PATH"`))
		}},
		"another in PATH": {"path", func(w *world) {
			w.write("first/platformctl", "#!/bin/sh\necho v0.9.0\n", 0o755)
			w.env["PATH"] = filepath.Join(w.dir, "first") + ":" + w.bin
		}, Warning, "version v0.9.0", func(w *world, _ string) { w.sh("rm first/platformctl") }},
		"another version": {"path", func(w *world) {
			w.write("last/platformctl", "#!/bin/sh\necho v0.9.0\n", 0o755)
			w.env["PATH"] = w.bin + ":" + filepath.Join(w.dir, "last")
		}, Warning, "others further back", func(w *world, _ string) { w.sh("rm last/platformctl") }},
		"damaged server": {"local-server", func(w *world) {
			w.write(filepath.Join(w.paths().Local("postgresql"), "server.json"), "{", 0o600)
		}, Failed, "server.json", func(w *world, command string) {
			if command != "platformctl local reset" {
				w.t.Errorf("command %q", command)
			}
			w.sh("rm -r " + w.paths().Local("postgresql"))
		}},
		"server's version": {"local-server", func(w *world) {
			w.write(filepath.Join(w.paths().Local("postgresql"), "data", "PG_VERSION"), "16\n", 0o600)
		}, Failed, "is of PostgreSQL 16, and only PostgreSQL 17", func(w *world, _ string) {
			w.write("bin/postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 16.1'\n", 0o755)
		}},
	}
}

// identity makes a file with a new age identity.
func (w *world) identity(name string) string {
	w.t.Helper()
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		w.t.Fatal(err)
	}
	w.write(name+".key", identity.String()+"\n", 0o600)
	return filepath.Join(w.dir, name+".key")
}

// secret makes a secret that is encrypted to a new identity.
func (w *world) secret(identity string) {
	w.t.Helper()
	s, err := secret.Open(w.paths().Secrets(), w.identity(identity))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := s.GetOrCreate("local/x/password"); err != nil {
		w.t.Fatal(err)
	}
}

// commit commits a file of a person to the platform.
func (w *world) commit(name, text string) {
	w.t.Helper()
	w.write(filepath.Join(w.shop, name), text, 0o644)
	w.sh("cd shop && git add -A && git -c user.name=a -c user.email=b commit -qm mine")
}

// journal leaves a request open; more is what follows its second line.
func (w *world) journal(name, more string) {
	w.t.Helper()
	const at = `"time":"2026-01-02T03:04:05Z","request":"01ARZ3NDEKTSV4RRFFQ69G5FAV"`
	w.write(filepath.Join(w.paths().Requests(), "open", name+".ndjson"), `{"seq":1,`+at+`,"phase":"accepted","ask":{"capability":"database","name":"`+name+`"}}
{"seq":2,`+at+`,"step":"apply","phase":"intent"}`+more, 0o600)
}

// TestMends breaks one thing after the other, sees that it is found with a mend,
// does what the mend says, and sees that all is well.
func TestMends(t *testing.T) {
	for title, tt := range table() {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			tt.breaks(w)
			found, _ := w.check(tt.name)
			bad := worst(found)
			if bad.State != tt.state || !strings.Contains(bad.Detail, tt.detail) {
				t.Fatalf("broken: %+v, want %s with %q", found, tt.state, tt.detail)
			}
			if bad.Mend == "" && bad.Err == nil {
				t.Errorf("no mend, and no error that one is known for: %+v", bad)
			}
			if tt.mend == nil {
				if bad.Command == "" {
					t.Fatalf("no command: %+v", bad)
				}
				w.sh(bad.Command)
			} else {
				tt.mend(w, bad.Command)
			}
			if found, _ := w.check(tt.name); worst(found).State == Failed || worst(found).State == Warning {
				t.Errorf("mended with %q: %+v", bad.Command, found)
			}
		})
	}
}

// TestOpenFiles lowers the limit of this process, which its children inherit.
func TestOpenFiles(t *testing.T) {
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	low := before
	low.Cur = 100
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	found, _ := w.check("open-files")
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if found[0].State != Warning || !strings.Contains(found[0].Detail, "100 files") {
		t.Errorf("%+v", found)
	}
	if found, _ := w.check("open-files"); found[0].State != OK {
		t.Errorf("mended: %+v", found)
	}
}

// TestHeld tells locks that somebody holds from those that were left.
func TestHeld(t *testing.T) {
	if _, err := os.Stat("/proc/locks"); err != nil {
		t.Skip("this system does not tell who holds a lock")
	}
	w := newWorld(t)
	w.journal("shop-postgresql", "\n")
	file := filepath.Join(w.paths().Locks(), "resource-shop-postgresql")
	w.write(file, "", 0o600)
	lock := flock.New(file)
	if err := lock.Lock(); err != nil {
		t.Fatal(err)
	}
	pid := strconv.Itoa(os.Getpid())
	if found, _ := w.check("requests"); found[0].State != OK || !strings.Contains(found[0].Detail, pid) {
		t.Errorf("request under way: %+v", found)
	}
	if found, _ := w.check("writers"); found[0].State != OK || !strings.Contains(found[0].Detail, pid) {
		t.Errorf("writer: %+v", found)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	if found, _ := w.check("requests"); found[0].State != Warning {
		t.Errorf("request that was killed: %+v", found)
	}

	// A git that runs in the platform may be the one that has locked the index.
	w.write("shop/.git/index.lock", "", 0o644)
	git := exec.CommandContext(t.Context(), "git", "cat-file", "--batch")
	git.Dir = w.shop
	stdin, err := git.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := git.Start(); err != nil {
		t.Fatal(err)
	}
	found, _ := w.check("repository")
	if found[0].State != Warning || !strings.Contains(found[0].Detail, strconv.Itoa(git.Process.Pid)) {
		t.Errorf("git runs: %+v", found)
	}
	_ = stdin.Close()
	_ = git.Wait()
	if found, _ := w.check("repository"); found[0].State != Failed {
		t.Errorf("git has ended: %+v", found)
	}
}

// TestEnvironments names what other command looks at other machines.
func TestEnvironments(t *testing.T) {
	w := newWorld(t)
	w.sh("rm -rf shop")
	cfg := platform.DefaultConfig("shop")
	cfg.Spec.Environments = append(cfg.Spec.Environments, platform.Environment{Name: "live", Target: "server"})
	w.create(cfg)
	found, _ := w.check("environments")
	if found[0].State != Skipped || !strings.Contains(found[0].Detail, "live") || found[0].Command != "platformctl environment check" {
		t.Errorf("%+v", found)
	}
}

// TestCompletion installs what is missing for each shell with the command given.
func TestCompletion(t *testing.T) {
	for _, name := range []string{"bash", "zsh", "fish"} {
		w := newWorld(t)
		w.sh("rm .bashrc")
		w.env["SHELL"] = "/usr/bin/" + name
		found, _ := w.check("completion")
		if found[0].State != Skipped || found[0].Command == "" {
			t.Errorf("%s: %+v", name, found)
		}
		w.sh("PATH=" + w.bin + ":$PATH; " + found[0].Command)
		if found, _ := w.check("completion"); found[0].State != OK {
			t.Errorf("%s, mended: %+v", name, found)
		}
	}
}

// TestUnwritable takes the right to write from the user, which root has anyway.
func TestUnwritable(t *testing.T) {
	if root() {
		t.Skip("root may write everywhere")
	}
	w := newWorld(t)
	w.sh("chmod 500 pctl/state")
	found, _ := w.check("home")
	if found[0].State != Failed || !strings.Contains(found[0].Detail, "cannot be written") {
		t.Fatalf("%+v", found)
	}
	w.sh(found[0].Command)
	if found, _ := w.check("home"); found[0].State != OK {
		t.Errorf("mended: %+v", found)
	}
}
