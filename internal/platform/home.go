package platform

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/durable"
)

const dirName = "platformctl"

// Home is where platformctl keeps what belongs to the user and this machine.
// The paths are absolute; the directories need not exist.
type Home struct {
	Config, Data, State, Cache string
}

// HomeError says why a directory of [Home] cannot be used.
type HomeError struct {
	Path, Problem string
	// Err is the error of the operating system behind it, if there is one:
	// fs.ErrPermission, syscall.EROFS, ...
	Err error
}

func (e *HomeError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("directory %q %s: %v", e.Path, e.Problem, e.Err)
	}
	return fmt.Sprintf("directory %q %s", e.Path, e.Problem)
}

// Unwrap returns the error of the operating system.
func (e *HomeError) Unwrap() error { return e.Err }

// HomeFrom returns the directories below $PLATFORMCTL_HOME, else those of the
// XDG base directory specification, whose relative values do not count. A
// relative $PLATFORMCTL_HOME, or no home at all, is a [*HomeError].
func HomeFrom(getenv func(string) string) (Home, error) {
	if root := getenv("PLATFORMCTL_HOME"); root != "" {
		if !filepath.IsAbs(root) {
			return Home{}, &HomeError{Path: root, Problem: "is named by PLATFORMCTL_HOME but is not absolute"}
		}
		return Home{
			Config: filepath.Join(root, "config"),
			Data:   filepath.Join(root, "data"),
			State:  filepath.Join(root, "state"),
			Cache:  filepath.Join(root, "cache"),
		}, nil
	}
	user := getenv(homeVariable)
	var missing bool
	dir := func(variable, fallback string) string {
		base := getenv(variable)
		if !filepath.IsAbs(base) {
			missing = missing || !filepath.IsAbs(user)
			base = filepath.Join(user, fallback)
		}
		return filepath.Join(base, dirName)
	}
	h := Home{
		Config: dir("XDG_CONFIG_HOME", ".config"),
		Data:   dir("XDG_DATA_HOME", ".local/share"),
		State:  dir("XDG_STATE_HOME", ".local/state"),
		Cache:  dir("XDG_CACHE_HOME", ".cache"),
	}
	if missing {
		return Home{}, &HomeError{Path: user, Problem: "is named by " + homeVariable + " but is not absolute"}
	}
	return h, nil
}

// MakeHome makes the directories of h that are missing, for this user alone
// (0700), and refuses those that another user could change. Errors are
// [*HomeError].
func MakeHome(h Home) error {
	if err := CheckHome(h); err != nil {
		return err
	}
	for _, dir := range h.Dirs() {
		if err := durable.MkdirAll(dir, 0o700); err != nil {
			return &HomeError{Path: dir, Problem: "cannot be made", Err: cause(err)}
		}
		if err := CheckDir(dir); err != nil {
			return err
		}
		if err := writable(dir); err != nil {
			return &HomeError{Path: dir, Problem: "cannot be written", Err: err}
		}
	}
	return nil
}

// CheckHome refuses what [MakeHome] would of the directories of h that are
// there, and changes nothing: what they hold, such as the user's settings, is
// to be trusted. Errors are [*HomeError].
func CheckHome(h Home) error {
	for _, dir := range h.Dirs() {
		if err := CheckDir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Dirs lists the directories.
func (h Home) Dirs() []string { return []string{h.Config, h.Data, h.State, h.Cache} }

// CheckDir refuses a directory of a [Home] that another user could change or
// replace. The error is a [*HomeError], which is fs.ErrNotExist when the
// directory or the one above it is not there.
func CheckDir(dir string) error {
	// Who owns the directory above can put another one in its place.
	for _, path := range []string{filepath.Dir(dir), dir} {
		info, err := os.Stat(path)
		if err != nil {
			return &HomeError{Path: path, Problem: "cannot be read", Err: cause(err)}
		}
		if problem := unsafe(info, os.Geteuid(), path == dir); problem != "" {
			return &HomeError{Path: path, Problem: problem}
		}
	}
	return nil
}

// unsafe says how someone other than user uid could change the directory, ""
// when nobody can. A private directory must belong to the user; others may
// also belong to root, or be open to all when sticky, as /tmp is.
func unsafe(info fs.FileInfo, uid int, private bool) string {
	owner := ownerOf(info)
	mode := info.Mode()
	switch {
	case !info.IsDir():
		return "is not a directory"
	case owner != uid && (private || owner != 0):
		return fmt.Sprintf("belongs to another user (uid %d)", owner)
	case mode&fs.ModeSticky != 0 && !private:
		return ""
	case othersMayWrite(mode):
		return fmt.Sprintf("can be written by other users (mode %04o)", mode.Perm())
	}
	return ""
}

// cause strips the path that a HomeError names already.
func cause(err error) error {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		return pathError.Err
	}
	return err
}
