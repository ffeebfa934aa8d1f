package ui

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestEscape(t *testing.T) {
	tests := map[string]struct{ in, want string }{
		"empty":              {"", ""},
		"text":               {"checkout-service 1.0 (ok)", "checkout-service 1.0 (ok)"},
		"letters":            {"é ü ß 日本 עברית हिन्दी", "é ü ß 日本 עברית हिन्दी"},
		"symbols":            {"✓ — … 🎉 ❤️", "✓ — … 🎉 ❤️"},
		"replacement":        {"\ufffd", "\ufffd"},
		"backslash":          {`C:\x1b`, `C:\x1b`},
		"clear screen":       {"\x1b[2J", "^[[2J"},
		"title":              {"\x1b]0;x\a", "^[]0;x^G"},
		"clipboard":          {"\x1b]52;c;aGk=\x1b\\", `^[]52;c;aGk=^[\`},
		"tab and line ends":  {"a\tb\r\nc", "a^Ib^M^Jc"},
		"backspace":          {"rm\b\bls", "rm^H^Hls"},
		"nul and del":        {"\x00\x7f", "^@^?"},
		"csi as a byte":      {"\x9b2J", `\x9b2J`},
		"csi as a rune":      {"\u009b2J", `\u009b2J`},
		"next line":          {"\u0085", `\u0085`},
		"no utf-8":           {"a\xffb\xc3", `a\xffb\xc3`},
		"surrogate":          {"\xed\xa0\x80", `\xed\xa0\x80`},
		"override":           {"abc\u202egpj.exe", `abc\u202egpj.exe`},
		"isolate":            {"\u2066x\u2069", `\u2066x\u2069`},
		"zero width":         {"a\u200bb\u200dc\ufeff", `a\u200bb\u200dc\ufeff`},
		"line separator":     {"a\u2028b\u2029", `a\u2028b\u2029`},
		"soft hyphen":        {"a\u00adb", `a\u00adb`},
		"filler":             {"\u3164\u115f", `\u3164\u115f`},
		"tag":                {"a\U000e0041", `a\U000e0041`},
		"variation selector": {"a\U000e0100", `a\U000e0100`},
		"noncharacter":       {"\ufffe\U0010ffff", `\ufffe\U0010ffff`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Escape(tt.in); got != tt.want {
				t.Errorf("Escape(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestEscapeLines(t *testing.T) {
	const in = "one\r\ntwo\x1b[m\n\nthree\rX\n"
	if got, want := EscapeLines(in), "one\ntwo^[[m\n\nthree^MX\n"; got != want {
		t.Errorf("EscapeLines(%q) = %q, want %q", in, got, want)
	}
}

func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J", "\xff\xfe", "\u202e日本\u009b", "a\r\nb\n", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, escaped := range map[string]string{"Escape": Escape(s), "EscapeLines": strings.ReplaceAll(EscapeLines(s), "\n", "")} {
			if !utf8.ValidString(escaped) {
				t.Errorf("%s(%q) = %q: not UTF-8", name, s, escaped)
			}
			for _, r := range escaped {
				if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Zl, unicode.Zp) {
					t.Errorf("%s(%q) = %q: holds %U", name, s, escaped, r)
				}
			}
		}
		if again := Escape(Escape(s)); again != Escape(s) {
			t.Errorf("Escape(Escape(%q)) = %q, want %q", s, again, Escape(s))
		}
		if lines := EscapeLines(s); EscapeLines(lines) != lines {
			t.Errorf("EscapeLines(EscapeLines(%q)) = %q, want %q", s, EscapeLines(lines), lines)
		}
	})
}
