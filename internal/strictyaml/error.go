package strictyaml

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxShown is how many runes of a refused value an error shows.
const maxShown = 60

// Error says what is wrong with a file, and where.
type Error struct {
	File    string
	Line    int      // from 1; 0 when the file as a whole is meant
	Column  int      // from 1; 0 when unknown
	Field   string   // dotted path of the field, as in spec.tiers[0].name; empty for the file as a whole
	Problem string   // what is wrong, fit to follow the name of the field
	Value   string   // the refused value, escaped and cut short; empty when there is none to show
	Known   []string // the names that are valid instead of an unknown one, sorted
}

// Error returns one line: file, line, field, problem and value.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	if e.Field != "" {
		fmt.Fprintf(&b, "field %q: ", e.Field)
	}
	b.WriteString(e.Problem)
	if e.Value != "" {
		fmt.Fprintf(&b, ": %s", e.Value)
	}
	return b.String()
}

// show escapes s for a terminal and cuts it to maxShown runes.
func show(s string) string {
	cut := false
	if utf8.RuneCountInString(s) > maxShown {
		s, cut = string([]rune(s)[:maxShown-1]), true
	}
	quoted := strconv.QuoteToGraphic(s)
	s = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	if cut {
		s += "…"
	}
	return s
}

// join appends a key to the path of a field. A key that is no plain word is
// quoted, so that its dots are not taken for levels.
func join(path, key string) string {
	if !plainWord(key) {
		return path + "[" + strconv.QuoteToASCII(cutKey(key)) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func cutKey(key string) string {
	if utf8.RuneCountInString(key) > maxShown {
		return string([]rune(key)[:maxShown-1]) + "…"
	}
	return key
}

func plainWord(s string) bool {
	if s == "" || len(s) > maxShown {
		return false
	}
	for _, c := range s {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
		if !ok {
			return false
		}
	}
	return true
}
