package terraform_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/terraform"
)

// What a module from elsewhere may not hold is refused before anything of it
// runs, also in the modules that it calls and in JSON. The same in a module of
// the platform is told as a risk.
func TestModuleFromElsewhere(t *testing.T) {
	tests := map[string]struct{ file, text, want string }{
		"provisioner":        {"x.tf", "resource \"terraform_data\" \"x\" {\n  provisioner \"local-exec\" {\n    command = \"true\"\n  }\n}", `line 2: has a provisioner "local-exec"`},
		"provisioner, JSON":  {"x.tf.json", `{"resource": {"terraform_data": {"x": {"provisioner": {"remote-exec": {}}}}}}`, `has a provisioner "remote-exec"`},
		"external":           {"x.tf", `data "external" "x" { program = ["true"] }`, `line 1: has data "external"`},
		"external, JSON":     {"x.tf.json", `{"data": {"external": {"x": {"program": ["true"]}}}}`, `has data "external"`},
		"external in check":  {"x.tf", "check \"x\" {\n  data \"external\" \"x\" {}\n  assert {\n    condition     = data.external.x.id != 1\n    error_message = \"no\"\n  }\n}", `line 2: has data "external"`},
		"http":               {"x.tf", `data "http" "x" { url = "http://169.254.169.254" }`, `has data "http"`},
		"remote state":       {"x.tf", `data "terraform_remote_state" "x" { backend = "local" }`, `has data "terraform_remote_state"`},
		"ephemeral external": {"x.tf", `ephemeral "external" "x" {}`, `has ephemeral "external"`},
		"import":             {"x.tf", "import {\n  to = terraform_data.one\n  id = \"x\"\n}", `has a block "import"`},
		"removed":            {"x.tf", "removed {\n  from = terraform_data.x\n}", `has a block "removed"`},
		"action":             {"new.tf", `action "local_command" "x" {}`, `has an action "local_command"`},
		"provider":           {"x.tf", "provider \"platformctl\" {\n  connection = \"/x/connection.json\"\n  mark       = \"platformctl platform/local/other\"\n}", `line 1: has a provider block "platformctl"`},
		"provider, JSON":     {"x.tf.json", `{"provider": {"kubernetes": [{"exec": {"command": "true"}}]}}`, `has a provider block "kubernetes"`},
		"file":               {"x.tf", "locals {\n  x = file(\"/etc/passwd\")\n}", `line 2: has file() of what is not plainly below "${path.module}/"`},
		"file, JSON":         {"x.tf.json", `{"locals": {"x": "${file(\"~/.ssh/id_rsa\")}"}}`, `line 1: has file() of what is not plainly below "${path.module}/"`},
		"local file":         {"x.tf", `data "local_file" "x" { filename = "/etc/passwd" }`, `has data "local_file"`},
		"option in a ref":    {"x.tf", "module \"x\" {\n  source = \"git::ssh://127.0.0.1/x?ref=--upload-pack=x\"\n}", `which holds an option`},
	}
	e := engine(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := e.Describe(t.Context(), t.TempDir(), local("./x", nil, "main.tf", dataModule, tt.file, tt.text))
			if strings.Contains(tt.want, "has ") && (err != nil || len(got.Risks) != 1 || !strings.Contains(tt.want, got.Risks[0].What)) {
				t.Errorf("Describe = %+v, %v", got.Risks, err)
			}
			if strings.HasPrefix(tt.file, "new.") {
				return // newer engines alone know it
			}
			for where, file := range map[string]string{"": tt.file, "called": "part/" + tt.file} {
				main := dataModule
				if where != "" {
					main += "\nmodule \"part\" {\n  source = \"./part\"\n}\n"
				}
				m := terraform.Module{Source: repository(t, "main.tf", main, file, tt.text) + "?ref=v1", Variables: map[string]any{"name": "x"}}
				dir := t.TempDir()
				_, err := e.Prepare(t.Context(), dir, m, "")
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("Prepare = %v, want %q", err, tt.want)
				}
				if left := tree(t, dir); len(left) > 0 {
					t.Errorf("left behind: %v", left)
				}
			}
		})
	}
}

// The addresses that a module from elsewhere calls are held to the same rules.
func TestCallFromElsewhere(t *testing.T) {
	inner := repository(t, "main.tf", "")
	e := engine(t)
	for query, want := range map[string]string{
		"?ref=v1": "", "?ref=v1&sshkey=aGk=": `has a parameter "sshkey" that is not supported`,
	} {
		m := terraform.Module{Source: repository(t, "main.tf", "module \"x\" {\n  source = \""+inner+query+"\"\n}\n") + "?ref=v1"}
		_, err := e.Prepare(t.Context(), t.TempDir(), m, "")
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("Prepare of a module that calls %q = %v, want %q", query, err, want)
		}
	}
}

// Nothing that is fetched runs before somebody said which files it has.
func TestPinned(t *testing.T) {
	config, _ := mirror(t, "0.1.0")
	e := engine(t, "TF_CLI_CONFIG_FILE", config)
	m := terraform.Module{Pinned: true, Source: repository(t, "main.tf", "terraform {\n  required_providers {\n    fake = { source = \"example.com/test/fake\" }\n  }\n}\n") + "?ref=v1"}
	_, err := e.Prepare(t.Context(), t.TempDir(), m, "")
	digest, ok := err.(*terraform.DigestError) //nolint:errorlint // it is returned as it is
	if !ok || digest.Want != "" || digest.Got == "" {
		t.Fatalf("Prepare without a digest = %v", err)
	}
	m.Digest = digest.Got
	if _, err = e.Prepare(t.Context(), t.TempDir(), m, ""); err == nil || !strings.Contains(err.Error(), "brings providers that no .terraform.lock.hcl pins: example.com/test/fake") {
		t.Errorf("Prepare without a lock file = %v", err)
	}
	m.Pinned = false
	first := prepare(t, e, t.TempDir(), m)
	m.Pinned = true
	// A capability has one lock file for all of its modules.
	m.LockFile = slices.Concat(first.LockFile, []byte("\nprovider \"example.com/test/more\" {\n  version = \"1.0.0\"\n}\n"))
	if got := prepare(t, e, t.TempDir(), m); string(got.LockFile) != string(first.LockFile) {
		t.Errorf("lock file:\n%s\nwant:\n%s", got.LockFile, first.LockFile)
	}
	m.LockFile = []byte(strings.Replace(string(first.LockFile), `"h1:`, `"h1:x`, 1))
	if _, err = e.Prepare(t.Context(), t.TempDir(), m, ""); err == nil {
		t.Error("a provider with another hash was installed")
	}
}

func TestSourceRefused(t *testing.T) {
	for _, source := range []string{
		"ext::sh -c true", "ext::sh", "git::ext::sh", "hg::https://example.com/x", "s3::https://example.com/x", "gcs::https://example.com/x",
		"file:///etc", "http://example.com/x.zip", "git::http://example.com/x", "git::git://example.com/x", "git::https://u:p@example.com/x?ref=v1",
		"git::https://example.com/x?ref=v1&ref=--upload-pack=x", "git::https://example.com/x?ref=v1&ref=v2", "git::https://example.com/x?ref=%2d-upload-pack=x",
		"git::ssh://-oProxyCommand=x@example.com/x?ref=v1", "git::https://example.com/x?ref=v1&sshkey=aGk", "https://example.com/x.zip?aws_profile=x",
		"ftp://example.com/x.zip",
	} {
		if _, err := engine(t).Inspect(terraform.Module{Source: source}); err == nil {
			t.Errorf("%q is not refused", source)
		}
	}
	for _, source := range []string{
		"git::https://example.com/x.git//sub?ref=v1", "git::ssh://git@example.com/x?ref=v1&depth=1", "git::file:///srv/x?ref=v1",
		"https://example.com/x.zip?checksum=md5:x", "terraform-aws-modules/rds/aws", "registry.example.com/a/b/c//sub",
	} {
		if _, err := engine(t).Inspect(terraform.Module{Source: source}); err != nil {
			t.Errorf("%q: %v", source, err)
		}
	}
}
