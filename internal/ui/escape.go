package ui

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Escape makes s one line that is safe to show: control characters appear as
// ^[, what is invisible or changes the direction of text as \u202e, bytes that
// are no UTF-8 as \xff. All other text passes unchanged, and so does text that
// was escaped before.
func Escape(s string) string {
	if !strings.ContainsFunc(s, unsafe) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r < 0x20 || r == 0x7f:
			b.WriteByte('^')
			b.WriteByte(s[0] ^ 0x40)
		case r > 0xffff && unsafe(r):
			fmt.Fprintf(&b, `\U%08x`, r)
		case unsafe(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// EscapeLines is Escape for text of several lines: it keeps "\n", and "\r\n" as
// "\n".
func EscapeLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = Escape(line)
	}
	return strings.Join(lines, "\n")
}

// unsafe reports what a terminal may act on or a reader cannot see: control and
// format characters (bidi, zero width, tags), line separators, fillers and
// noncharacters.
func unsafe(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r < 0x20 || r == 0x7f
	case r >= 0xe0000 && r <= 0xe0fff: // tags and the variation selectors that can carry bytes
		return true
	case r&0xfffe == 0xfffe: // noncharacters
		return true
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point)
}
