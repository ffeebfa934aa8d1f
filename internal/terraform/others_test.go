package terraform_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/terraform"
)

const fakeSource = "example.com/test/fake"

// mirror is a filesystem mirror with versions of a provider of another maker
// (our own under another name), and a CLI configuration that names it.
func mirror(t *testing.T, versions ...string) (config, dir string) {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir = t.TempDir()
	for _, v := range versions {
		at := filepath.Join(dir, fakeSource, v, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(binary, filepath.Join(at, "terraform-provider-fake_v"+v)); err != nil {
			t.Fatal(err)
		}
	}
	return cliConfig(t, dir), dir
}

// cliConfig names a mirror. With a provider_installation of their own, people
// have to name ours too, or their `terraform init` (not plan) does not find it.
func cliConfig(t *testing.T, mirror string) string {
	t.Helper()
	config := filepath.Join(t.TempDir(), "cli.tfrc")
	write(t, config, `provider_installation {
  filesystem_mirror {
    path    = "`+mirror+`"
    exclude = ["platformctl.local/*/*"]
  }
  filesystem_mirror {
    path    = "terraform.d/plugins"
    include = ["platformctl.local/*/*"]
  }
}
`, 0o600)
	return config
}

const fakeModule = `
terraform {
  required_providers {
    fake = {
      source                = "example.com/test/fake"
      version               = ">= 0.1.0"
      configuration_aliases = [fake.other]
    }
    platformctl = { source = "platformctl.local/platform/platformctl" }
  }
}

variable "provider_fake" {}

ephemeral "platformctl_secret" "default" {
  provider = fake
  ref      = "from/default"
}

ephemeral "platformctl_secret" "other" {
  provider = fake.other
  ref      = "from/other"
}

ephemeral "platformctl_secret" "own" {
  ref = "from/own"
}

resource "terraform_data" "used" {
  input = var.provider_fake
  provisioner "local-exec" {
    command     = "test $${#SECRETS} = 96"
    environment = { SECRETS = join("", [ephemeral.platformctl_secret.default.value, ephemeral.platformctl_secret.other.value, ephemeral.platformctl_secret.own.value]) }
  }
}

output "out" { value = terraform_data.used.output }
`

// fakeRun is a module that needs our provider and another one in two
// configurations; stores are where each keeps its secrets.
func fakeRun(t *testing.T) (m terraform.Module, stores []string) {
	t.Helper()
	for _, name := range []string{"default", "other", "own"} {
		dir := filepath.Join(t.TempDir(), name+"${x}")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		stores = append(stores, dir)
	}
	m = local("./fake", map[string]any{"provider_fake": "a variable of the module"}, "main.tf", fakeModule)
	m.Providers = map[string]map[string]any{
		"fake": {"secrets": stores[0], "mark": "x"}, "fake.other": {"secrets": stores[1]},
	}
	m.Own = map[string]any{"secrets": stores[2]}
	return m, stores
}

func TestOtherProviders(t *testing.T) {
	config, mirrored := mirror(t, "0.1.0")
	e, log := wrapped(t, "TF_CLI_CONFIG_FILE", config)
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m, stores := fakeRun(t)
	dir := t.TempDir()
	first, err := e.Prepare(t.Context(), dir, m, binary)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(first.Main), os.TempDir()) {
		t.Errorf("main.tf.json holds values:\n%s", first.Main)
	}
	if !strings.Contains(string(first.LockFile), fakeSource) || strings.Contains(string(first.LockFile), "platformctl") {
		t.Errorf("lock file:\n%s", first.LockFile)
	}
	if out := apply(t, e, dir); out["out"] != `"a variable of the module"` {
		t.Errorf("outputs = %v", out)
	}
	for i, ref := range []string{"from/default", "from/other", "from/own"} {
		store, err := secret.Open(stores[i], "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Get(ref); err != nil {
			t.Errorf("secret %s: %v", ref, err)
		}
	}

	// Unchanged: no command, no write; also with the lock file it gave.
	ran, times := len(verbs(t, log)), mtimes(t, dir)
	for _, lock := range [][]byte{nil, first.LockFile} {
		m.LockFile = lock
		r, err := e.Prepare(t.Context(), dir, m, binary)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, r); diff != "" {
			t.Errorf("Rendered the second time:\n%s", diff)
		}
	}
	if got := verbs(t, log)[ran:]; len(got) > 0 {
		t.Errorf("commands %v ran", got)
	}
	if diff := cmp.Diff(times, mtimes(t, dir)); diff != "" {
		t.Errorf("written:\n%s", diff)
	}

	// What is missing is installed again, in the version that was chosen.
	newer := filepath.Join(mirrored, fakeSource, "0.2.0", runtime.GOOS+"_"+runtime.GOARCH)
	write(t, filepath.Join(newer, "terraform-provider-fake_v0.2.0"), "other", 0o700)
	if err := os.RemoveAll(filepath.Join(dir, ".terraform", "providers")); err != nil {
		t.Fatal(err)
	}
	m.LockFile = nil
	if r, err := e.Prepare(t.Context(), dir, m, binary); err != nil || !bytes.Equal(r.LockFile, first.LockFile) {
		t.Fatalf("Prepare = %v, lock file:\n%s", err, r.LockFile)
	}
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}

	// A person's own commands, with the person's configuration.
	for _, args := range [][]string{{"plan", "-detailed-exitcode"}, {"init", "-input=false"}, {"plan", "-detailed-exitcode"}} {
		cmd := exec.CommandContext(t.Context(), "terraform", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+config)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("terraform %v: %v\n%s", args, err, out)
		}
	}

	// Elsewhere the lock file says it.
	m.LockFile = first.LockFile
	elsewhere := t.TempDir()
	r, err := e.Prepare(t.Context(), elsewhere, m, binary)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.LockFile, first.LockFile) {
		t.Errorf("lock file:\n%s\nwant:\n%s", r.LockFile, first.LockFile)
	}
}

// B92: with a lock file, nothing but what it says is installed.
func TestLockFileBinds(t *testing.T) {
	config, _ := mirror(t, "0.1.0")
	e := engine(t, "TF_CLI_CONFIG_FILE", config)
	m, _ := fakeRun(t)
	good, err := e.Prepare(t.Context(), t.TempDir(), m, "")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"another hash":     strings.Replace(string(good.LockFile), `"h1:`, `"h1:x`, 1),
		"another version":  strings.ReplaceAll(string(good.LockFile), `"0.1.0"`, `"0.0.1"`),
		"another provider": strings.Replace(string(good.LockFile), fakeSource, "example.com/test/other", 1),
		"syntax":           "provider {",
	}
	for name, lock := range tests {
		t.Run(name, func(t *testing.T) {
			m := m
			m.LockFile = []byte(lock)
			dir := t.TempDir()
			_, err := e.Prepare(t.Context(), dir, m, "")
			var failed *terraform.RunError
			var refused *terraform.ModuleError
			if !errors.As(err, &failed) && !errors.As(err, &refused) {
				t.Fatalf("Prepare = %v, want a refusal", err)
			}
			m.LockFile = nil
			if _, err := e.Prepare(t.Context(), dir, m, ""); err != nil {
				t.Errorf("afterwards without the lock file: %v", err)
			}
		})
	}
}

func TestProviderNotToBeHad(t *testing.T) {
	config, _ := mirror(t, "0.0.1")
	e := engine(t, "TF_CLI_CONFIG_FILE", config)
	m, _ := fakeRun(t)
	_, err := e.Prepare(t.Context(), t.TempDir(), m, "")
	var failed *terraform.RunError
	if !errors.As(err, &failed) || failed.Verb != "init" || !strings.Contains(err.Error(), fakeSource) {
		t.Errorf("Prepare = %v, want a *RunError that names the provider", err)
	}
}

func TestProviderConfiguration(t *testing.T) {
	config, _ := mirror(t)
	e := engine(t, "TF_CLI_CONFIG_FILE", config)
	dir := t.TempDir()
	m := local("./x", nil, "main.tf", "resource \"fake_thing\" \"x\" {}\n")
	m.Providers = map[string]map[string]any{"fake": {
		"region": "${x}", "assume_role": map[string]any{"arn": "a", "tags": map[string]any{"a:b": "c"}},
		"endpoints": []any{map[string]any{"url": "u"}, map[string]any{"url": "v"}}, "names": []string{"a"}, "none": map[string]any{}, "empty": []any{},
	}}
	if _, err := e.Prepare(t.Context(), dir, m, ""); err == nil {
		t.Fatal("a provider that does not exist was installed")
	}
	want := `  "provider": {
    "fake": [
      {
        "assume_role": {
          "arn": "${var.provider_fake.assume_role.arn}",
          "tags": "${var.provider_fake.assume_role.tags}"
        },
        "empty": "${var.provider_fake.empty}",
        "endpoints": [
          {
            "url": "${var.provider_fake.endpoints[0].url}"
          },
          {
            "url": "${var.provider_fake.endpoints[1].url}"
          }
        ],
        "names": "${var.provider_fake.names}",
        "none": "${var.provider_fake.none}",
        "region": "${var.provider_fake.region}"
      }
    ]
  },
`
	if got := read(t, dir, "main.tf.json"); !strings.Contains(got, want) {
		t.Errorf("main.tf.json:\n%s\nwant in it:\n%s", got, want)
	}
	m.Providers = map[string]map[string]any{"fake": {"not an argument": 1}}
	var refused *terraform.InterfaceError
	if _, err := e.Prepare(t.Context(), dir, m, ""); !errors.As(err, &refused) {
		t.Errorf("Prepare = %v, want an *InterfaceError", err)
	}
	m.Providers = map[string]map[string]any{"fake.alias": {}}
	if _, err := e.Prepare(t.Context(), dir, m, ""); !errors.As(err, &refused) {
		t.Errorf("Prepare = %v, want an *InterfaceError", err)
	}
}

// A provider that others made and that is not ours under another name.
func TestTimeProvider(t *testing.T) {
	mirrored := timeMirror(t)
	e := engine(t, "TF_CLI_CONFIG_FILE", cliConfig(t, mirrored))
	dir := t.TempDir()
	m := local("./time", nil, "main.tf", `
terraform {
  required_providers {
    time = {
      source  = "hashicorp/time"
      version = "~> 0.14"
    }
  }
}
resource "time_offset" "later" {
  base_rfc3339 = "2020-01-01T00:00:00Z"
  offset_days  = 7
}
output "later" { value = time_offset.later.rfc3339 }
`)
	r := prepare(t, e, dir, m)
	if !strings.Contains(string(r.LockFile), `version     = "0.14.2"`) {
		t.Errorf("lock file:\n%s", r.LockFile)
	}
	if out := apply(t, e, dir); out["later"] != `"2020-01-08T00:00:00Z"` {
		t.Errorf("outputs = %v", out)
	}
	if p := plan(t, e, dir, terraform.Run{}); !p.Empty() {
		t.Errorf("plan = %+v, want none", p)
	}
}

// timeMirror is a filesystem mirror with hashicorp/time, built once from its Go
// module and kept in the user's cache.
func timeMirror(t *testing.T) string {
	t.Helper()
	const version = "0.14.2"
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "platformctl-tests", "mirror")
	host := "registry.terraform.io"
	if engine(t).Product == "OpenTofu" {
		host = "registry.opentofu.org"
	}
	at := filepath.Join(dir, host, "hashicorp", "time", version, runtime.GOOS+"_"+runtime.GOARCH)
	file := filepath.Join(at, "terraform-provider-time_v"+version)
	if _, err := os.Stat(file); err == nil {
		return dir
	}
	if err := os.MkdirAll(at, 0o700); err != nil {
		t.Fatal(err)
	}
	build := filepath.Join(dir, "build-"+strconv.Itoa(os.Getpid())) // on the disk of the mirror, to be renamed
	t.Cleanup(func() { _ = os.RemoveAll(build) })
	if err := os.Mkdir(build, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "install", "github.com/hashicorp/terraform-provider-time@v"+version)
	cmd.Dir = build
	cmd.Env = append(os.Environ(), "GOBIN="+build, "GOFLAGS=-trimpath", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the provider: %v\n%s", err, out)
	}
	if err := os.Rename(filepath.Join(build, "terraform-provider-time"), file); err != nil {
		t.Fatal(err)
	}
	return dir
}
