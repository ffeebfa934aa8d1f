package backstage

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one rule that an entity breaks. Field is a dotted path such as
// metadata.name or spec.dependsOn[0].
type Problem struct {
	Field   string `json:"field"`
	Problem string `json:"problem"`
}

// ValidationError lists all that is wrong with an entity.
type ValidationError struct {
	// Ref is the entity, in canonical form as far as it can be told.
	Ref      string
	Problems []Problem
}

func (e *ValidationError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = fmt.Sprintf("field %q: %s", p.Field, p.Problem)
	}
	return fmt.Sprintf("entity %q: %s", cut(e.Ref), strings.Join(lines, "; "))
}

// Validate holds the entity against the rules of a Backstage catalog and
// returns a [*ValidationError] with everything it breaks, nil when it keeps
// them. References are checked for form, not for whether their target exists.
func (e Entity) Validate() error {
	var p problems
	p.envelope(e)
	p.metadata(e.Metadata)
	p.spec(e)
	p.caseTwins(e)
	if len(p) == 0 {
		return nil
	}
	return &ValidationError{Ref: e.Ref().String(), Problems: p}
}

// problems collects what is wrong; its methods are the groups of rules.
type problems []Problem

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, Problem{field, fmt.Sprintf(format, args...)})
}

// The forms of catalog-model's validators. Lengths are in characters, and all
// characters are ASCII.
const longest = 63

var (
	objectName = regexp.MustCompile(`^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$`)
	dnsLabel   = regexp.MustCompile(`^[a-z0-9]+(-+[a-z0-9]+)*$`)
	tagForm    = regexp.MustCompile(`^[a-z0-9:+#]+(-[a-z0-9:+#]+)*$`)
)

func isObjectName(s string) bool { return len(s) <= longest && objectName.MatchString(s) }
func isDNSLabel(s string) bool   { return len(s) <= longest && dnsLabel.MatchString(s) }

func isDNSSubdomain(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if !isDNSLabel(part) {
			return false
		}
	}
	return true
}

// isKey is for the keys of labels and annotations: [<subdomain>/]<name>.
func isKey(s string) bool {
	prefix, name, found := strings.Cut(s, "/")
	if !found {
		return isObjectName(s)
	}
	return isDNSSubdomain(prefix) && isObjectName(name)
}

const nameRule = `must be 1 to 63 of a-z, A-Z, 0-9, "-", "_" and ".", with a letter or digit first and last`

// envelope checks apiVersion and kind. A catalog without extensions takes no
// others than these, and is particular about upper and lower case.
func (p *problems) envelope(e Entity) {
	kinds := []string{
		KindAPI, KindComponent, KindDomain, KindGroup, KindLocation,
		KindResource, KindSystem, KindTemplate, KindUser,
	}
	if !slices.Contains(kinds, e.Kind) {
		p.add("kind", "must be one of %s, not %q", strings.Join(kinds, ", "), cut(e.Kind))
	}
	versions := []string{APIVersion, APIVersionBeta}
	if e.Kind == KindTemplate {
		versions = []string{APIVersionTemplate}
	}
	if !slices.Contains(versions, e.APIVersion) {
		p.add("apiVersion", "must be %s, not %q", strings.Join(versions, " or "), cut(e.APIVersion))
	}
}

func (p *problems) metadata(m Metadata) {
	if !isObjectName(m.Name) {
		p.add("metadata.name", "%s, not %q", nameRule, cut(m.Name))
	}
	if m.Namespace != "" && !isDNSLabel(m.Namespace) {
		p.add("metadata.namespace", `must be 1 to 63 of a-z, 0-9 and "-", with a letter or digit first and last, not %q`, cut(m.Namespace))
	}
	for _, key := range slices.Sorted(maps.Keys(m.Labels)) {
		p.key("metadata.labels", key)
		if value := m.Labels[key]; value != "" && !isObjectName(value) {
			p.add("metadata.labels."+cut(key), "%s, or empty, not %q", nameRule, cut(value))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(m.Annotations)) {
		p.key("metadata.annotations", key)
	}
	for i, tag := range m.Tags {
		if len(tag) > longest || !tagForm.MatchString(tag) {
			p.add(fmt.Sprintf("metadata.tags[%d]", i), `must be 1 to 63 of a-z, 0-9, ":", "+" and "#", in words separated by one "-", not %q`, cut(tag))
		}
	}
	for i, link := range m.Links {
		p.link(fmt.Sprintf("metadata.links[%d]", i), link)
	}
}

func (p *problems) link(field string, link Link) {
	if !isURL(link.URL) {
		p.add(field+".url", "must be a URL with a scheme, not %q", cut(link.URL))
	}
	blank := func(s string) bool { return s != "" && strings.Trim(s, " \t\r\n\v\f\u00a0\u2028\u2029\ufeff") == "" }
	if blank(link.Title) {
		p.add(field+".title", "must not be blank")
	}
	if blank(link.Icon) {
		p.add(field+".icon", "must not be blank")
	}
}

func (p *problems) key(field, key string) {
	if !isKey(key) {
		p.add(field, "key %q must be [<prefix>/]<name>: the prefix a DNS name in lower case, the name 1 to 63 of a-z, A-Z, 0-9, \"-\", \"_\" and \".\"", cut(key))
	}
}

// isURL is at least as strict as the URL constructor of browsers.
func isURL(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" {
		return false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https", "ws", "wss", "ftp":
		return u.Host != ""
	}
	return true
}

// caseTwins finds keys that differ only in case. A catalog accepts such an
// entity and then never shows it: its search table is keyed by dotted paths
// without case, in which the items of a list share the path of the list.
func (p *problems) caseTwins(e Entity) {
	seen := map[string]string{}
	walk := func(prefix string, value any) { p.twins(seen, prefix, value) }
	walk("metadata.labels", e.Metadata.Labels)
	walk("metadata.annotations", e.Metadata.Annotations)
	walk("metadata", e.Metadata.Extra)
	walk("spec", e.Spec)
}

func (p *problems) twins(seen map[string]string, path string, value any) {
	switch v := value.(type) {
	case map[string]string:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			p.twins(seen, path+"."+key, v[key])
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			p.twins(seen, path+"."+key, v[key])
		}
	case []any:
		for _, item := range v {
			p.twins(seen, path, item)
		}
	default:
		lower := strings.ToLower(path)
		first, ok := seen[lower]
		if !ok {
			seen[lower] = path
		} else if first != path {
			p.add(cut(path), "differs only in case from %q", cut(first))
		}
	}
}

// cut shortens a value for a message.
func cut(s string) string {
	const most = 80
	if len(s) <= most {
		return s
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}
