package platform

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const longestText = 200

// TextError says what is wrong with a line of free text.
type TextError struct {
	// Field is the flag that gave the text; Value is escaped and cut.
	Field, Value, Problem string
}

func (e *TextError) Error() string {
	return fmt.Sprintf("%s %s %s", e.Field, e.Value, e.Problem)
}

// CheckText is the rule for a line of free text such as a title: up to 200
// characters of any script that can be seen, and not only blanks. field is what
// the error calls the place that the text came from. The error is a
// [*TextError].
func CheckText(field, value string) error {
	var problem string
	switch {
	case len(value) > longestText*utf8.UTFMax, utf8.RuneCountInString(value) > longestText:
		problem = fmt.Sprintf("is longer than %d characters", longestText)
	case !utf8.ValidString(value):
		problem = "is not valid UTF-8"
	case strings.ContainsFunc(value, func(r rune) bool { return isUnprintable(r) || !unicode.IsGraphic(r) }):
		problem = "has a character that cannot be seen"
	case strings.TrimSpace(value) == "":
		problem = "must not be blank"
	default:
		return nil
	}
	return &TextError{Field: field, Value: show(value), Problem: problem}
}
