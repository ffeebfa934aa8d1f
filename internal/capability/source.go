package capability

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// source checks where a module comes from and returns its files when it lies
// in the capability. Any other source must say which version of it is meant.
func (c *typeChecker) source(field string, m ModuleSpec) fs.FS {
	if m.Source != "" && strings.ContainsRune("./~", rune(m.Source[0])) {
		return c.localSource(field, m)
	}
	for _, p := range remoteProblems(m) {
		p.Field = field + "." + p.Field
		c.add(p)
	}
	return nil
}

// remoteProblems says what is wrong with the source and the version of a module
// that is fetched; fields are those of the module.
func remoteProblems(m ModuleSpec) []Problem {
	var problems []Problem
	fault := func(field, format string, args ...any) {
		problems = append(problems, Problem{Field: field, Problem: fmt.Sprintf(format, args...)})
	}
	source := m.Source
	_, rest, _ := strings.Cut(source, "://")
	switch {
	case source == "":
		fault("source", "is required")
	case strings.ContainsFunc(source, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) || source[0] == '-':
		fault("source", "is no source of a module: %q", source)
	case strings.Contains(source, "${"), strings.Contains(source, "%{"), strings.Contains(source, "#"),
		strings.Contains(rest, "://"), strings.Contains(rest, "::"):
		fault("source", "is no plain address: %q", source)
	case strings.HasPrefix(source, "git::"):
		if problem := gitProblem(strings.TrimPrefix(source, "git::")); problem != "" {
			fault("source", "%s", problem)
		}
	case strings.HasPrefix(source, "https://"):
		if problem := archiveProblem(source); problem != "" {
			fault("source", "%s", problem)
		}
		if m.Digest == "" {
			fault("digest", "is required for a module fetched as an archive")
		}
	case registrySource(source):
		if _, err := semver.StrictNewVersion(m.Version); err != nil {
			fault("version", "a module from a registry needs an exact version as in 6.10.0, not %q", m.Version)
		}
	default:
		fault("source", "must be a path as in ./modules/x, git::<address>?ref=<tag or commit>, https://<archive>, or a module of a registry as in terraform-aws-modules/rds/aws; not %q", source)
	}
	if m.Version != "" && !registrySource(source) {
		fault("version", "is for a module from a registry")
	}
	return problems
}

func (c *typeChecker) localSource(field string, m ModuleSpec) fs.FS {
	rest, ok := strings.CutPrefix(m.Source, "./")
	if !ok || slices.Contains(strings.Split(rest, "/"), "..") || !fs.ValidPath(path.Clean(rest)) {
		c.fault(field+".source", "a local module lies in the capability, as in ./modules/x; not %q", m.Source)
		return nil
	}
	if m.Version != "" {
		c.fault(field+".version", "is for a module from a registry")
	}
	files, err := fs.Sub(c.def.files, path.Clean(rest))
	if err != nil {
		c.fault(field+".source", "%v", err)
		return nil
	}
	if !HasTerraform(files) {
		c.fault(field+".source", "there are no Terraform files in %q", m.Source)
		return nil
	}
	return files
}

// HasTerraform reports whether there are files of Terraform or OpenTofu in a
// directory itself.
func HasTerraform(files fs.FS) bool {
	entries, err := fs.ReadDir(files, ".")
	return err == nil && slices.ContainsFunc(entries, func(entry fs.DirEntry) bool {
		name := strings.TrimSuffix(entry.Name(), ".json")
		return !entry.IsDir() && !strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".tf") || strings.HasSuffix(name, ".tofu"))
	})
}

// gitProblem checks an address as in https://host/repo.git//path?ref=v1.2.0.
func gitProblem(address string) string {
	u, err := url.Parse(address)
	scheme, _, _ := strings.Cut(address, "://") // as it is written: the engine takes no HTTPS, and no https: without //
	if err != nil || !slices.Contains([]string{"https", "ssh", "file"}, scheme) || strings.HasPrefix(u.Host, "-") {
		return fmt.Sprintf("a git repository is named by an https, ssh or file address, not %q", address)
	}
	if _, has := u.User.Password(); has {
		return "holds a password: leave credentials to the machine that fetches it"
	}
	if strings.HasPrefix(u.User.Username(), "-") {
		return fmt.Sprintf("holds an option: %q", address)
	}
	if slices.Contains(strings.Split(u.Path, "/"), "..") {
		return fmt.Sprintf("must not lead out of the repository: %q", address)
	}
	query, ok := parameters(u, "ref", "depth")
	if !ok || strings.Trim(query.Get("depth"), "0123456789") != "" {
		return "takes ?ref= once, and no other parameter than depth"
	}
	if ref := query.Get("ref"); !refName(ref) {
		return fmt.Sprintf("needs ?ref= with a tag or a commit, so that it stays what was checked; not %q", ref)
	}
	return ""
}

// archiveProblem checks an address as in https://host/x.zip?checksum=sha256:1234.
func archiveProblem(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || strings.HasPrefix(u.Host, "-") {
		return "is no address, or one with credentials: leave them to the machine that fetches it"
	}
	if slices.Contains(strings.Split(u.Path, "/"), "..") {
		return fmt.Sprintf("must not lead out of the archive: %q", address)
	}
	if _, ok := parameters(u, "archive", "checksum"); !ok {
		return "takes no other parameter than archive and checksum, each once: a key would be in the record"
	}
	return ""
}

// parameters are those of an address, if they are of these names, there once, and
// plain.
func parameters(u *url.URL, known ...string) (url.Values, bool) {
	query, err := url.ParseQuery(u.RawQuery)
	for name, values := range query {
		option := name != "ref" && (strings.HasPrefix(values[0], "-") || strings.Contains(values[0], "=")) // a ref has rules of its own
		if !slices.Contains(known, name) || len(values) > 1 || option || strings.ContainsAny(values[0], "?&") {
			return nil, false
		}
	}
	return query, err == nil
}

func refName(s string) bool {
	if s == "" || len(s) > 200 || s[0] == '-' || s[0] == '/' || s == "HEAD" || strings.Contains(s, "..") {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == ""
}

// registrySource reports whether s is [host/]namespace/name/provider[//path].
func registrySource(s string) bool {
	s, dir, _ := strings.Cut(s, "//")
	if strings.ContainsAny(dir, "?:") || slices.Contains(strings.Split(dir, "/"), "..") {
		return false
	}
	parts := strings.Split(s, "/")
	if len(parts) == 4 {
		host, _, _ := strings.Cut(parts[0], ":")
		if !strings.Contains(host, ".") || !hostName(host) || strings.Trim(strings.TrimPrefix(parts[0], host), ":0123456789") != "" || strings.Contains(parts[0], "::") {
			return false
		}
		parts = parts[1:]
	}
	return len(parts) == 3 && !slices.ContainsFunc(parts, func(p string) bool { return !terraformName(p) })
}

func hostName(s string) bool {
	return strings.Trim(s, ".-") == s && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789.-") == ""
}
