package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// badText tries titles that cannot be shown, and shows that what only looks
// dangerous stays what it is.
func badText(t *testing.T) {
	t.Helper()
	s := newSite(t)
	for title, text := range map[string]string{
		"B1_title_empty":         "",
		"B1_title_blank":         "  ",
		"B8_title_NUL":           "a\x00b",
		"B9_title_ESC":           "a\x1b[2J",
		"B9_title_LF":            "a\nhint: rm -rf /",
		"B10_title_of_10_MB":     strings.Repeat("a", 10_000_000),
		"B16_title_bidi":         "a\u202eb",
		"B17_title_not_UTF_8":    "a\xff",
		"B24_1000_marks_a_title": "a" + strings.Repeat("\u0301", 1000),
	} {
		t.Run(title, func(t *testing.T) {
			s.refuses(t, refusal{says: []string{"--title"}}, func() answer { return s.run(t, "team", "add", "shop", "--title="+text) })
		})
	}
	t.Run("B22_title_is_literal", func(t *testing.T) {
		const text = `{{ . }} ${{ x }} ${file("/etc/passwd")} %{for} $(id) '; DROP DATABASE x; --`
		s.must(t, "team", "add", "shop", "--title="+text)
		var team struct{ Title string }
		if err := json.Unmarshal([]byte(s.must(t, "team", "show", "shop", "-o", "json").out), &team); err != nil || team.Title != text {
			t.Errorf("the title is %q, %v", team.Title, err)
		}
	})
}

// badSets tries values of --set that are not of their type.
func badSets(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "init", ".", "--name=acme")
	addCapability(t, s.work, "bucket")
	for title, set := range map[string]string{
		"B8_set_NUL":                 `labels={"a":"a\u0000b"}`,
		"B10_set_of_10_MB":           `labels={"a":"` + strings.Repeat("x", 10_000_000) + `"`,
		"B17_set_not_UTF_8":          "labels={\"a\":\"\xff\"}",
		"B25_set_yes":                `public=yes`,
		"B25_set_hexadecimal":        `sizeGb=0x10`,
		"B25_set_octal":              `sizeGb=010`,
		"B25_set_exponent":           `sizeGb=1e2`,
		"B25_set_decimal":            `sizeGb=1.0`,
		"B25_set_number_as_text":     `labels={"a":1}`,
		"B25_set_null":               `labels={"a":null}`,
		"B27_set_alias_bomb":         "labels={" + strings.ReplaceAll(strings.ReplaceAll(bomb(), "\n", ","), "K", "a") + "}",
		"B28_set_self_reference":     `labels=&a {b: *a}`,
		"B29_set_20000_lists":        "labels=" + strings.Repeat("[", 20000),
		"B29_set_nested":             `labels=` + strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100),
		"B30_set_key_twice":          `labels={"a":"1","a":"2"}`,
		"B30_set_key_twice_escaped":  `labels={"a":"1","\u0061":"2"}`,
		"B31_set_upper_case":         `SIZEGB=1`,
		"B32_set_merge_key":          `labels={"<<":{"a":"b"}}`,
		"B33_set_above_2_to_53":      `sizeGb=9007199254740993`,
		"B33_set_30_digits":          `sizeGb=123456789012345678901234567890`,
		"B34_set_infinity":           `sizeGb=Infinity`,
		"B34_set_not_a_number":       `sizeGb=NaN`,
		"B34_set_minus_zero":         `sizeGb=-0`,
		"B34_set_overflow":           `sizeGb=1e999`,
		"B35_set_TAB":                "sizeGb=\t1",
		"B36_set_two_values":         `labels={} {}`,
		"B36_set_closes_the_object":  `labels={}},{"a":{}`,
		"B37_set_tag":                `labels=!!map {}`,
		"B38_set_null_key":           `labels={null:"x"}`,
		"B39_set_empty":              `labels=`,
		"B39_set_list_for_object":    `labels=[]`,
		"B39_set_object_for_list":    `origins={}`,
		"B40_set_unknown":            `lables={}`,
		"B46_set_too_many":           `origins=["a","b","c","d"]`,
		"B46_set_not_allowed":        `region=mars`,
		"B46_set_not_allowed_as_ESC": "region=\x1b[2J",
	} {
		t.Run(title, func(t *testing.T) {
			name, _, _ := strings.Cut(set, "=")
			s.refuses(t, refusal{says: []string{`input "` + name}}, func() answer {
				return s.run(t, "request", "bucket", "--tier=standard", "--team=shop", "--auto-approve", "--set", set)
			})
		})
	}
}

// literal are values that mean something to a program on their way.
func literals() map[string]string {
	return map[string]string{
		"B88_block":     "x\"\n}\nresource \"null_resource\" \"evil\" {\n  provisioner \"local-exec\" {\n    command = \"touch evil\"\n  }\n}\n",
		"B89_functions": `${file("/etc/passwd")} %{ if true }x%{ endif } $${x} %%{x} ${var.text} {{ . }} $(id)`,
		"B22_value":     "{{ range 9000000000000000000 }}{{ end }} ${{ x }} %{for}",
	}
}

// badValues passes values through Terraform, and variables that would steer it.
func badValues(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "init", ".", "--name=acme")
	addCapability(t, s.work, "note")
	for title, text := range literals() {
		t.Run(title, func(t *testing.T) { s.keepsText(t, s, text) })
	}
	t.Run("B90_environment", func(t *testing.T) {
		elsewhere := filepath.Join(s.root, "elsewhere")
		evil := s.with(
			"TF_CLI_ARGS", "-destroy", "TF_CLI_ARGS_plan", "-destroy", "TF_CLI_ARGS_apply", "-destroy", "TF_VAR_text", "evil",
			"TF_LOG", "trace", "TF_LOG_PATH", elsewhere+"/log", "TF_DATA_DIR", elsewhere+"/data", "TF_WORKSPACE", "evil",
			"TF_CLI_CONFIG_FILE", elsewhere+"/missing", "TF_REATTACH_PROVIDERS", "{", "TF_INPUT", "1", "TF_IGNORE", "trace",
			"TF_PLUGIN_CACHE_DIR", elsewhere+"/cache", "TF_STATE_PERSIST_INTERVAL", "x", "LD_PRELOAD", elsewhere+"/evil.so",
		)
		delete(evil.env, "LD_PRELOAD") // the loader speaks of it before we can
		s.keepsText(t, evil, "kept")
		if _, err := os.Stat(elsewhere); err == nil {
			t.Error("a variable of the caller steered Terraform")
		}
	})
}

// keepsText makes a note through with, and finds the text as it was in the
// result and in what is there.
func (s *site) keepsText(t *testing.T, with *site, text string) {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("TestBadInput/", "", "_", "-").Replace(t.Name()))
	var result, shown struct{ Outputs struct{ Text string } }
	a := with.must(t, "request", "note", "--tier=draft", "--team=shop", "--name="+name, "--auto-approve", "-o", "json", "--set", "text="+text)
	if err := json.Unmarshal([]byte(a.out), &result); err != nil || result.Outputs.Text != text {
		t.Errorf("the result has %q, %v, want %q", result.Outputs.Text, err, text)
	}
	if err := json.Unmarshal([]byte(s.must(t, "resource", "show", name, "-o", "json").out), &shown); err != nil || shown.Outputs.Text != text {
		t.Errorf("the resource has %q, %v, want %q", shown.Outputs.Text, err, text)
	}
	main, err := os.ReadFile(filepath.Join(s.work, "resources", "local", name, "main.tf.json"))
	if err != nil || strings.Contains(string(main), "evil") || strings.Contains(string(main), "passwd") {
		t.Errorf("main.tf.json holds the value: %s, %v", main, err)
	}
	if found, err := filepath.Glob(filepath.Join(s.home, "state", "platforms", "*", "runs", "*", "*", "evil")); err != nil || len(found) > 0 {
		t.Errorf("the value did something: %q, %v", found, err)
	}
}

// badPlans swaps the plan while the person reads it.
func badPlans(t *testing.T) {
	t.Helper()
	s := usedSite(t)
	found, err := filepath.Glob(filepath.Join(s.home, "state", "platforms", "*", "runs", "local", "shop-plain"))
	if err != nil || len(found) != 1 {
		t.Fatalf("run directories %q, %v", found, err)
	}
	const otherPlan = `"${PLATFORMCTL_TERRAFORM:-$(command -v terraform || command -v tofu)}" plan -out=plan.tfplan -var=text=evil`
	for title, swap := range map[string]string{
		"B98_other_plan": otherPlan,
		"B98_no_plan":    `rm plan.tfplan`,
		"B98_torn_plan":  `truncate -s 100 plan.tfplan`,
	} {
		t.Run(title, func(t *testing.T) {
			var env []string
			for name, value := range s.env {
				env = append(env, name+"="+value)
			}
			term := startTerminal(t, env, "request", "note", "--tier=draft", "--team=shop", "--set=text=changed")
			term.expect("Apply this", "")
			cmd := exec.CommandContext(t.Context(), "sh", "-c", swap)
			cmd.Dir = found[0]
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			term.expect("Apply this", "y\r")
			if code := term.exit(); code != 4 || !strings.Contains(term.screen(), "saved plan") {
				t.Errorf("exit code %d:\n%s", code, term.screen())
			}
			a := s.must(t, "resource", "show", "shop-plain", "-o", "json")
			if !strings.Contains(a.out, `"text": "hello"`) {
				t.Errorf("the resource changed: %s", a.out)
			}
		})
	}
	a := s.must(t, "request", "note", "--tier=draft", "--team=shop", "--set=text=changed", "--auto-approve", "-o", "json")
	if !strings.Contains(a.out, `"text": "changed"`) {
		t.Errorf("with a plan of its own: %s", a.out)
	}
}

// badModules tries modules of an organization's own that would escape from
// their run directory.
func badModules(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "init", ".", "--name=acme")
	files := map[string][2]string{
		"B91_terraform_directory": {".terraform/modules/modules.json", "{}"},
		"B91_variables":           {"x.auto.tfvars", "text = \"evil\"\n"},
		"B91_override":            {"note_override.tf", "resource \"terraform_data\" \"note\" {\n  input = null\n}\n"},
		"B91_backend":             {"backend.tf", "terraform {\n  backend \"local\" {\n    path = \"/tmp/evil\"\n  }\n}\n"},
	}
	name := func(title string) string { return strings.ToLower(strings.ReplaceAll(title, "_", "-")) }
	data, err := os.ReadFile(filepath.Join("testdata", "capabilities", "note", "capability.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for title, file := range files {
		dir := filepath.Join(s.work, "capabilities", name(title))
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "capabilities", "note"))); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "capability.yaml"), strings.Replace(string(data), "name: note", "name: "+name(title), 1))
		write(t, filepath.Join(dir, "modules", "note", file[0]), file[1])
	}
	addCapability(t, s.work, "note")
	s.must(t, "request", "note", "--tier=draft", "--team=shop", "--auto-approve", "--set=text=hello")
	for title := range files {
		t.Run(title, func(t *testing.T) {
			s.refuses(t, refusal{says: []string{`module "./modules/note": `, "hint: "}, slow: true}, func() answer {
				return s.exec(t, "request", name(title), "--tier=draft", "--team=shop", "--name=bad-note", "--auto-approve", "--set=text=hello")
			})
		})
	}
}

// badStates damages the state of a resource. Nothing is planned on it, nothing
// is made again, and with the state back all is well.
func badStates(t *testing.T) {
	t.Helper()
	s := usedSite(t)
	found, err := filepath.Glob(filepath.Join(s.home, "state", "platforms", "*", "runs", "local", "shop-plain", "terraform.tfstate"))
	if err != nil || len(found) != 1 {
		t.Fatalf("states %q, %v", found, err)
	}
	file := found[0]
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	again := []string{"request", "note", "--tier=draft", "--team=shop", "--auto-approve"}
	for title, bad := range map[string]string{
		"B99_empty":         "",
		"B99_torn":          string(good[:100]),
		"B99_other_lineage": strings.Replace(string(good), `"lineage": "`, `"lineage": "0`, 1),
		"B99_lower_serial":  regexp.MustCompile(`"serial": \d+`).ReplaceAllString(string(good), `"serial": 0`),
		"B99_not_a_state":   "[]\n",
	} {
		t.Run(title, func(t *testing.T) {
			write(t, file, bad)
			// The hint leads to a whole copy.
			says := []string{`error: .*terraform\.tfstate`, `hint: .*terraform\.tfstate\.`}
			s.refuses(t, refusal{code: 5, says: says, slow: true}, func() answer { return s.exec(t, again...) })
		})
	}
	write(t, file, string(good))
	if a := s.must(t, again...); !strings.Contains(a.out, "unchanged") {
		t.Errorf("with the state back: %s", a.out)
	}
}
