package e2e

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// names are values that no name may have.
func names() map[string]string {
	long := strings.Repeat("a", 63)
	return map[string]string{
		"B1_empty":                 "",
		"B1_spaces":                "   ",
		"B1_one_character":         "a",
		"B2_dot":                   ".",
		"B2_dot_dot":               "..",
		"B3_path_up":               "../../x",
		"B3_path_up_inside":        "a/../../x",
		"B3_path_here":             "./x",
		"B3_path_slash_last":       "x/",
		"B3_path_two_slashes":      "x//y",
		"B4_absolute":              "/etc/x",
		"B4_home":                  "~/x",
		"B4_home_of_root":          "~root",
		"B5_backslash":             `..\x`,
		"B5_drive":                 `C:\x`,
		"B5_share":                 `\\srv\s`,
		"B5_stream":                "x:stream",
		"B6_device":                "CON",
		"B6_device_with_suffix":    "nul.txt",
		"B6_device_lower_case":     "com1",
		"B7_trailing_dot":          "app.",
		"B7_trailing_space":        "app ",
		"B8_NUL":                   "a\x00b",
		"B9_TAB":                   "app\tx",
		"B9_CR":                    "app\rerror: x",
		"B9_LF":                    "app\nnext: rm -rf /",
		"B9_ESC":                   "app\x1b[2J",
		"B9_BEL":                   "app\x07",
		"B9_DEL":                   "app\x7f",
		"B9_CSI":                   "app\u009b2J",
		"B10_10_MB":                strings.Repeat("a", 10_000_000),
		"B10_256_bytes":            strings.Repeat("b", 256),
		"B10_128_KiB":              strings.Repeat("c", 128<<10-20), // about what one argument can hold
		"B11_63_bytes_and_a":       long + "a",
		"B11_63_bytes_and_b":       long + "b",
		"B12_option":               "-rf",
		"B12_long_option":          "--upload-pack=x",
		"B12_ssh_option":           "-oProxyCommand=x",
		"B13_git":                  ".git",
		"B13_GIT":                  ".GIT",
		"B13_git_short_name":       "git~1",
		"B13_git_on_HFS":           ".g\u200cit",
		"B13_gitmodules":           ".gitmodules",
		"B14_composed":             "caf\u00e9",
		"B14_decomposed":           "cafe\u0301",
		"B15_cyrillic":             "p\u0430yments",
		"B16_bidi_override":        "app\u202ex",
		"B16_bidi_isolate":         "app\u2066x",
		"B16_zero_width":           "app\u200bx",
		"B16_tag_character":        "app\U000e0041",
		"B17_invalid_UTF_8":        "\xff\xfe",
		"B18_other_case":           "Shop",
		"B19_root":                 "root",
		"B19_admin":                "admin",
		"B19_postgres":             "postgres",
		"B19_template1":            "template1",
		"B19_public":               "public",
		"B19_system":               "system",
		"B19_null":                 "null",
		"B20_substitution":         "$(id)",
		"B20_backquotes":           "`id`",
		"B20_semicolon":            ";id",
		"B20_pipe":                 "|id",
		"B20_ampersand":            "app&",
		"B20_percent":              "app%0a",
		"B21_drop_database":        `a"; DROP DATABASE x; --`,
		"B21_comment":              `a'--`,
		"B22_template":             "{{ . }}",
		"B22_expression":           "${{ x }}",
		"B22_function":             `${file("/etc/passwd")}`,
		"B22_directive":            "%{for}",
		"B23_star":                 "app*",
		"B23_question_mark":        "ap?",
		"B23_class":                "[a-z]",
		"B23_negation":             "!x",
		"B24_1000_combining_marks": "a" + strings.Repeat("\u0301", 1000),
		"B24_emoji":                "app\U0001f9ab",
		"B25_yes":                  "yes",
		"B25_exponent":             "1e5",
		"B25_hexadecimal":          "0x10",
		"B25_decimal":              "1.10",
		"B25_date":                 "2024-01-01",
		"B95_connection_string":    "mydb host=evil",
		"B95_connection_URL":       "mydb?host=evil",
		"B95_connection_option":    "?options=-c search_path=evil",
		"B95_two_hosts":            "h1,evil",
		"B97_quote":                `a"b`,
	}
}

// nameField is a place that takes a name: a flag, an argument, a variable, a
// file.
type nameField struct {
	says  string // in the error, whatever is wrong with the name
	args  func(name string) []string
	env   string // the variable that holds the name, if it is one
	file  string // the text of settings.yaml, if it is there
	folds bool   // a lookup that does not tell upper from lower case
}

func nameFields() map[string]nameField {
	request := func(flag, as string) nameField {
		return nameField{says: as, args: func(name string) []string {
			args := []string{"request", "database", "--auto-approve", flag + "=" + name}
			for _, other := range []string{"--type=postgresql", "--tier=development", "--team=shop"} {
				if !strings.HasPrefix(other, flag+"=") {
					args = append(args, other)
				}
			}
			return args
		}}
	}
	argument := func(as string, command ...string) nameField {
		return nameField{says: as, args: func(name string) []string {
			return append(append([]string{}, command...), "--", name)
		}}
	}
	unnamed := func(string) []string { return []string{"request", "database", "--tier=development", "--auto-approve"} }
	reference := func(as string, command ...string) nameField {
		field := argument(as, command...)
		field.folds = true
		return field
	}
	return map[string]nameField{
		"--type":           request("--type", "type"),
		"--tier":           request("--tier", "tier"),
		"--team":           request("--team", "team"),
		"--name":           request("--name", "name"),
		"--env":            request("--env", "env"),
		"--for":            request("--for", "for|component"),
		"CAPABILITY":       argument("capability|CAPABILITY", "request", "--type=postgresql", "--tier=development", "--team=shop", "--auto-approve"),
		"team_add":         argument("team|NAME", "team", "add"),
		"team_show":        reference("team|NAME", "team", "show"),
		"init_--name":      {says: "name", args: func(name string) []string { return []string{"init", "new", "--name=" + name} }},
		"resource_show":    argument("resource|NAME", "resource", "show"),
		"resource_env":     argument("resource|NAME", "resource", "env"),
		"resource_dir":     argument("resource|NAME", "resource", "dir"),
		"resource_connect": argument("resource|NAME", "resource", "connect"),
		"resource_resume":  argument("resource|NAME", "resource", "resume"),
		"resource_destroy": argument("resource|NAME", "resource", "destroy"),
		"--confirm": {says: "--confirm", args: func(name string) []string {
			return []string{"resource", "destroy", "shop-plain", "--confirm=" + name}
		}},
		"resource_run":     {says: "resource|NAME", args: func(name string) []string { return []string{"resource", "run", "--", name, "true"} }},
		"catalog_show":     reference("entity|REF", "catalog", "show"),
		"capability_show":  argument("capability|CAPABILITY", "capability", "show"),
		"PLATFORMCTL_TEAM": {says: "PLATFORMCTL_TEAM", args: unnamed, env: "PLATFORMCTL_TEAM"},
		"team_in_settings": {says: `settings\.yaml.*(team|larger)`, args: unnamed, file: "team: "},
		"--request-id":     request("--request-id", "request-id"),
	}
}

// badNames tries every name in every place on a machine without a platform, and
// one of each kind where there is a platform with a team and a resource.
func badNames(t *testing.T) {
	t.Helper()
	fresh, used := newSite(t), usedSite(t)
	fields := nameFields()
	tried := map[string]bool{}
	for _, title := range slices.Sorted(maps.Keys(names())) {
		name := names()[title]
		id, _, _ := strings.Cut(title, "_")
		again := tried[id]
		tried[id] = true
		t.Run(title, func(t *testing.T) {
			for place, field := range fields {
				if name == "" && (field.env != "" || field.file != "") {
					continue // an empty variable or setting is none
				}
				t.Run(place, func(t *testing.T) {
					tryName(t, fresh, field, name)
					// To a catalog, references in upper and lower case are the same.
					found := field.folds && strings.EqualFold(name, "shop")
					if !again && !found {
						tryName(t, used, field, name)
					}
				})
			}
		})
	}
	// The same through the built binary, for one name of each kind.
	for _, title := range []string{"B1_empty", "B9_LF", "B10_128_KiB", "B17_invalid_UTF_8"} {
		t.Run(title+"_binary", func(t *testing.T) {
			for place, field := range fields {
				if field.file != "" || field.env != "" && names()[title] == "" {
					continue
				}
				s := fresh
				if field.env != "" {
					s = s.with(field.env, names()[title])
				}
				s.refuses(t, refusal{says: []string{field.says}}, func() answer { return s.exec(t, field.args(names()[title])...) })
				if t.Failed() {
					t.Fatal(place)
				}
			}
		})
	}
}

func tryName(t *testing.T, s *site, field nameField, name string) {
	t.Helper()
	if field.env != "" {
		s = s.with(field.env, name)
	}
	if field.file != "" {
		settings := filepath.Join(s.home, "config", "settings.yaml")
		_, err := os.Stat(s.home)
		write(t, settings, field.file+yamlString(name)+"\n")
		defer func() {
			_ = os.Remove(settings)
			if err != nil {
				_ = os.RemoveAll(s.home)
			}
		}()
	}
	s.refuses(t, refusal{says: []string{field.says}}, func() answer { return s.run(t, field.args(name)...) })
}

// yamlString is a string of YAML that stands for s, or as near as YAML comes.
func yamlString(s string) string {
	return strconv.QuoteToASCII(s)
}

// usedSite has a platform, the team shop and a resource of it.
func usedSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	s.must(t, "team", "add", "shop")
	addCapability(t, filepath.Join(s.home, "data", "platform"), "note")
	s.must(t, "request", "note", "--tier=draft", "--team=shop", "--set=text=hello", "--auto-approve")
	return s
}

// addCapability commits a capability of testdata to the platform in dir.
func addCapability(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.CopyFS(filepath.Join(dir, "capabilities", name), os.DirFS(filepath.Join("testdata", "capabilities", name))); err != nil {
		t.Fatal(err)
	}
	commit(t, dir)
}
