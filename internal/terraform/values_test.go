package terraform_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"github.com/platformctl/platformctl/internal/terraform"
)

const anyModule = `
variable "values" {}

variable "text" {
  type    = string
  default = "default"
}

resource "terraform_data" "kept" {
  input = var.values
}

output "values" { value = terraform_data.kept.output }
output "text" { value = var.text }
`

// hostile are strings that mean something to one of the programs on their way.
func hostile() []string {
	values := []string{
		"x\"\n}\nresource \"null_resource\" \"evil\" {\n",                                                                // B88
		`${file("/etc/passwd")}`, "%{ if true }x%{ endif }", "$${x}", "%%{x}", "$$${x}", "$", "%", "${", "%{", "{{ . }}", // B89
		`\`, `\\`, `\u0041`, `"`, "'", "\r", "\r\n", "$\r{x}", "\r$${x}", "\t", "\x00", "\x1b[31m", "\u2028", "\ufffd", `\ufffd`, "\u202e",
		"", " ", "null", "true", "1e5", "${var.text}", "<&>", "e\u0301", "\U0001f600", "</script>", "-destroy",
	}
	alphabet := []string{"$", "{", "}", "%", "\"", "\\", "\n", "\r", "~", "a", "é", "${", "%{", "}", "\u2028", "\x00", " ", "if", "'"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 600 {
		var b strings.Builder
		for range random.IntN(12) {
			b.WriteString(alphabet[random.IntN(len(alphabet))])
		}
		values = append(values, b.String())
	}
	return values
}

func TestValuesAreLiteral(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	byNumber, want := map[string]any{}, map[string]string{}
	for i, v := range hostile() {
		byNumber[strconv.Itoa(i)] = v
		want[strconv.Itoa(i)] = norm.NFC.String(v) // as Terraform keeps strings
	}
	r := prepare(t, e, dir, local("./any", map[string]any{"values": byNumber}, "main.tf", anyModule))
	if strings.Contains(string(r.Main), "evil") || strings.Contains(string(r.Main), "passwd") {
		t.Error("a value is in main.tf.json")
	}
	out := apply(t, e, dir)
	var got map[string]string
	if err := json.Unmarshal([]byte(out["values"]), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if _, err := os.Stat("/evil"); err == nil {
		t.Error("/evil exists")
	}
}

func TestValuesKeepTheirTypes(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	values := map[string]any{
		"null": nil, "true": true, "int": int64(9007199254740993), "float": 1.5, "text": "1.10",
		"list": []any{"a", int64(1)}, "strings": []string{"b"}, "object": map[string]any{"x": map[string]any{"y": "z"}}, "empty": []any{},
	}
	prepare(t, e, dir, local("./any", map[string]any{"values": values, "text": "given"}, "main.tf", anyModule))
	out := apply(t, e, dir)
	want := `{"empty":[],"float":1.5,"int":9007199254740993,"list":["a",1],"null":null,"object":{"x":{"y":"z"}},"strings":["b"],"text":"1.10","true":true}`
	if got := compact(t, out["values"]); got != want {
		t.Errorf("values = %s\nwant     %s", got, want)
	}
	if got := out["text"]; got != `"given"` {
		t.Errorf("text = %s, want \"given\"", got)
	}
}

func compact(t *testing.T, s string) string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestValuesRefused(t *testing.T) {
	e := engine(t)
	tests := map[string]struct {
		m    terraform.Module
		want terraform.InterfaceError
	}{
		"unknown":       {terraform.Module{Variables: map[string]any{"values": 1, "valeus": 1}}, terraform.InterfaceError{Kind: "variable", Name: "valeus", Problem: "is not declared by the module"}},
		"missing":       {terraform.Module{}, terraform.InterfaceError{Kind: "variable", Name: "values", Problem: "is required by the module and has no value"}},
		"not UTF-8":     {terraform.Module{Variables: map[string]any{"values": []any{map[string]any{"a": "\xff"}}}}, terraform.InterfaceError{Kind: "variable", Name: "values", Problem: "is not valid UTF-8"}},
		"key not UTF-8": {terraform.Module{Variables: map[string]any{"values": map[string]any{"\xff": 1}}}, terraform.InterfaceError{Kind: "variable", Name: "values", Problem: "is not valid UTF-8"}},
		"no number":     {terraform.Module{Variables: map[string]any{"values": math.NaN()}}, terraform.InterfaceError{Kind: "variable", Name: "values", Problem: "cannot be written: json: unsupported value: NaN"}},
		"output":        {terraform.Module{Variables: map[string]any{"values": 1}, Outputs: []string{"text", "none"}}, terraform.InterfaceError{Kind: "output", Name: "none", Problem: "is not declared by the module"}},
		"provider":      {terraform.Module{Variables: map[string]any{"values": 1}, Providers: map[string]map[string]any{"aws": {}}}, terraform.InterfaceError{Kind: "provider", Name: "aws", Problem: "is not used by the module"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tt.m.Source, tt.m.Local = "./any", files("main.tf", anyModule)
			_, err := e.Prepare(t.Context(), dir, tt.m, "")
			var got *terraform.InterfaceError
			if !errors.As(err, &got) || *got != tt.want {
				t.Errorf("Prepare = %v, want %v", err, &tt.want)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
				t.Errorf("the directory holds %v, %v, want nothing", entries, err)
			}
		})
	}
}

// Strings in provider.tf.json are templates to the engine, so they are escaped.
func TestOwnConfigurationIsLiteral(t *testing.T) {
	e := engine(t)
	dir := t.TempDir()
	outputs, want := map[string]any{}, map[string]string{}
	for i, v := range hostile() {
		escaped, err := terraform.Literal(v)
		if strings.Contains(v, "\r") {
			if err == nil {
				t.Errorf("%q is accepted", v)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		name := "o" + strconv.Itoa(i)
		outputs[name] = map[string]any{"value": escaped}
		want[name] = norm.NFC.String(v)
	}
	config, err := json.Marshal(map[string]any{"output": outputs})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "main.tf.json"), string(config), 0o600)
	got := map[string]string{}
	for name, raw := range apply(t, e, dir) {
		var v string
		if err := json.Unmarshal([]byte(raw), &v); err != nil {
			t.Fatal(err)
		}
		got[name] = v
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}
