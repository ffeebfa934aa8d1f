package capability_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-config-inspect/tfconfig"

	"github.com/platformctl/platformctl/internal/capability"
)

const (
	builtinDir  = "../../catalog/capabilities"
	examplesDir = "../../e2e/testdata/capabilities"
)

// TestDefinitionsFitTheirModules holds every definition in the repository
// against the modules that lie in it: each variable that is given exists, each
// that is required is given, and each output that is promised is there.
func TestDefinitionsFitTheirModules(t *testing.T) {
	compared := 0
	for _, dir := range []string{builtinDir, examplesDir} {
		set, err := capability.LoadAll(os.DirFS(dir), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range set.Names() {
			d, err := set.Get(name)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, typ := range d.Types() {
				for _, impl := range d.Spec.Types[typ].Implementations {
					if strings.HasPrefix(impl.Module.Source, "./") {
						compared++
						fits(t, filepath.Join(dir, name), d.Spec.Types[typ], impl.Module)
					}
				}
			}
		}
	}
	if compared < 4 {
		t.Errorf("only %d modules were compared", compared)
	}
}

func fits(t *testing.T, dir string, typ capability.Type, spec capability.ModuleSpec) {
	t.Helper()
	path := filepath.Join(dir, spec.Source)
	module, diags := tfconfig.LoadModule(path)
	if diags.HasErrors() {
		t.Errorf("%s: %v", path, diags)
		return
	}
	for name, variable := range module.Variables {
		if _, given := spec.Variables[name]; variable.Required && !given {
			t.Errorf("%s: required variable %q is not given", path, name)
		}
	}
	for name := range spec.Variables {
		if module.Variables[name] == nil {
			t.Errorf("%s: there is no variable %q", path, name)
		}
	}
	for name, output := range typ.Outputs {
		if module.Outputs[output.From] == nil {
			t.Errorf("%s: there is no output %q for %q", path, output.From, name)
		}
	}
}

// Every test that a definition states resolves where it has an implementation.
func TestDefinitionsResolveTheirTests(t *testing.T) {
	for _, dir := range []string{builtinDir, examplesDir} {
		set, err := capability.LoadAll(os.DirFS(dir), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range set.Entries() {
			if entry.Err != nil {
				t.Errorf("%v", entry.Err)
				continue
			}
			if len(entry.Definition.Spec.Tests) == 0 {
				t.Errorf("%s has no tests", entry.Name)
			}
			for _, test := range entry.Definition.Spec.Tests {
				_, err := entry.Definition.Resolve(capability.Ask{
					Type: test.Type, Tier: test.Tier, Team: "team", Name: "team-it", Inputs: test.Inputs,
					Environment: capability.Environment{Name: "local", Target: "local"},
				})
				if err != nil {
					t.Errorf("%s: test %q: %v", entry.Name, test.Name, err)
				}
			}
		}
	}
}

func TestDatabase(t *testing.T) {
	d := load(t, os.DirFS(builtinDir), "database")
	for _, target := range []string{"local", "server"} {
		r, err := d.Resolve(capability.Ask{
			Type: "postgresql", Tier: "production", Team: "checkout-service", Name: "checkout-service-postgresql",
			Environment: capability.Environment{Name: "here", Target: target},
			Inputs:      map[string]any{"extensions": []any{"citext"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"name": "checkout-service-postgresql", "connection_limit": int64(100), "extensions": []any{"citext"},
			"password_ref": "here/checkout-service-postgresql/password",
		}
		if diff := cmp.Diff(want, r.Module.Variables); diff != "" {
			t.Errorf("target %s: variables (-want +got):\n%s", target, diff)
		}
		if r.Capability != "database/postgresql@1.0.0" || !r.Tier.Protected || r.Tier.TTL != 0 || !slices.Equal(r.Connect, []string{"psql"}) {
			t.Errorf("target %s: %+v", target, r)
		}
		mode := map[string]string{"local": "disable", "server": "verify-full"}[target]
		values, refs, err := r.Outputs(raw("host", `"127.0.0.1"`, "port", "5432", "database", `"d"`, "username", `"u"`,
			"sslmode", `"`+mode+`"`, "password_ref", `"here/checkout-service-postgresql/password"`))
		if err != nil || refs["password"] != "here/checkout-service-postgresql/password" {
			t.Fatalf("target %s: Outputs = %v, %v, %v", target, values, refs, err)
		}
		env, err := r.Env(values, map[string]string{"password": "p@ss"})
		if err != nil {
			t.Fatal(err)
		}
		wantEnv := map[string]string{
			"PGHOST": "127.0.0.1", "PGPORT": "5432", "PGDATABASE": "d", "PGUSER": "u", "PGPASSWORD": "p@ss",
			"PGSSLMODE": mode, "DATABASE_URL": "postgres://u:p%40ss@127.0.0.1:5432/d?sslmode=" + mode,
		}
		if diff := cmp.Diff(wantEnv, env); diff != "" {
			t.Errorf("target %s: Env (-want +got):\n%s", target, diff)
		}
	}
	if _, err := d.Resolve(capability.Ask{
		Type: "postgresql", Tier: "production", Environment: capability.Environment{Target: "local"},
		Inputs: map[string]any{"connectionLimit": int64(500)},
	}); !errors.As(err, new(*capability.LockedError)) {
		t.Errorf("Resolve = %v, want *LockedError", err)
	}
	if r, err := d.Resolve(capability.Ask{
		Type: "postgresql", Tier: "development", Environment: capability.Environment{Target: "local"},
	}); err != nil || r.Tier.TTL != 720*time.Hour || r.Inputs["connectionLimit"] != int64(10) {
		t.Errorf("tier development = %+v, %v", r, err)
	}
}

func TestBucket(t *testing.T) {
	d := example(t, "bucket")
	a := capability.Ask{
		Type: "objects", Tier: "standard", Team: "team", Name: "my-bucket", Inputs: map[string]any{"sizeGb": int64(2)},
		Environment: capability.Environment{Name: "local", Target: "local"},
	}
	r, err := d.Resolve(a)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"identifier": "team-my-bucket", "capacity_mib": int64(2048), "location": "eu", "acl": "private",
		"metadata": map[string]any{},
		"context":  map[string]any{"where": "local/local", "tier": "standard", "price": "${not an expression}"},
	}
	if diff := cmp.Diff(want, r.Module.Variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	a.Tier = "archive"
	if r, err = d.Resolve(a); err != nil || r.Module.Source != "./modules/archive" || r.Module.Variables["vault"] != "my_bucket" {
		t.Errorf("tier archive = %+v, %v", r, err)
	}
	if _, err := fs.Stat(r.Module.Local, "main.tf"); err != nil {
		t.Errorf("files of the module: %v", err)
	}
}

func TestClock(t *testing.T) {
	r, err := example(t, "clock").Resolve(capability.Ask{Type: "span", Tier: "standard", Name: "x", Team: "y"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Module.Local != nil || r.Module.Source != "git::file:///REPOSITORY//clock?ref=v1.0.0" {
		t.Errorf("module = %+v", r.Module)
	}
	if diff := cmp.Diff(map[string]any{"hours": int64(24)}, r.Module.Variables); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	_, err = example(t, "clock").Resolve(capability.Ask{Type: "span", Tier: "standard", Inputs: map[string]any{"start": "noon"}})
	if e, ok := errors.AsType[*capability.InputError](err); !ok || e.Field != "start" {
		t.Errorf("Resolve = %v, want an error about the format of start", err)
	}
}

// BenchmarkLoad is part of every request.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := capability.Load(os.DirFS(builtinDir), "database"); err != nil {
			b.Fatal(err)
		}
	}
}
