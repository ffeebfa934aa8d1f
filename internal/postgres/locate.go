package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MinMajor is the oldest major version of PostgreSQL that will do.
const MinMajor = 13

// BinVariable names the environment variable that holds the directory of the
// PostgreSQL binaries to use. When it is set, no other place is searched.
const BinVariable = "PLATFORMCTL_POSTGRES_BIN"

// Binaries is a PostgreSQL installation: a directory with postgres and initdb.
type Binaries struct {
	Dir     string `json:"dir"`     // absolute, symbolic links resolved
	Version string `json:"version"` // such as 15.13
	Major   int    `json:"major"`
}

// LocateOptions says where to search.
type LocateOptions struct {
	Getenv    func(string) string // nil is an empty environment
	ExtraDirs []string            // searched last
	Patterns  []string            // globs of directories; nil is where packages put them
	Major     int                 // the only major version wanted; 0 is any
}

// usualDirs returns where packages put the binaries: Debian, RHEL, other
// Linuxes, Homebrew, Postgres.app.
func usualDirs() []string {
	return []string{
		"/usr/lib/postgresql/*/bin",
		"/usr/pgsql-*/bin",
		"/usr/libexec/postgresql*",
		"/opt/homebrew/opt/postgresql@*/bin",
		"/usr/local/opt/postgresql*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	}
}

// Locate returns the first usable installation: of $PLATFORMCTL_POSTGRES_BIN,
// else of PATH, of the usual directories (newest first), of ExtraDirs. It runs
// `postgres --version`. The error is a *NotFoundError or [ErrUnsupported].
func Locate(ctx context.Context, o LocateOptions) (Binaries, error) {
	if !supported {
		return Binaries{}, ErrUnsupported
	}
	notFound := &NotFoundError{}
	for _, place := range o.places() {
		notFound.Searched = append(notFound.Searched, place.name)
		for _, dir := range place.dirs() {
			b, err := inspect(ctx, dir)
			switch {
			case err == nil && (o.Major == 0 || o.Major == b.Major):
				return b, nil
			case ctx.Err() != nil:
				return Binaries{}, ctx.Err()
			case err != nil && !errors.Is(err, fs.ErrNotExist):
				notFound.Broken = append(notFound.Broken, Broken{Path: filepath.Join(dir, "postgres"), Err: err})
			}
		}
	}
	return Binaries{}, notFound
}

func (o LocateOptions) getenv(name string) string {
	if o.Getenv == nil {
		return ""
	}
	return o.Getenv(name)
}

// place is one step of the search: its name and the directories behind it.
type place struct {
	name string
	dirs func() []string
}

func (o LocateOptions) places() []place {
	var places []place
	if dir := o.getenv(BinVariable); dir != "" {
		places = append(places, place{dir, func() []string { return []string{resolve(dir)} }})
		if o.Major == 0 { // data of another version than the chosen one may still need the others
			return places
		}
	}
	places = append(places, place{"PATH", func() []string { return behindLinks(o.getenv("PATH")) }})
	patterns := o.Patterns
	if patterns == nil {
		patterns = usualDirs()
	}
	for _, pattern := range patterns {
		places = append(places, place{pattern, func() []string { return newestFirst(pattern) }})
	}
	for _, dir := range o.ExtraDirs {
		places = append(places, place{dir, func() []string { return []string{resolve(dir)} }})
	}
	return places
}

// behindLinks returns the directories that the PostgreSQL binaries of a PATH
// really are in: often there are links to some of them only.
func behindLinks(path string) []string {
	var dirs []string
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue // would depend on where we happen to be
		}
		for _, name := range []string{"postgres", "initdb", "pg_ctl"} {
			target, err := filepath.EvalSymlinks(filepath.Join(dir, name))
			if err == nil && !slices.Contains(dirs, filepath.Dir(target)) {
				dirs = append(dirs, filepath.Dir(target))
			}
		}
	}
	return dirs
}

// newestFirst expands a pattern and sorts by the numbers in the paths.
func newestFirst(pattern string) []string {
	dirs, err := filepath.Glob(pattern)
	if err != nil {
		return nil // a bad pattern matches nothing
	}
	digits := regexp.MustCompile(`\d+`)
	numbers := func(path string) []int {
		var ns []int
		for _, s := range digits.FindAllString(path, -1) {
			n, _ := strconv.Atoi(s) // too big: 0, so last
			ns = append(ns, n)
		}
		return ns
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) })
	for i, dir := range dirs {
		dirs[i] = resolve(dir)
	}
	return slices.Compact(dirs)
}

// resolve makes a path absolute and free of links, or leaves it when it cannot.
func resolve(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return path
}

// inspect looks at a directory of binaries. The error wraps fs.ErrNotExist when
// there is no PostgreSQL in it.
func inspect(ctx context.Context, dir string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "postgres")); err != nil {
		return Binaries{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, errors.New("there is no initdb beside it")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version")
	cmd.Env = environment("")
	out, err := cmd.Output()
	if err != nil {
		return Binaries{}, notExecutable(err)
	}
	b, err := parseVersion(string(out))
	if err != nil {
		return Binaries{}, err
	}
	b.Dir = dir
	if b.Major < MinMajor {
		return Binaries{}, &TooOldError{Path: filepath.Join(dir, "postgres"), Version: b.Version, Min: MinMajor}
	}
	return b, nil
}

// environment is all that PostgreSQL's programs get: LC_ALL=C, because their
// messages are read, and a PATH for the shell that initdb uses.
func environment(path string) []string {
	if path == "" {
		path = "/usr/local/bin:/usr/bin:/bin"
	}
	return []string{"PATH=" + path, "LC_ALL=C"}
}

// notExecutable drops the path from an error, for the caller names it, and adds
// what the program wrote.
func notExecutable(err error) error {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("it cannot be run: %w", pathErr.Err)
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("it cannot be run: %w: %s", err, tail(string(exit.Stderr), 300))
	}
	return fmt.Errorf("it cannot be run: %w", err)
}

// parseVersion reads the output of `postgres --version`, such as
// "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)".
func parseVersion(out string) (Binaries, error) {
	m := regexp.MustCompile(`\(PostgreSQL\) ((\d{1,4})[.0-9a-z]*)`).FindStringSubmatch(out)
	if m == nil {
		return Binaries{}, fmt.Errorf("its version is not understood: %q", tail(strings.ToValidUTF8(out, "?"), 100))
	}
	major, err := strconv.Atoi(m[2])
	if err != nil {
		return Binaries{}, err
	}
	return Binaries{Version: m[1], Major: major}, nil
}
