package terraform

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

// A module's text never makes us panic, and is refused or understood.
func FuzzInspect(f *testing.F) {
	f.Add("variable \"x\" {\n  default = {a = 1}\n}\n", false)
	f.Add("output \"x\" {\n  value     = 1\n  ephemeral = true\n}\n", false)
	f.Add("module \"x\" {\n  source = \"./${var.y}\"\n}\n", false)
	f.Add("terraform {\n  required_providers {\n    a = { source = \"b/c\", configuration_aliases = [a.b] }\n  }\n}\n", false)
	f.Add("ephemeral \"a_b\" \"c\" {}\nresource \"d_e\" \"f\" { provider = g.h }\n", false)
	f.Add("variable \"x\" {\n  default = tolist([])\n  ephemeral = null\n}\n", false)
	f.Add(`{"variable": {"x": {"default": null, "sensitive": true}}}`, true)
	f.Add(`{"resource": [{"a_b": {"c": {"provider": "x.y"}}}], "terraform": {"backend": {}}}`, true)
	f.Fuzz(func(t *testing.T, text string, isJSON bool) {
		name := "main.tf"
		if isJSON {
			name = "main.tf.json"
		}
		m := Module{Source: "./x", Local: fstest.MapFS{name: {Data: []byte(text)}}}
		tree, _, err := localTree(m)
		if err != nil {
			return
		}
		m.Variables = map[string]any{}
		for name := range tree.modules[0].Variables {
			m.Variables[name] = "x"
		}
		if _, err := render(m, tree); err != nil {
			t.Errorf("render: %v", err)
		}
	})
}

// The engine's output is taken as it comes, however it is cut.
func FuzzStream(f *testing.F) {
	f.Add([]byte(`{"type":"planned_change","change":{"resource":{"addr":"a"},"action":"create"}}`+"\n"), 3)
	f.Add([]byte(`{"type":"change_summary","changes":{"add":1,"operation":"plan"}}`+"\n"+`{"type":"outputs","outputs":{"a":{"action":"update"}}}`), 70)
	f.Add([]byte(`{"type":"apply_start"}`+"\nnull\n{\"type\":\"diagnostic\"}\n[]"), 1)
	f.Fuzz(func(t *testing.T, data []byte, cut int) {
		whole, parts := &stream{}, &stream{}
		for _, s := range []*stream{whole, parts} {
			s.progress = func(Event) {}
		}
		_, _ = whole.Write(data)
		cut = max(0, min(cut, len(data)))
		_, _ = parts.Write(data[:cut])
		_, _ = parts.Write(data[cut:])
		whole.flush()
		parts.flush()
		if whole.summary != parts.summary || len(whole.planned) != len(parts.planned) || !bytes.Equal(whole.text, parts.text) ||
			whole.outputsChanged() != parts.outputsChanged() || whole.failed() != parts.failed() {
			t.Errorf("cut at %d: %+v, whole: %+v", cut, parts, whole)
		}
	})
}

// A lock file goes from machine to machine without our provider in it.
func FuzzLockFile(f *testing.F) {
	f.Add([]byte(lockHeader + "\nprovider \"registry.terraform.io/hashicorp/time\" {\n  version = \"0.14.2\"\n  hashes = [\n    \"h1:x\",\n  ]\n}\n"))
	f.Add(withOwn(nil, "h1:x"))
	f.Add([]byte("provider \"a\" {}\n# end"))
	f.Fuzz(func(t *testing.T, data []byte) {
		portable, err := withoutOwn(data)
		if err != nil {
			return
		}
		again, err := withoutOwn(portable)
		if err != nil || !bytes.Equal(again, portable) {
			t.Fatalf("%q, then %q, %v", portable, again, err)
		}
		if _, err := parseLock(portable); err != nil {
			return
		}
		whole := withOwn(portable, "h1:y")
		if !lockFits(whole, portable, "h1:y") {
			t.Errorf("%q does not fit %q", whole, portable)
		}
		if lockFits(whole, portable, "h1:z") || lockFits(whole, portable, "") {
			t.Errorf("%q fits another hash", whole)
		}
	})
}

// A state file is identified, or damaged.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"version": 4, "serial": 1, "lineage": "a", "outputs": {"a": {"value": 1}}, "resources": []}`))
	f.Add([]byte(`{"version": 4, "serial": -1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, stateFile), data, 0o600); err != nil {
			t.Fatal(err)
		}
		info, data, err := lookAtState(dir)
		if err == nil && len(data) > 0 && info.Lineage == "" {
			t.Errorf("a state without lineage: %q", data)
		}
		var c content
		if err == nil && data != nil && json.Unmarshal(data, &c) != nil {
			t.Errorf("a state that cannot be read: %q", data)
		}
	})
}
