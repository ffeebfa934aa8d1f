package platform

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckText(t *testing.T) {
	for _, text := range []string{
		"Checkout", "a", "caf\u00e9 & S\u00f6hne (EU) -- #1", "\u30c1\u30fc\u30e0", `${file("/etc/passwd")} {{ . }}`, "'; DROP DATABASE x; --", strings.Repeat("\u00fc", 200),
	} {
		if err := CheckText("--title", text); err != nil {
			t.Errorf("CheckText(%q) = %v", text, err)
		}
	}
	for name, text := range map[string]string{
		"B1_empty":             "",
		"B1_blank":             " \u00a0 ",
		"B8_NUL":               "a\x00b",
		"B9_LF":                "a\nb",
		"B9_ESC":               "a\x1b[2J",
		"B9_CSI":               "a\u009b2J",
		"B10_10_MB":            strings.Repeat("a", 10_000_000),
		"B10_201_characters":   strings.Repeat("\u00fc", 201),
		"B16_bidi_override":    "a\u202eb",
		"B16_zero_width":       "a\u200bb",
		"B16_line_separator":   "a\u2028b",
		"B16_tag_character":    "a\U000e0041",
		"B16_noncharacter":     "a\uffff",
		"B17_invalid_UTF_8":    "a\xff",
		"B24_combining_marks":  "a" + strings.Repeat("\u0301", 1000),
		"B16_private_use_area": "a\ue000",
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckText("--title", text)
			if e, ok := errors.AsType[*TextError](err); !ok || e.Field != "--title" {
				t.Fatalf("CheckText(%.40q) = %v, want a *TextError", text, err)
			}
			if problem := notPrintable(err.Error()); problem != "" || len(err.Error()) > 800 {
				t.Errorf("the message is unsafe (%s) or long: %.300q", problem, err)
			}
		})
	}
}
