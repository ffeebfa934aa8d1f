package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Location is where a platform is: a directory or a git URL, one of the two.
type Location struct {
	// Dir is absolute.
	Dir string
	// URL is https, ssh, file or user@host:path, and carries no password.
	URL string
	// From says who named it: one of the From constants.
	From string
}

// Who named a location, the strongest first.
const (
	FromFlag        = "flag"
	FromEnvironment = "environment"
	FromDirectory   = "directory"
	FromSettings    = "user settings"
	FromDefault     = "default"
)

// LocationError says why a value names no platform.
type LocationError struct {
	// Value is escaped and cut, and shows no password: safe to print.
	Value   string
	Problem string
}

func (e *LocationError) Error() string {
	return fmt.Sprintf("platform location %s %s", e.Value, e.Problem)
}

// String returns the directory or the URL.
func (l Location) String() string {
	if l.URL != "" {
		return l.URL
	}
	return l.Dir
}

// ID names the location among those of this machine, as <base>-<8 hex>: the
// same for every spelling of a directory, and fit for a file name.
func (l Location) ID() string {
	key := l.URL
	if key == "" {
		key = l.Dir
		if resolved, err := filepath.EvalSymlinks(key); err == nil {
			key = resolved
		}
	}
	sum := sha256.Sum256([]byte(key))
	return base(key) + "-" + hex.EncodeToString(sum[:4])
}

// base makes a short word of the last element of a path or URL.
func base(key string) string {
	const longest = 40
	last := key[strings.LastIndexAny(strings.TrimRight(key, "/"), "/:")+1:]
	last = strings.TrimSuffix(strings.TrimRight(last, "/"), ".git")
	word := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return unicode.ToLower(r)
		}
		return '-'
	}, last)
	word = strings.Trim(word[:min(len(word), longest)], "-")
	if word == "" {
		return "platform"
	}
	return word
}

const (
	longestLocation = 4096
	longestPart     = 255
)

var (
	urlForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	// helperForm is git's <transport>::<address>, which can run a command.
	helperForm = regexp.MustCompile(`^[A-Za-z0-9+.-]+::`)
	// scpForm is user@host:path.
	scpForm  = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^:]*[^:/]/*$`)
	userForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)
	hostForm = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
)

// ParseLocation reads a value that names a platform: a directory, relative to
// workDir, or a git URL. It takes https://, ssh://, file:// and user@host:path
// alone: whatever else looks like a URL could run a command (ext::), send
// clear text (http, git) or be read as an option. Errors are [*LocationError].
// From is left empty.
func ParseLocation(value, workDir string) (Location, error) {
	refuse := func(problem string) (Location, error) {
		return Location{}, &LocationError{Value: show(withoutUserinfo(value)), Problem: problem}
	}
	switch {
	case strings.TrimSpace(value) == "":
		return refuse("must not be empty")
	case len(value) > longestLocation:
		return refuse(fmt.Sprintf("is longer than %d bytes", longestLocation))
	case slices.ContainsFunc(strings.Split(value, "/"), func(part string) bool { return len(part) > longestPart }):
		return refuse(fmt.Sprintf("has a part longer than %d bytes, which no file system takes", longestPart))
	case !utf8.ValidString(value):
		return refuse("is not valid UTF-8")
	case strings.ContainsFunc(value, isUnprintable):
		return refuse("has a character that cannot be seen")
	case strings.HasPrefix(value, "-"):
		return refuse(`must not begin with "-"`)
	case helperForm.MatchString(value):
		return refuse("names a git transport helper, which is not allowed")
	case urlForm.MatchString(value):
		if problem := urlProblem(value); problem != "" {
			return refuse(problem)
		}
		return Location{URL: normalURL(value)}, nil
	case scpForm.MatchString(value):
		if _, p, _ := strings.Cut(value, ":"); strings.HasPrefix(p, "-") {
			return refuse(`must not have a path that begins with "-"`)
		}
		return Location{URL: strings.TrimRight(value, "/")}, nil
	case colonFirst(value):
		return refuse("is neither a directory nor a URL that is allowed (https, ssh, file, user@host:path)")
	case strings.Contains(value, `\`):
		return refuse(`must not have "\"`)
	case strings.HasPrefix(value, "~"):
		return refuse(`begins with "~", which only a shell replaces`)
	}
	if !filepath.IsAbs(value) {
		value = filepath.Join(workDir, value)
	}
	return Location{Dir: filepath.Clean(value)}, nil
}

// isUnprintable is for what changes how a line looks or ends.
func isUnprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029'
}

// colonFirst reports a ":" before any "/", as in host:path and C:\path.
func colonFirst(value string) bool {
	colon, slash := strings.IndexByte(value, ':'), strings.IndexByte(value, '/')
	return colon >= 0 && (slash < 0 || colon < slash)
}

func urlProblem(value string) string {
	u, err := url.Parse(value)
	if err != nil {
		return "is not a well-formed URL"
	}
	if _, ok := u.User.Password(); ok {
		return "must not carry a password"
	}
	scheme := strings.ToLower(u.Scheme)
	switch {
	case scheme != "https" && scheme != "ssh" && scheme != "file":
		return fmt.Sprintf("has the scheme %s, which is not allowed: https, ssh and file are", show(u.Scheme))
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(value, "#"):
		return "must not have a query or a fragment"
	case strings.ContainsFunc(u.Path, isUnprintable) || !utf8.ValidString(u.Path):
		return "has a character that cannot be seen"
	case strings.Trim(u.Path, "/") == "":
		return "names no repository"
	case strings.HasPrefix(strings.TrimLeft(u.Path, "/"), "-"):
		return `must not have a path that begins with "-"`
	}
	return authorityProblem(scheme, u)
}

func authorityProblem(scheme string, u *url.URL) string {
	switch {
	case scheme == "file":
		if u.Host != "" || u.User != nil {
			return "must be file:/// and an absolute path"
		}
	case !hostForm.MatchString(u.Host):
		return "has no well-formed host"
	case scheme == "https" && u.User != nil:
		// A token often stands here as the user name.
		return "must not carry a user name"
	case u.User != nil && !userForm.MatchString(u.User.Username()):
		return "has no well-formed user name"
	}
	return ""
}

// normalURL spells scheme and host in lower case and drops a last slash.
func normalURL(value string) string {
	u, err := url.Parse(value)
	if err != nil {
		return value
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	return strings.TrimRight(u.String(), "/")
}

// withoutUserinfo cuts what may be a password or a token out of anything that
// looks like a URL, well-formed or not: all before the last "@".
func withoutUserinfo(value string) string {
	at := strings.LastIndexByte(value, '@')
	if at < 0 {
		return value
	}
	scheme := urlForm.FindString(value)
	if scheme == "" && !strings.Contains(value[:at], ":") {
		return value
	}
	return scheme + "***" + value[at:]
}
