package platform

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// LocateOptions is what tells which platform is meant.
type LocateOptions struct {
	// Flag is the value of --platform.
	Flag string
	// Getenv gives $PLATFORMCTL_PLATFORM.
	Getenv func(string) string
	// WorkDir is absolute; the search upward begins there.
	WorkDir string
	// Home holds the default platform.
	Home Home
	// Settings are the user's, read once by the caller from Home.
	Settings Settings
}

// UntrustedError says that the platform.yaml found above the working directory
// could have been put there by somebody else.
type UntrustedError struct {
	Path, Problem string
}

func (e *UntrustedError) Error() string {
	return fmt.Sprintf("%q is not trusted: it %s", e.Path, e.Problem)
}

// Locate tells which platform is meant: the flag, else the environment
// variable PLATFORMCTL_PLATFORM, else the nearest platform.yaml upward from
// the working directory, else the user settings, else the default one below
// the data directory of Home. found is false when it is the default one and
// there is none yet; loc then says where it would be. A location that somebody
// named is found whether or not there is a platform.
//
// Errors are [*LocationError] for a value that names no location, and
// [*UntrustedError].
func Locate(o LocateOptions) (loc Location, found bool, err error) {
	if o.Flag != "" {
		return named(o.Flag, o.WorkDir, FromFlag)
	}
	if value := o.Getenv("PLATFORMCTL_PLATFORM"); value != "" {
		return named(value, o.WorkDir, FromEnvironment)
	}
	dir, err := upward(o.WorkDir)
	if err != nil {
		return Location{}, false, err
	}
	if dir != "" {
		return Location{Dir: dir, From: FromDirectory}, true, nil
	}
	if o.Settings.Platform != "" {
		return named(o.Settings.Platform, o.Home.Config, FromSettings)
	}
	loc = Location{Dir: filepath.Join(o.Home.Data, "platform"), From: FromDefault}
	return loc, isPlatform(filepath.Join(loc.Dir, ConfigFile)), nil
}

func named(value, workDir, from string) (Location, bool, error) {
	loc, err := ParseLocation(value, workDir)
	if err != nil {
		return Location{}, false, err
	}
	loc.From = from
	return loc, true, nil
}

// upward returns the nearest directory at or above dir that holds a
// platform.yaml of ours, or "".
func upward(dir string) (string, error) {
	for {
		file := filepath.Join(dir, ConfigFile)
		if isPlatform(file) || wasPlatform(dir) {
			return dir, trusted(dir, file)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", nil
		}
		dir = parent
	}
}

// trusted refuses a platform.yaml that another user could have written, as git
// does with repositories: whoever plants one in a shared directory would
// otherwise choose what a command below it does.
func trusted(dir, file string) error {
	for _, path := range []string{dir, file} {
		info, err := os.Stat(path)
		if path == file && errors.Is(err, fs.ErrNotExist) {
			continue // deleted, and still in the commit
		}
		if err != nil {
			return &UntrustedError{Path: file, Problem: "cannot be read: " + cause(err).Error()}
		}
		if problem := planted(info, os.Geteuid()); problem != "" {
			return &UntrustedError{Path: path, Problem: problem}
		}
	}
	return nil
}

// planted says how someone other than user uid or root could be behind a file
// or directory.
func planted(info fs.FileInfo, uid int) string {
	owner := ownerOf(info)
	switch {
	case owner != uid && owner != 0:
		return fmt.Sprintf("belongs to another user (uid %d)", owner)
	case info.Mode()&fs.ModeSticky == 0 && info.Mode().Perm()&0o002 != 0:
		return "can be written by everybody"
	}
	return ""
}

// The line stands at the left margin in any platform.yaml of ours, also in one
// that is broken elsewhere, and in none of another tool.
var ourVersion = regexp.MustCompile(`(?m)^apiVersion:[ \t]*["']?platformctl\.io/`)

// wasPlatform reports whether platformctl has written into the repository of
// dir: a platform whose file was emptied, deleted or mistyped is still the one
// that is meant, and its commit still says what it is.
func wasPlatform(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, ".git", "platformctl"))
	return err == nil && info.IsDir()
}

// isPlatform reports whether path is a regular file that means to be our
// platform.yaml. Other tools use that name too.
func isPlatform(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := durable.Open(path)
	if err != nil {
		// Not to be read by us, yet there: whoever opens it says why.
		return errors.Is(err, fs.ErrPermission)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, strictyaml.MaxSize))
	return err == nil && ourVersion.Match(data)
}
