package capability

import (
	"regexp"
	"strings"
)

// SourceError says why a module cannot be had from where somebody named it.
type SourceError struct {
	Source, Problem string
}

func (e *SourceError) Error() string { return "module " + show(e.Source) + ": " + e.Problem }

// RemoteSource turns what people type for a module that is fetched into what a
// definition says: https://host/repo.git and github.com/org/repo become git
// addresses. Errors are *SourceError.
func RemoteSource(typed, version string) (string, error) {
	source := typed
	scp := regexp.MustCompile(`^([A-Za-z0-9_.]+)@([A-Za-z0-9.-]+):([^/].*)$`)
	switch {
	case strings.HasPrefix(source, "git::"):
	case scp.MatchString(source):
		source = "git::" + scp.ReplaceAllString(source, "ssh://$1@$2/$3")
	case strings.HasPrefix(source, "ssh://"):
		source = "git::" + source
	case onForge(strings.TrimPrefix(source, "https://")):
		if strings.Contains(source, "/tree/") || strings.Contains(source, "/blob/") {
			return "", &SourceError{typed, "is the page of a browser: write git::https://HOST/ORG/REPOSITORY.git//DIRECTORY?ref=TAG"}
		}
		source = "git::https://" + strings.TrimPrefix(source, "https://")
	case strings.HasPrefix(source, "https://") && isRepository(source):
		source = "git::" + source
	}
	// An archive has no version: its digest is taken when it is fetched.
	digest := "sha256:" + strings.Repeat("0", 64)
	for _, p := range remoteProblems(ModuleSpec{Source: source, Version: version, Digest: digest}) {
		return "", &SourceError{typed, p.Problem}
	}
	return source, nil
}

// onForge reports whether an address without scheme is on one of the hosts that
// people leave the scheme out for.
func onForge(address string) bool {
	for _, host := range []string{"github.com/", "gitlab.com/", "bitbucket.org/", "codeberg.org/"} {
		if strings.HasPrefix(address, host) {
			return true
		}
	}
	return false
}

// isRepository reports whether a URL names a git repository by its suffix.
func isRepository(source string) bool {
	path, _, _ := strings.Cut(source, "?")
	path = strings.TrimPrefix(path, "https://")
	repository, _, _ := strings.Cut(path, "//")
	return strings.HasSuffix(repository, ".git")
}
