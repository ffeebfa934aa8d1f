package provider

import (
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/platformctl/platformctl/internal/secret"
)

func TestInProcess(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	value, stop, err := InProcess(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var reattach map[string]struct {
		Protocol        string
		ProtocolVersion int
		Pid             int
		Test            bool
		Addr            struct{ Network, String string }
	}
	if err := json.Unmarshal(value, &reattach); err != nil {
		t.Fatal(err)
	}
	entry, ok := reattach[Address]
	if !ok || entry.Protocol != "grpc" || entry.ProtocolVersion != 6 || entry.Pid != os.Getpid() || !entry.Test {
		t.Errorf("reattach = %s", value)
	}
	socket := entry.Addr.String
	info, err := os.Stat(filepath.Dir(socket))
	if err != nil || info.Mode().Perm() != 0o700 || !strings.HasPrefix(socket, tmp) {
		t.Errorf("the directory of %s: %v, %v", socket, info, err)
	}
	conn, err := net.Dial(entry.Addr.Network, socket)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	stop()
	stop() // twice is fine
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if conn, err := net.Dial(entry.Addr.Network, socket); err == nil {
		_ = conn.Close()
		t.Error("it still serves after stop")
	}
}

func TestInProcessBelowLongDirectory(t *testing.T) {
	long := filepath.Join(t.TempDir(), strings.Repeat("x", 90))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", long)
	_, stop, err := InProcess(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	stop()
}

// TestInProcessSweeps: a process that was killed leaves its socket behind.
func TestInProcessSweeps(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	_, stop, err := InProcess(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	live, err := os.ReadDir(tmp)
	if err != nil || len(live) != 1 {
		t.Fatalf("%v, %v", live, err)
	}
	for _, name := range []string{"dead", "young", "empty"} {
		dir := filepath.Join(tmp, socketDir+name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if name == "empty" {
			continue
		}
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, socketName), Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		_ = l.Close()
	}
	old := time.Now().Add(-time.Hour)
	for _, name := range []string{live[0].Name(), socketDir + "dead", socketDir + "empty"} {
		if err := os.Chtimes(filepath.Join(tmp, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	_, stopSecond, err := InProcess(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	stopSecond()
	var got []string
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range left {
		got = append(got, dir.Name())
	}
	want := []string{live[0].Name(), socketDir + "young"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestInProcessIsSilent: unasked, the SDK logs every call to standard error.
func TestInProcessIsSilent(t *testing.T) {
	for _, name := range []string{"TF_LOG", "TF_LOG_SDK", "TF_LOG_SDK_PROTO", "TF_LOG_SDK_FRAMEWORK", "TF_ACC_LOG_PATH", "TF_LOG_PATH"} {
		t.Setenv(name, "") // so that it is put back
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	w, name := newWorkspace(t)
	w.write(databaseConfig(name, `extensions = ["no-such"]`))
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	old := os.Stderr
	os.Stderr = file
	defer func() { os.Stderr = old }()
	code, _ := w.run("apply", "-auto-approve")
	os.Stderr = old
	if code != 1 {
		t.Errorf("apply = %d, want 1", code)
	}
	said, err := os.ReadFile(file.Name())
	if err != nil || len(said) > 0 {
		t.Errorf("it said %d bytes: %.300s, %v", len(said), said, err)
	}
}

// TestSeveralInProcess: one server per run, each with its configuration.
func TestSeveralInProcess(t *testing.T) {
	var all sync.WaitGroup
	for range 3 {
		w, name := newWorkspace(t)
		w.mark = "only of " + name
		w.write(databaseConfig(name, ""))
		all.Go(func() {
			w.apply()
			got := ask(t, "postgres", "select shobj_description(oid, 'pg_database') from pg_database where datname = $1", name)
			if got != w.mark {
				t.Errorf("comment = %q, want %q", got, w.mark)
			}
		})
	}
	all.Wait()
}

// TestSecretsInMemory is how a dry run works: nothing is written.
func TestSecretsInMemory(t *testing.T) {
	w, name := newWorkspace(t)
	w.write(roleConfig(name, ""))
	store := secret.Overlay(nil)
	reattach, stop, err := InProcess(t.Context(), Options{Secrets: store})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	cmd := w.command("plan")
	cmd.Env = append(cmd.Env, "TF_REATTACH_PROVIDERS="+string(reattach))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if value, err := store.Get("test/" + name); err != nil || len(value) != 32 {
		t.Errorf("the secret in memory = %q, %v", value, err)
	}
	if _, err := os.Stat(w.secrets); !os.IsNotExist(err) {
		t.Errorf("the directory of secrets was made: %v", err)
	}
}

// TestValidation: what can be seen to be wrong is said before anything runs.
func TestValidation(t *testing.T) {
	for about, test := range map[string]struct {
		config string
		words  []string
	}{
		"role name":      {`resource "platformctl_postgresql_role" "it" { name = "a-b", password_wo = "x" }`, []string{"invalid value of name", `"a-b" must consist of a-z, 0-9 and _`}},
		"quote in name":  {`resource "platformctl_postgresql_role" "it" { name = "a\"; DROP", password_wo = "x" }`, []string{`"a\"; DROP" must consist of`}},
		"reserved name":  {`resource "platformctl_postgresql_role" "it" { name = "pg_x", password_wo = "x" }`, []string{`"pg_x" is reserved by PostgreSQL`}},
		"empty name":     {`resource "platformctl_postgresql_role" "it" { name = "", password_wo = "x" }`, []string{"must not be empty"}},
		"long name":      {`resource "platformctl_postgresql_database" "it" { name = "` + strings.Repeat("x", 64) + `", owner = "x" }`, []string{"must not be longer than 63 bytes"}},
		"no password":    {`resource "platformctl_postgresql_role" "it" { name = "a" }`, []string{`The argument "password_wo" is required`}},
		"bad password":   {`resource "platformctl_postgresql_role" "it" { name = "a", password_wo = "a\nb" }`, []string{"invalid value of password_wo", "printable ASCII"}},
		"limit below":    {`resource "platformctl_postgresql_role" "it" { name = "a", password_wo = "x", connection_limit = -2 }`, []string{"connection_limit", "between -1 and"}},
		"limit fraction": {`resource "platformctl_postgresql_role" "it" { name = "a", password_wo = "x", connection_limit = 1.5 }`, []string{"connection_limit"}},
		"set by us":      {`resource "platformctl_postgresql_role" "it" { name = "a", password_wo = "x", login = false }`, []string{"login"}},
		"owner":          {`resource "platformctl_postgresql_database" "it" { name = "a", owner = "A" }`, []string{"invalid value of owner"}},
		"extension":      {`resource "platformctl_postgresql_database" "it" { name = "a", owner = "a", extensions = ["x; DROP"] }`, []string{`"x; DROP" must consist of`}},
		"secret":         {`ephemeral "platformctl_secret" "it" { ref = "../x" }`, []string{"invalid value of ref"}},
	} {
		t.Run(about, func(t *testing.T) {
			w, _ := newWorkspace(t)
			w.write(strings.ReplaceAll(strings.NewReplacer(`{ `, "{\n", `, `, "\n").Replace(test.config), " }", "\n}"))
			w.fails(test.words, "plan")
		})
	}
}

func TestProviderConfiguration(t *testing.T) {
	for about, test := range map[string]struct {
		block string
		words []string
	}{
		"relative path":        {`connection = "c.json"`, []string{"invalid value of connection", `"c.json" must be an absolute path`}},
		"relative secrets":     {`secrets = "s"`, []string{"invalid value of secrets"}},
		"mark with newline":    {`mark = "a\nb"`, []string{"invalid value of mark"}},
		"no connection":        {`secrets = "SECRETS"`, []string{"no PostgreSQL server is configured"}},
		"no secrets":           {``, []string{"cannot provide the secret", `"secrets" is not set`}},
		"no such connection":   {"connection = \"/nowhere/c.json\"\nsecrets = \"SECRETS\"", []string{"/nowhere/c.json: no such file"}},
		"not known beforehand": {"mark = terraform_data.x.id\nsecrets = \"SECRETS\"", []string{"configuration is not known yet"}},
	} {
		t.Run(about, func(t *testing.T) {
			w, name := newWorkspace(t)
			block := strings.ReplaceAll(test.block, "SECRETS", w.secrets)
			w.put(filepath.Join(w.dir, "main.tf"), fmt.Sprintf(`
terraform {
  required_providers {
    platformctl = { source = %q }
  }
}
resource "terraform_data" "x" {}
provider "platformctl" {
  %s
}
%s`, Address, block, roleConfig(name, "")))
			w.applyFails(test.words...)
		})
	}
}

// TestSchemaIsDocumented reads the schema as editors and doc tools do.
func TestSchemaIsDocumented(t *testing.T) {
	server := providerserver.NewProtocol6(&platform{})()
	resp, err := server.GetProviderSchema(t.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*tfprotov6.Schema{"provider": resp.Provider}
	maps.Copy(schemas, resp.ResourceSchemas)
	maps.Copy(schemas, resp.EphemeralResourceSchemas)
	if len(schemas) != 4 {
		t.Errorf("there are %d schemas, want 4", len(schemas))
	}
	for name, schema := range schemas {
		if schema.Block.Description == "" {
			t.Errorf("%s has no description", name)
		}
		for _, attribute := range schema.Block.Attributes {
			if attribute.Description == "" {
				t.Errorf("%s.%s has no description", name, attribute.Name)
			}
		}
	}
}
