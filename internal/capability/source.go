package capability

import (
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
	source := m.Source
	switch {
	case source == "":
		c.fault(field+".source", "is required")
	case strings.ContainsFunc(source, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) || source[0] == '-':
		c.fault(field+".source", "is no source of a module: %q", source)
	case source[0] == '.' || source[0] == '/' || source[0] == '~':
		return c.localSource(field, m)
	case strings.HasPrefix(source, "git::"):
		c.gitSource(field, strings.TrimPrefix(source, "git::"))
	case strings.HasPrefix(source, "https://"):
		if u, err := url.Parse(source); err != nil || u.User != nil {
			c.fault(field+".source", "is no address, or one with credentials: leave them to the machine that fetches it")
		}
		if m.Digest == "" {
			c.fault(field+".digest", "is required for a module fetched as an archive")
		}
	case registrySource(source):
		if _, err := semver.StrictNewVersion(m.Version); err != nil {
			c.fault(field+".version", "a module from a registry needs an exact version as in 6.10.0, not %q", m.Version)
		}
	default:
		c.fault(field+".source", "must be a path as in ./modules/x, git::<address>?ref=<tag or commit>, https://<archive>, or a module of a registry as in terraform-aws-modules/rds/aws; not %q", source)
	}
	if m.Version != "" && !registrySource(source) {
		c.fault(field+".version", "is for a module from a registry")
	}
	return nil
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
	if !hasTerraform(files) {
		c.fault(field+".source", "there are no Terraform files in %q", m.Source)
		return nil
	}
	return files
}

func hasTerraform(files fs.FS) bool {
	for _, pattern := range []string{"*.tf", "*.tf.json"} {
		if found, err := fs.Glob(files, pattern); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}

// gitSource checks an address as in https://host/repo.git//path?ref=v1.2.0.
func (c *typeChecker) gitSource(field, address string) {
	u, err := url.Parse(address)
	if err != nil || !slices.Contains([]string{"https", "ssh", "file"}, u.Scheme) || strings.HasPrefix(u.Host, "-") {
		c.fault(field+".source", "a git repository is named by an https, ssh or file address, not %q", address)
		return
	}
	if _, has := u.User.Password(); has {
		c.fault(field+".source", "holds a password: leave credentials to the machine that fetches it")
	}
	if slices.Contains(strings.Split(u.Path, "/"), "..") {
		c.fault(field+".source", "must not lead out of the repository: %q", address)
	}
	if ref := u.Query().Get("ref"); !refName(ref) {
		c.fault(field+".source", "needs ?ref= with a tag or a commit, so that it stays what was checked; not %q", ref)
	}
}

func refName(s string) bool {
	if s == "" || len(s) > 200 || s[0] == '-' || s[0] == '/' || s == "HEAD" || strings.Contains(s, "..") {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == ""
}

// registrySource reports whether s is [host/]namespace/name/provider[//path].
func registrySource(s string) bool {
	s, _, _ = strings.Cut(s, "//")
	parts := strings.Split(s, "/")
	if len(parts) == 4 {
		if !strings.Contains(parts[0], ".") {
			return false
		}
		parts = parts[1:]
	}
	return len(parts) == 3 && !slices.ContainsFunc(parts, func(p string) bool { return !terraformName(p) })
}
