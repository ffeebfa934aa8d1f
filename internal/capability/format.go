package capability

import (
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// formats are the formats of text that a schema may ask for.
func formats() map[string]func(string) bool {
	return map[string]func(string) bool{
		"date": isDate, "date-time": isDateTime, "time": isTime, "duration": isDuration,
		"email": isEmail, "hostname": isHostname, "ipv4": isIPv4, "ipv6": isIPv6,
		"regex": isRegex, "uri": isURI, "uuid": isUUID,
	}
}

func isDate(s string) bool {
	_, err := time.Parse(time.DateOnly, s)
	return err == nil
}

func isDateTime(s string) bool {
	day, clock, ok := strings.Cut(strings.ToUpper(s), "T")
	return ok && isDate(day) && isTime(clock)
}

// isTime takes a time of day with its zone, as RFC 3339 has it, but no leap
// second.
func isTime(s string) bool {
	s = strings.ToUpper(s)
	shape := regexp.MustCompile(`^\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	_, err := time.Parse("15:04:05Z07:00", s)
	return err == nil && shape.MatchString(s)
}

func isDuration(s string) bool {
	weeks := regexp.MustCompile(`^P\d+W$`)
	shape := regexp.MustCompile(`^P(\d+Y)?(\d+M)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$`)
	return weeks.MatchString(s) || shape.MatchString(s) && s != "P" && !strings.HasSuffix(s, "T")
}

func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	atom := regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$")
	return ok && len(local) <= 64 && atom.MatchString(local) && isHostname(domain)
}

func isHostname(s string) bool {
	label := regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	for part := range strings.SplitSeq(s, ".") {
		if !label.MatchString(part) {
			return false
		}
	}
	return len(s) <= 253
}

func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

func isRegex(s string) bool {
	_, err := regexp.Compile(s)
	return err == nil
}

func isURI(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && !strings.ContainsAny(s, " \\\"<>^`{|}")
}

func isUUID(s string) bool {
	return regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`).MatchString(s)
}
