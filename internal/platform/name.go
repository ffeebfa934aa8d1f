package platform

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	shortestName = 3
	longestName  = 40
)

// NameError says what is wrong with a name.
type NameError struct {
	// Field is the flag or the field that gave the name.
	Field string
	// Value is the name, escaped and cut: safe to print.
	Value   string
	Problem string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("%s %s %s", e.Field, e.Value, e.Problem)
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]*[a-z0-9]$`)

// CheckName is the one rule for the names of platforms, environments, teams,
// resources and whatever else gets a name here: 3 to 40 characters, lower
// case a-z, 0-9 and "-", a letter first, no "-" last and no two in a row, and
// none of the words that a database, a file system or YAML gives a meaning of
// its own. So a name is one path segment, one DNS label and one YAML string,
// and with any prefix of ours stays a whole database identifier.
//
// field is what the error calls the place that the name came from. The error
// is a [*NameError].
func CheckName(field, value string) error {
	if problem := nameProblem(value); problem != "" {
		return &NameError{Field: field, Value: show(value), Problem: problem}
	}
	return nil
}

func nameProblem(value string) string {
	switch {
	case value == "":
		return "must not be empty"
	case len(value) > longestName:
		return fmt.Sprintf("is %d bytes long, more than %d", len(value), longestName)
	case !utf8.ValidString(value):
		return "is not valid UTF-8"
	case strings.ToLower(value) != value:
		return "must be lower case"
	case isReserved(value):
		return "is reserved"
	case len(value) < shortestName:
		return fmt.Sprintf("is shorter than %d characters", shortestName)
	case value[0] < 'a' || value[0] > 'z':
		return "must begin with a letter a-z"
	case strings.HasSuffix(value, "-"):
		return `must not end with "-"`
	case strings.Contains(value, "--"):
		return `must not have "-" twice in a row`
	case !nameForm.MatchString(value):
		return `must have only a-z, 0-9 and "-"`
	}
	return ""
}

// reserved returns the words with a meaning elsewhere: who runs a machine, in
// PostgreSQL, in YAML, and files on Windows.
func reserved() []string {
	return []string{
		"admin", "default", "public", "root", "system",
		"none", "postgres", "template0", "template1",
		"false", "no", "null", "off", "on", "true", "yes",
		"aux", "con", "nul", "prn",
	}
}

// isReserved knows them, the numbered files of Windows, and the prefix of the
// names that PostgreSQL keeps for itself, pg_ with our "-" for its "_".
func isReserved(value string) bool {
	return slices.Contains(reserved(), value) || strings.HasPrefix(value, "pg-") || isDevice(value)
}

// isDevice reports com0 to com9 and lpt0 to lpt9.
func isDevice(value string) bool {
	return len(value) == 4 && (strings.HasPrefix(value, "com") || strings.HasPrefix(value, "lpt")) &&
		value[3] >= '0' && value[3] <= '9'
}

// maxShown is how many characters of a refused value are shown.
const maxShown = 60

// show quotes a value from outside so that it can be printed anywhere: at most
// maxShown characters, controls as ^X, and all beyond ASCII as escapes, since
// what looks like a letter may be another.
func show(value string) string {
	var b strings.Builder
	b.WriteByte('"')
	i := 0
	for shown := 0; i < len(value) && shown < maxShown; shown++ {
		r, size := utf8.DecodeRuneInString(value[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, value[i])
		case r < ' ' || r == 0x7f:
			b.WriteString("^" + string(r^0x40))
		default:
			quoted := strconv.QuoteToASCII(string(r))
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	b.WriteByte('"')
	if i < len(value) {
		b.WriteString("...")
	}
	return b.String()
}
