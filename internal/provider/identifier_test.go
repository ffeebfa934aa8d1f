package provider

import (
	"strings"
	"testing"
	"unicode"

	"github.com/jackc/pgx/v5"
)

// B11, B21, B97: no name is quoted or cut into another one.
func TestCheckIdentifier(t *testing.T) {
	for name, good := range map[string]bool{
		"a": true, "_": true, "checkout_service": true, "t1": true, strings.Repeat("x", 63): true, "pgbouncer": true,
		"": false, " ": false, "1a": false, "A": false, "a-b": false, "a b": false, "a.b": false, "é": false, "а": false,
		`a"b`: false, `a"; DROP ROLE postgres; --`: false, "a\x00b": false, "a\nb": false, "a\\": false, "a'": false,
		strings.Repeat("x", 64): false, "pg_x": false, "public": false, "none": false, "mydb host=evil": false, "\xff": false,
		"a\u202eb": false, "${file(1)}": false,
	} {
		if err := checkIdentifier(name); (err == nil) != good {
			t.Errorf("checkIdentifier(%q) = %v, want good: %t", name, err, good)
		}
	}
}

// B97: no extension either.
func TestCheckExtension(t *testing.T) {
	for name, good := range map[string]bool{
		"pgcrypto": true, "uuid-ossp": true, "pg_trgm": true, "a1": true,
		"": false, "-a": false, "_a": false, "A": false, "a b": false, `a"`: false, "a\x00": false, "a/b": false, "../a": false,
		strings.Repeat("x", 64): false,
	} {
		if err := checkExtension(name); (err == nil) != good {
			t.Errorf("checkExtension(%q) = %v, want good: %t", name, err, good)
		}
	}
}

// B96: a password comes whole or not at all, and is never shown.
func TestCheckPassword(t *testing.T) {
	for password, good := range map[string]bool{
		"x": true, `@/?#'"\ %`: true, strings.Repeat("x", 256): true,
		"": false, "a\nb": false, "a\x00b": false, "naïve": false, "a\x7f": false, strings.Repeat("x", 257): false,
	} {
		err := checkPassword(password)
		if (err == nil) != good {
			t.Errorf("checkPassword(%q) = %v, want good: %t", password, err, good)
		}
		if err != nil && password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("checkPassword(%q) shows it: %v", password, err)
		}
	}
}

func TestCheckMark(t *testing.T) {
	for mark, good := range map[string]bool{
		"managed by platformctl": true, "it's \\ \"x\"": true,
		"": false, "  ": false, "a\nb": false, "a\x1b[31m": false, "ü": false, strings.Repeat("x", 201): false,
	} {
		if err := checkMark(mark); (err == nil) != good {
			t.Errorf("checkMark(%q) = %v, want good: %t", mark, err, good)
		}
	}
}

// B97: TestLiteral asks the server what it reads.
func TestLiteral(t *testing.T) {
	conn := connect(t, "postgres", pg.password, "postgres")
	for _, conforming := range []string{"on", "off"} {
		if _, err := conn.Exec(t.Context(), "SET standard_conforming_strings = "+conforming); err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{"", "plain", "it's", "''", `\`, `\'`, `'\`, `\\''`, "a\nb", "$1", "é", "'; DROP ROLE postgres; --", `E'\x41'`} {
			quoted, err := literal(s)
			if err != nil {
				t.Errorf("literal(%q): %v", s, err)
				continue
			}
			var got string
			if err := conn.QueryRow(t.Context(), "SELECT "+quoted, pgx.QueryExecModeExec).Scan(&got); err != nil || got != s {
				t.Errorf("literal(%q) is read as %q, %v", s, got, err)
			}
		}
	}
	if quoted, err := literal("a\x00b"); err == nil {
		t.Errorf("literal with NUL = %q", quoted)
	}
}

func FuzzCheckIdentifier(f *testing.F) {
	for _, s := range []string{"a", "a\x00b", `a"b`, "pg_x", "ı", strings.Repeat("x", 64)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, check := range []func(string) error{checkIdentifier, checkExtension} {
			if err := check(s); err != nil {
				if strings.ContainsFunc(err.Error(), unicode.IsControl) {
					t.Errorf("the message about %q holds control characters", s)
				}
				continue
			}
			if got := ident(s); got != `"`+s+`"` {
				t.Errorf("%q is accepted and quoted as %s", s, got)
			}
			if len(s) > 63 || strings.ContainsAny(s, "\x00\"' ;") || strings.ToLower(s) != s {
				t.Errorf("%q is accepted", s)
			}
		}
	})
}
