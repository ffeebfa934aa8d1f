package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// badFile is what can be wrong with a YAML file of ours, whichever it is.
type badFile struct {
	slot string                   // what stands in the file's slot, with K for its key
	edit func(text string) string // or what becomes of the whole file
	says string                   // in the error, after the name of the file
}

// slot is the line of a file that cases replace.
const slot = "SLOT"

func badFiles() map[string]badFile {
	whole := func(text string) func(string) string { return func(string) string { return text } }
	return map[string]badFile{
		"B8_NUL":                 {`K: "a\0b"`, nil, `NUL`},
		"B8_raw_NUL":             {"K: a\x00b", nil, `control characters`},
		"B9_raw_ESC":             {"K: a\x1b[2Jb", nil, `control characters`},
		"B10_larger_than_1_MiB":  {`K: "` + strings.Repeat("x", 1<<20) + `"`, nil, `larger than|too large`},
		"B17_not_UTF_8":          {"K: \xff\xfe", nil, `UTF-8`},
		"B25_yes":                {`K: yes`, nil, `:\d+: field ".*\bK": .*(true or false|string)`},
		"B25_date":               {`K: 2024-01-01`, nil, `:\d+: field ".*\bK": .*a date`},
		"B25_octal":              {`K: 0777`, nil, `:\d+: field ".*\bK": .*(decimal digits|a number)`},
		"B25_hexadecimal":        {`K: 0x10`, nil, `:\d+: field ".*\bK": .*(decimal digits|a number)`},
		"B27_alias_bomb":         {bomb(), nil, `:\d+: field ".*": anchors are not allowed`},
		"B28_self_reference":     {`K: &a [*a]`, nil, `:\d+: field ".*\bK": anchors are not allowed`},
		"B29_20000_lists":        {"K: " + strings.Repeat("[", 20000), nil, `.`},
		"B29_5000_lists_closed":  {"K: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), nil, `nested deeper than 64`},
		"B30_key_twice":          {"K: a\nK: b", nil, `:\d+: field ".*\bK": is given twice`},
		"B31_upper_case":         {"", strings.NewReplacer("apiVersion:", "APIVERSION:", "team:", "TEAM:").Replace, `field "(APIVERSION|TEAM)": unknown field`},
		"B32_merge_key":          {"<<: {K: a}", nil, `merge keys are not allowed`},
		"B32_anchor":             {"K: &x a", nil, `field ".*\bK": anchors are not allowed`},
		"B32_alias":              {"K: *x", nil, `unknown anchor|aliases are not allowed`},
		"B33_above_2_to_53":      {"K: 9007199254740993", nil, `field ".*\bK": .*(out of range|must be a string)`},
		"B33_30_digits":          {"K: 123456789012345678901234567890", nil, `field ".*\bK": .*(out of range|must be a string)`},
		"B34_infinity":           {"K: .inf", nil, `field ".*\bK": .*(decimal digits|must be a string)`},
		"B34_not_a_number":       {"K: .nan", nil, `field ".*\bK": .*(decimal digits|must be a string)`},
		"B34_minus_zero":         {"K: -0", nil, `field ".*\bK": .*(decimal digits|must be a string)`},
		"B34_overflow":           {"K: 1e999", nil, `field ".*\bK": .*(out of range|must be a string)`},
		"B35_TAB":                {"K:\n\t- a", nil, `:\d+: `},
		"B35_line_separator":     {"K: a\u2028b", nil, `U\+2028`},
		"B36_two_documents":      {"", func(text string) string { return text + "---\n" + text }, `only one document|holds 2`},
		"B37_python_object":      {"K: !!python/object:os.system x", nil, `field ".*\bK": tags are not allowed`},
		"B37_binary":             {"K: !!binary aGk=", nil, `field ".*\bK": tags are not allowed`},
		"B37_unknown_tag":        {"K: !secret x", nil, `field ".*\bK": tags are not allowed`},
		"B38_null_key":           {"~: x", nil, `a key must be a string, not nothing`},
		"B38_map_as_key":         {"? {a: b}\n: x", nil, `a key must be a string, not a map`},
		"B39_empty":              {"", whole(""), `is empty|holds 0`},
		"B39_only_comments":      {"", whole("# nothing here\n"), `is empty|holds 0`},
		"B39_only_a_separator":   {"", whole("---\n"), `is empty|holds 0`},
		"B39_list_at_top":        {"", whole("[]\n"), `not a list`},
		"B40_unknown_field":      {"", func(text string) string { return text + "databse: x\n" }, `:\d+: field "databse": unknown field`},
		"B40_misspelled_field":   {"", strings.NewReplacer("metadata:", "metdata:", "team:", "taem:").Replace, `did you mean "(metadata|team)"`},
		"B16_value_as_it_is_not": {`K: !x "\u202e\e[2J"`, nil, `tags are not allowed`},
	}
}

// bomb is nine levels of nine aliases: 387 million strings when expanded.
func bomb() string {
	lines := []string{"K: &a0 [x,x,x,x,x,x,x,x,x]"}
	for i := range 9 {
		lines = append(lines, fmt.Sprintf("K%d: &a%d [%s]", i, i+1, strings.Join(slices.Repeat([]string{fmt.Sprintf("*a%d", i)}, 9), ",")))
	}
	return strings.Join(lines, "\n")
}

// text is the file with the case in it.
func (b badFile) text(valid, key string) string {
	at := regexp.MustCompile(`(?m)^( *)` + slot + `\n`)
	lines := strings.ReplaceAll(b.slot, "K", key)
	if b.edit != nil {
		lines = key + ": a"
	}
	indent := at.FindStringSubmatch(valid)[1]
	var filled strings.Builder
	for line := range strings.Lines(lines + "\n") {
		filled.WriteString(indent + line)
	}
	text := at.ReplaceAllLiteralString(valid, filled.String())
	if b.edit != nil {
		text = b.edit(text)
	}
	return text
}

// pattern is what the error about a file says.
func (b badFile) pattern(file, key string) []string {
	return []string{`(?s)^error: .*` + file + `.*`, strings.ReplaceAll(b.says, `\bK`, `\b`+key)}
}

const platformYAML = `apiVersion: platformctl.io/v1
kind: Platform
metadata:
  name: acme
spec:
  environments:
    - name: local
      target: local
      values:
        SLOT
`

func badPlatformFiles(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "init", ".", "--name=acme")
	file := filepath.Join(s.work, "platform.yaml")
	good := badFile{slot: "K: fine"}
	s.work = filepath.Dir(s.work) // so that only --platform leads there
	try := func(t *testing.T, text string, says []string, args ...string) {
		t.Helper()
		write(t, file, text)
		commit(t, filepath.Dir(file))
		args = append([]string{"--platform=work"}, args...)
		if says == nil {
			if a := s.run(t, args...); a.code != 0 {
				t.Fatalf("without a fault: %s", a.err)
			}
			return
		}
		s.refuses(t, refusal{says: says}, func() answer { return s.run(t, args...) })
	}
	try(t, good.text(platformYAML, "size"), nil, "status")
	for title, bad := range badFiles() {
		t.Run(title+"/platform.yaml", func(t *testing.T) {
			try(t, bad.text(platformYAML, "size"), bad.pattern(`platform\.yaml`, "size"), "status")
			s.refuses(t, refusal{says: []string{`platform\.yaml`}}, func() answer {
				return s.run(t, "--platform=work", "request", "database", "--tier=development", "--team=shop", "--auto-approve")
			})
		})
	}
	for title, edit := range map[string][3]string{
		"B3_environment":     {"name: local", "name: ../../x", `environments\[0\]\.name.*"\.\./\.\./x"`},
		"B19_environment":    {"name: local", "name: postgres", `environments\[0\]\.name.*reserved`},
		"B9_platform_name":   {"name: acme", `name: "a\e[2J"`, `metadata\.name "a\^\[\[2J"`},
		"B20_owner":          {"spec:\n", "spec:\n  owner: $(id)\n", `spec\.owner`},
		"B25_version":        {"platformctl.io/v1", "1.10", `apiVersion.*must be a string`},
		"U4_unknown_target":  {"target: local", "target: lokal", `target "lokal"`},
		"B40_environment":    {"target: local", "targt: local", `environments\[0\]\.targt.*unknown field`},
		"B18_twice_the_name": {"    - name: local\n", "    - name: local\n      target: local\n    - name: local\n", `environments\[1\]\.name.*repeats`},
	} {
		t.Run(title+"/platform.yaml", func(t *testing.T) {
			text := strings.Replace(good.text(platformYAML, "size"), edit[0], edit[1], 1)
			try(t, text, []string{edit[2]}, "request", "database", "--tier=development", "--team=shop", "--auto-approve")
		})
	}
}

const settingsYAML = "SLOT\n"

func badSettings(t *testing.T) {
	t.Helper()
	s := newSite(t)
	file := filepath.Join(s.home, "config", "settings.yaml")
	try := func(t *testing.T, text string, says []string) {
		t.Helper()
		write(t, file, text)
		for _, command := range []string{"status", "request database --tier=development --auto-approve", "team add shop", "local status"} {
			s.refuses(t, refusal{says: says}, func() answer { return s.run(t, strings.Fields(command)...) })
		}
	}
	write(t, file, badFile{slot: "K: shop"}.text(settingsYAML, "team"))
	if a := s.run(t, "status"); a.code != 0 {
		t.Fatalf("without a fault: %s", a.err)
	}
	for title, bad := range badFiles() {
		t.Run(title+"/settings.yaml", func(t *testing.T) {
			try(t, bad.text(settingsYAML, "team"), bad.pattern(`settings\.yaml`, "team"))
		})
	}
	for title, c := range map[string][2]string{
		"B3_team":        {"team: ../../x", `settings\.yaml.*team "\.\./\.\./x"`},
		"B19_team":       {"team: root", `settings\.yaml.*team "root" is reserved`},
		"B73_platform":   {`platform: "ext::sh -c 'touch X'"`, `settings\.yaml.*platform location`},
		"B77_platform":   {`platform: https://user:s3cret@example.org/x`, `settings\.yaml.*platform location`},
		"B3_identity":    {`identity: ../key`, `settings\.yaml.*identity.*absolute path`},
		"B25_quoted_yes": {`team: "yes"`, `settings\.yaml.*team "yes" is reserved`},
	} {
		t.Run(title+"/settings.yaml", func(t *testing.T) { try(t, c[0]+"\n", []string{c[1]}) })
	}
}

const entityYAML = `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: NAME
spec:
  type: service
  lifecycle: production
  owner: shop
  SLOT
`

// badEntityFiles puts one broken file after the other into a catalog. Whoever
// asks for the entity is told; the rest of the catalog can still be listed.
func badEntityFiles(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "init", ".", "--name=acme")
	s.must(t, "team", "add", "shop")
	name := func(title string) string { return strings.ToLower(strings.ReplaceAll(title, "_", "-")) }
	put := func(title, text string) {
		sum := sha256.Sum256([]byte(name(title)))
		write(t, filepath.Join(s.work, "catalog", "default", "component", hex.EncodeToString(sum[:1]), name(title)+".yaml"),
			strings.ReplaceAll(text, "NAME", name(title)))
	}
	put("Fine", badFile{slot: "K: fine"}.text(entityYAML, "size"))
	files := badFiles()
	for title, bad := range files {
		put(title, bad.text(entityYAML, "size"))
	}
	files["B40_other_entity"] = badFile{says: "belongs elsewhere"}
	put("B40_other_entity", strings.Replace(badFile{slot: "K: a"}.text(entityYAML, "size"), "NAME", "other", 1))
	commit(t, s.work)
	if a := s.run(t, "catalog", "show", "component:fine"); a.code != 0 {
		t.Fatalf("without a fault: %s", a.err)
	}
	list := s.run(t, "catalog", "list", "-o", "name")
	if list.code != 0 || list.out != "component:default/fine\ngroup:default/platform\ngroup:default/shop\n" || unsafe(list.err) != "" {
		t.Errorf("catalog list: exit code %d, stdout %q, stderr %q", list.code, list.out, list.err)
	}
	for title, bad := range files {
		t.Run(title+"/entity", func(t *testing.T) {
			says := bad.pattern(name(title)+`\.yaml`, "size")
			for _, command := range []string{"catalog show component:" + name(title), ask + "--for=" + name(title)} {
				s.refuses(t, refusal{says: says}, func() answer { return s.run(t, strings.Fields(command)...) })
			}
			if !strings.Contains(list.err, name(title)+".yaml") {
				t.Error("catalog list does not name the file")
			}
		})
	}
	t.Run("B27_verify/entity", func(t *testing.T) {
		if a := s.run(t, "verify"); a.code != 3 || !strings.Contains(a.out, "b27-alias-bomb.yaml") || unsafe(a.out+a.err) != "" {
			t.Errorf("verify: exit code %d, stderr %q", a.code, a.err)
		}
	})
}

// badCapabilityFiles puts broken definitions beside good ones. Only who asks for
// the broken one is told.
func badCapabilityFiles(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "init", ".", "--name=acme")
	source := os.DirFS(filepath.Join("testdata", "capabilities", "bucket"))
	data, err := os.ReadFile(filepath.Join("testdata", "capabilities", "bucket", "capability.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const line = "            default: {}\n"
	valid := strings.Replace(string(data), line, "            default:\n              SLOT\n", 1)
	if valid == string(data) {
		t.Fatal("there is no place for a fault in the definition")
	}
	name := func(title string) string { return strings.ToLower(strings.ReplaceAll(title, "_", "-")) }
	put := func(title, text string) {
		dir := filepath.Join(s.work, "capabilities", name(title))
		if err := os.CopyFS(dir, source); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "capability.yaml"), strings.Replace(text, "name: bucket", "name: "+name(title), 1))
	}
	put("Fine", badFile{slot: "K: fine"}.text(valid, "size"))
	files := badFiles()
	for title, bad := range files {
		put(title, bad.text(valid, "size"))
	}
	commit(t, s.work)
	for _, good := range []string{"fine", "database"} {
		if a := s.run(t, "capability", "show", good); a.code != 0 {
			t.Fatalf("without a fault: %s", a.err)
		}
	}
	list := s.run(t, "capability", "list")
	if list.code != 0 || !strings.Contains(list.out, "database") || unsafe(list.out+list.err) != "" {
		t.Errorf("capability list: exit code %d, stdout %q, stderr %q", list.code, list.out, list.err)
	}
	for title, bad := range files {
		t.Run(title+"/capability.yaml", func(t *testing.T) {
			says := bad.pattern(name(title)+`/capability\.yaml`, "size")
			for _, command := range []string{"capability show " + name(title), "request " + name(title) + " --tier=standard --team=shop --auto-approve"} {
				s.refuses(t, refusal{says: says}, func() answer { return s.run(t, strings.Fields(command)...) })
			}
			if !strings.Contains(list.err, name(title)+"/capability.yaml") {
				t.Error("capability list does not name the file")
			}
		})
	}
}
