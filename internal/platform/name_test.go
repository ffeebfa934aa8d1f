package platform

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// Each bad name is refused, whatever flag or field it comes from, with the
// field named and the value shown so that it can do no harm. The names of the
// cases begin with their number in docs/bad-input.md.
func TestCheckName(t *testing.T) {
	tests := map[string]string{
		"B1_empty":                   "",
		"B1_space":                   " ",
		"B1_spaces":                  "     ",
		"B1_one_character":           "a",
		"B1_two_characters":          "ab",
		"B2_dot":                     ".",
		"B2_dot_dot":                 "..",
		"B3_path_up":                 "../../x",
		"B3_path_up_inside":          "a/../../x",
		"B3_path_here":               "./xyz",
		"B3_path_slash_last":         "xyz/",
		"B3_path_two_slashes":        "x//y",
		"B4_absolute":                "/etc/x",
		"B4_home":                    "~/x",
		"B4_home_of_root":            "~root",
		"B5_backslash_up":            `..\x`,
		"B5_drive":                   `C:\x`,
		"B5_share":                   `\\srv\s`,
		"B5_stream":                  "x:stream",
		"B6_device_CON":              "CON",
		"B6_device_con":              "con",
		"B6_device_nul_txt":          "nul.txt",
		"B6_device_nul":              "nul",
		"B6_device_prn":              "prn",
		"B6_device_aux":              "aux",
		"B6_device_com1":             "com1",
		"B6_device_lpt9":             "lpt9",
		"B7_trailing_dot":            "app.",
		"B7_trailing_space":          "app ",
		"B7_trailing_dash":           "app-",
		"B8_nul_byte":                "a\x00b",
		"B9_tab":                     "app\tx",
		"B9_carriage_return":         "app\r",
		"B9_newline":                 "app\n",
		"B9_escape":                  "app\x1b[2J",
		"B9_bell":                    "app\x07",
		"B9_delete":                  "app\x7f",
		"B9_csi":                     "app\u009b2J",
		"B10_10_MB":                  strings.Repeat("a", 10_000_000),
		"B10_256_bytes":              strings.Repeat("a", 256),
		"B10_41_bytes":               strings.Repeat("a", 41),
		"B11_64_bytes_a":             strings.Repeat("a", 63) + "a",
		"B11_64_bytes_b":             strings.Repeat("a", 63) + "b",
		"B12_option":                 "-rf",
		"B12_long_option":            "--upload-pack=x",
		"B12_ssh_option":             "-oProxyCommand=x",
		"B13_git":                    ".git",
		"B13_GIT":                    ".GIT",
		"B13_git_short":              "git~1",
		"B13_git_hfs":                ".g\u200cit",
		"B13_gitmodules":             ".gitmodules",
		"B14_composed":               "caf\u00e9",
		"B14_decomposed":             "cafe\u0301",
		"B15_cyrillic":               "p\u0430yments",
		"B16_bidi_override":          "app\u202ex",
		"B16_bidi_isolate":           "app\u2066x",
		"B16_zero_width":             "app\u200bx",
		"B16_tag_character":          "app\U000e0041",
		"B17_invalid_utf8":           "\xff\xfe",
		"B17_invalid_utf8_inside":    "app\xffx",
		"B18_upper_case":             "App",
		"B18_upper_case_beyond":      "app\u0130",
		"B19_reserved_root":          "root",
		"B19_reserved_admin":         "admin",
		"B19_reserved_postgres":      "postgres",
		"B19_reserved_template0":     "template0",
		"B19_reserved_template1":     "template1",
		"B19_reserved_public":        "public",
		"B19_reserved_system":        "system",
		"B19_reserved_null":          "null",
		"B19_reserved_none":          "none",
		"B19_reserved_default":       "default",
		"B19_reserved_pg_prefix":     "pg-monitor",
		"B20_substitution":           "$(id)",
		"B20_backquotes":             "`id`",
		"B20_semicolon":              ";id",
		"B20_pipe":                   "|id",
		"B20_ampersand":              "app&",
		"B20_percent":                "app%0a",
		"B21_drop_database":          `a"; DROP DATABASE x; --`,
		"B21_comment":                `app'--`,
		"B21_two_dashes":             "app--x",
		"B22_template":               "{{ . }}",
		"B22_expression":             "${{ x }}",
		"B22_terraform_function":     `${file("/etc/passwd")}`,
		"B22_terraform_directive":    "%{for}",
		"B23_star":                   "app*",
		"B23_question_mark":          "app?",
		"B23_class":                  "[a-z]",
		"B23_negation":               "!xyz",
		"B24_1000_combining_marks":   "a" + strings.Repeat("\u0301", 1000),
		"B24_emoji":                  "app\U0001f9ab",
		"B25_yaml_yes":               "yes",
		"B25_yaml_true":              "true",
		"B25_yaml_off":               "off",
		"B25_yaml_no":                "no",
		"B25_yaml_exponent":          "1e5",
		"B25_yaml_hexadecimal":       "0x10",
		"B25_yaml_decimal":           "1.10",
		"B25_yaml_octal":             "0777",
		"B25_yaml_date":              "2024-01-01",
		"rule_underscore":            "app_x",
		"rule_fullwidth_letter":      "app\uff41",
		"rule_digit_of_another_kind": "app\u0661",
	}
	for name, value := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			err := CheckName("--name", value)
			took := time.Since(start)
			nameErr, ok := errors.AsType[*NameError](err)
			if !ok {
				t.Fatalf("CheckName(%.80q) = %v, want a NameError", value, err)
			}
			if nameErr.Field != "--name" || nameErr.Problem == "" {
				t.Errorf("error names no field or problem: %#v", nameErr)
			}
			if problem := notPrintable(err.Error()); problem != "" || len(err.Error()) > 800 {
				t.Errorf("message is unsafe (%s) or long (%d bytes): %q", problem, len(err.Error()), err)
			}
			if limit := 50 * time.Millisecond; took > limit {
				t.Errorf("took %v, more than %v", took, limit)
			}
		})
	}
}

func notPrintable(s string) string {
	for i, r := range s {
		if r < ' ' || r > '~' {
			return "character " + s[i:i+utf8.RuneLen(r)]
		}
	}
	return ""
}

func TestCheckNameAccepts(t *testing.T) {
	for _, name := range []string{
		"abc", "checkout-service", "checkout-service-postgresql", "a1b", "a-b-c", "com10", "com", "pgx", "postgresql",
		"rooted", "yes-man", "a" + strings.Repeat("b", 39),
	} {
		if err := CheckName("name", name); err != nil {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
}

func TestNameErrorText(t *testing.T) {
	tests := map[string]struct{ value, want string }{
		"empty":       {"", `--team "" must not be empty`},
		"escape":      {"a\x1b[0m", `--team "a^[[0m" must have only a-z, 0-9 and "-"`},
		"upper case":  {"App", `--team "App" must be lower case`},
		"cyrillic":    {"p\u0430y", `--team "p\u0430y" must have only a-z, 0-9 and "-"`},
		"reserved":    {"postgres", `--team "postgres" is reserved`},
		"long":        {strings.Repeat("a", 100), `--team "` + strings.Repeat("a", 60) + `"... is 100 bytes long, more than 40`},
		"exactly 60":  {strings.Repeat("a", 60), `--team "` + strings.Repeat("a", 60) + `" is 60 bytes long, more than 40`},
		"not UTF-8":   {"a\xffb", `--team "a\xffb" is not valid UTF-8`},
		"with quotes": {`a"b\`, `--team "a\"b\\" must have only a-z, 0-9 and "-"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := CheckName("--team", tt.value).Error(); got != tt.want {
				t.Errorf("error = %s\nwant    %s", got, tt.want)
			}
		})
	}
}

func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"checkout", "a--b", "con", "-rf", "A", "\x00", "é", "com1", "pg-a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := CheckName("name", s)
		if err != nil {
			if problem := notPrintable(err.Error()); problem != "" {
				t.Fatalf("message is unsafe (%s): %q", problem, err)
			}
			return
		}
		if len(s) < 3 || len(s) > 40 || strings.Contains(s, "--") || s[0] < 'a' || strings.HasSuffix(s, "-") {
			t.Fatalf("CheckName took %q", s)
		}
		for _, r := range s {
			if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
				t.Fatalf("CheckName took %q", s)
			}
		}
	})
}
