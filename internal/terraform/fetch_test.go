package terraform_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/terraform"
)

// repository makes a bare git repository of pairs of path and content, with the
// tag v1, and returns its address.
func repository(t *testing.T, pairs ...string) string {
	t.Helper()
	work := t.TempDir()
	bare := filepath.Join(t.TempDir(), "modules.git")
	for i := 0; i+1 < len(pairs); i += 2 {
		write(t, filepath.Join(work, pairs[i]), pairs[i+1], 0o600)
	}
	git(t, work, "init", "--quiet", "--initial-branch=main")
	commit(t, work)
	git(t, work, "tag", "v1")
	git(t, work, "clone", "--quiet", "--bare", ".", bare)
	return "git::file://" + bare
}

func commit(t *testing.T, work string) {
	t.Helper()
	git(t, work, "add", "--all")
	git(t, work, "commit", "--quiet", "--message=change")
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

const callingModule = `
variable "name" {}
module "part" {
  source = "../part"
  name   = var.name
}
output "name" { value = module.part.name }
`

func TestFetchedModule(t *testing.T) {
	repo := repository(t, "db/main.tf", callingModule, "part/main.tf", dataModule, "README.md", "x")
	e, log := wrapped(t)
	dir := t.TempDir()
	m := terraform.Module{Source: repo + "//db?ref=v1", Variables: map[string]any{"name": "x"}}
	first := prepare(t, e, dir, m)
	if !strings.Contains(string(first.Main), `"source": "`+m.Source+`"`) {
		t.Errorf("main.tf.json:\n%s", first.Main)
	}
	if out := apply(t, e, dir); out["name"] != `"x"` {
		t.Errorf("outputs = %v", out)
	}
	for _, name := range []string{".terraform/modules/this/.git", ".fetch", "module"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", name, err)
		}
	}

	// Pinned and unchanged: nothing runs and nothing is written.
	m.Digest = first.Digest
	ran, times, want := len(verbs(t, log)), mtimes(t, dir), tree(t, dir)
	if diff := cmp.Diff(first, prepare(t, e, dir, m)); diff != "" {
		t.Errorf("Rendered the second time:\n%s", diff)
	}
	if got := verbs(t, log)[ran:]; len(got) > 0 {
		t.Errorf("commands %v ran", got)
	}
	if diff := cmp.Diff(times, mtimes(t, dir)); diff != "" {
		t.Errorf("written:\n%s", diff)
	}

	// What somebody changed or a kill left half done is fetched again.
	for name, spoil := range map[string]func() error{
		"changed": func() error {
			return os.WriteFile(filepath.Join(dir, ".terraform/modules/this/part/main.tf"), []byte("# other"), 0o600)
		},
		"added": func() error {
			return os.WriteFile(filepath.Join(dir, ".terraform/modules/this/db/more.tf"), []byte("# other"), 0o600)
		},
		"removed":     func() error { return os.RemoveAll(filepath.Join(dir, ".terraform")) },
		"no manifest": func() error { return os.Remove(filepath.Join(dir, ".terraform/modules/modules.json")) },
		"no stamp":    func() error { return os.Remove(filepath.Join(dir, "prepared.json")) },
		"torn stamp":  func() error { return os.WriteFile(filepath.Join(dir, "prepared.json"), []byte("{"), 0o600) },
		"half fetched": func() error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, ".terraform/modules")), os.MkdirAll(filepath.Join(dir, ".fetch/.terraform/modules/this"), 0o700))
		},
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		prepare(t, e, dir, m)
		if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
			t.Errorf("after %s:\n%s", name, diff)
		}
	}
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}

	// A person's own commands.
	for _, args := range [][]string{{"plan", "-detailed-exitcode"}, {"init"}, {"plan", "-detailed-exitcode"}} {
		cmd := exec.CommandContext(t.Context(), "terraform", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("terraform %v: %v\n%s", args, err, out)
		}
	}
}

// A module that cannot be had, or is not the one that was pinned, leaves what
// there is as it is.
func TestFetchRefused(t *testing.T) {
	repo := repository(t, "main.tf", dataModule)
	hidden := repository(t, "main.tf", "terraform {\n  backend \"pg\" {}\n}\n")
	nested := repository(t, "main.tf", "module \"x\" {\n  source = \"./x\"\n}\n", "x/a_override.tf", "")
	cached := repository(t, "main.tf", "", "examples/.terraform/x", "")
	link := t.TempDir()
	write(t, filepath.Join(link, "main.tf"), "", 0o600)
	if err := os.Symlink("/etc/passwd", filepath.Join(link, "stolen")); err != nil {
		t.Fatal(err)
	}
	git(t, link, "init", "--quiet")
	commit(t, link)

	e := engine(t)
	dir := t.TempDir()
	good := terraform.Module{Source: repo, Variables: map[string]any{"name": "x"}}
	prepare(t, e, dir, good)
	want := tree(t, dir)
	tests := map[string]struct {
		m    terraform.Module
		want string
	}{
		"digest":       {terraform.Module{Source: repo, Digest: "sha256:0"}, "not sha256:0"},
		"no such ref":  {terraform.Module{Source: repo + "?ref=none"}, "terraform get: Failed to download module"},
		"no such repo": {terraform.Module{Source: repo + "x"}, "terraform get: Failed to download module"},
		"no such dir":  {terraform.Module{Source: repo + "//none"}, "terraform get: "},
		"a version":    {terraform.Module{Source: repo, Version: "1.0.0"}, "terraform get: Invalid registry module source address"},
		"backend":      {terraform.Module{Source: hidden}, "main.tf: has a backend block"},
		"override":     {terraform.Module{Source: nested}, "a_override.tf: would override other files"},
		".terraform":   {terraform.Module{Source: cached}, ".terraform: is what terraform init leaves behind"},
		"a link":       {terraform.Module{Source: "git::file://" + link}, "stolen: is not a regular file"},
		"a variable":   {terraform.Module{Source: repo, Variables: map[string]any{"nam": "x"}}, `variable "nam" is not declared by the module`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := e.Prepare(t.Context(), dir, tt.m, "")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Prepare = %v, want %q", err, tt.want)
			}
			if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
				t.Errorf("the directory changed:\n%s", diff)
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := e.Prepare(ctx, dir, terraform.Module{Source: repo + "?ref=v1"}, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Prepare = %v, want a cancellation", err)
	}
}

// A module that is given and calls one that has to be fetched.
func TestLocalCallsFetched(t *testing.T) {
	repo := repository(t, "main.tf", dataModule)
	e, log := wrapped(t)
	dir := t.TempDir()
	m := local("./mixed", map[string]any{"name": "x"},
		"main.tf", strings.ReplaceAll(callingModule, "../part", "./part"), "part/main.tf", strings.ReplaceAll(callingModule, "../part", repo))
	first := prepare(t, e, dir, m)
	if out := apply(t, e, dir); out["name"] != `"x"` {
		t.Errorf("outputs = %v", out)
	}
	ran := len(verbs(t, log))
	if again := prepare(t, e, dir, m); again.Digest != first.Digest {
		t.Errorf("digest = %s, then %s", first.Digest, again.Digest)
	}
	if got := verbs(t, log)[ran:]; len(got) > 0 {
		t.Errorf("commands %v ran", got)
	}
	write(t, filepath.Join(dir, "module", "part", "main.tf"), "# other", 0o600)
	prepare(t, e, dir, m)
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
	// The fetched files are part of the digest.
	bare := strings.TrimPrefix(repo, "git::file://")
	work := filepath.Join(t.TempDir(), "work")
	git(t, "/", "clone", "--quiet", bare, work)
	write(t, filepath.Join(work, "more.txt"), "more", 0o600)
	commit(t, work)
	git(t, work, "push", "--quiet")
	m.Digest = first.Digest
	var wrong *terraform.DigestError
	if _, err := e.Prepare(t.Context(), t.TempDir(), m, ""); !errors.As(err, &wrong) {
		t.Errorf("Prepare of a changed repository = %v, want a *DigestError", err)
	}
	prepare(t, e, dir, m) // what is here is what was pinned
}
