package provider

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// module is the one that ships with the binary.
const module = "../../catalog/capabilities/database/modules/postgresql"

// useModule writes a configuration that calls a copy of the module.
func useModule(t *testing.T, w *workspace, name, more string) {
	t.Helper()
	source, err := filepath.Abs(module)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(w.dir, "module"), os.DirFS(source)); err != nil && !os.IsExist(err) {
		t.Fatal(err)
	}
	w.write(fmt.Sprintf(`
module "it" {
  source       = "./module"
  name         = %q
  password_ref = "test/module/password"
  %s
}
output "host" { value = module.it.host }
output "port" { value = module.it.port }
output "database" { value = module.it.database }
output "username" { value = module.it.username }
output "password_ref" { value = module.it.password_ref }
`, name, more))
	if !w.mirror {
		w.ok("get")
	}
}

func TestModule(t *testing.T) {
	eachWay(t, func(t *testing.T, w *workspace, prefix string) {
		name, database := prefix+"-b", prefix+"_b"
		useModule(t, w, name, `extensions = ["citext"]`+"\nconnection_limit = 10")
		w.ok("fmt", "-check", "module")
		w.ok("validate")
		plan := w.ok("plan")
		wantWords(t, plan, "2 to add, 0 to change, 0 to destroy", "+ host = (known after apply)", "+ port = (known after apply)")
		w.apply()
		w.unchanged()

		var outputs map[string]struct{ Value any }
		if err := json.Unmarshal([]byte(w.ok("output", "-json")), &outputs); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]any{
			"host": "127.0.0.1", "port": float64(pg.port), "database": database, "username": database, "password_ref": "test/module/password",
		} {
			if got := outputs[key].Value; got != want {
				t.Errorf("output %s = %v, want %v", key, got, want)
			}
		}
		connect(t, database, w.secretOf("test/module/password"), database)
		if files := w.holding(w.secretOf("test/module/password")); files != nil {
			t.Errorf("the password is in %v", files)
		}
		w.ok("destroy", "-auto-approve")
		if databaseExists(t, database) || roleExists(t, database) {
			t.Error("something is left after destroy")
		}
	})
}

func TestModuleRefusesNames(t *testing.T) {
	for _, name := range []string{"", "A", "a_b", "-a", "a-", "a--b", "1a", "${file(\"/etc/hostname\")}", strings.Repeat("a", 64)} {
		w, _ := newWorkspace(t)
		useModule(t, w, "x", "")
		w.put(filepath.Join(w.dir, "main.tf"), strings.Replace(string(mustRead(t, filepath.Join(w.dir, "main.tf"))),
			`"x"`, "var.name", 1)+"\nvariable \"name\" {}\n")
		value, err := json.Marshal(map[string]string{"name": name})
		if err != nil {
			t.Fatal(err)
		}
		w.put(filepath.Join(w.dir, "terraform.tfvars.json"), string(value))
		w.fails([]string{"The name must consist of"}, "plan")
	}
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
