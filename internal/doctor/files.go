package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/platformctl/platformctl/internal/platform"
)

// directories looks at those that platformctl writes to.
func directories(_ context.Context, m *machine) []Check {
	if m.homeErr != nil {
		return []Check{failure(m.homeErr)}
	}
	var found []Check
	for _, dir := range m.home.Dirs() {
		if check, broken := directory(dir); broken {
			found = append(found, check)
		}
	}
	if len(found) > 0 {
		return found
	}
	return []Check{ok("config %s, data %s, state %s, cache %s", m.home.Config, m.home.Data, m.home.State, m.home.Cache)}
}

// directory looks at one directory of home, or where it would be made.
func directory(dir string) (check Check, broken bool) {
	err := platform.CheckDir(dir)
	if problem, is := errors.AsType[*platform.HomeError](err); is && !errors.Is(err, fs.ErrNotExist) {
		check = failure(err)
		info, statErr := os.Lstat(problem.Path)
		switch {
		case statErr != nil:
		case info.Mode()&fs.ModeSymlink != 0:
			check.Mend = "it is a symbolic link: what it leads to must be a directory of this user alone"
		case info.IsDir() && owned(info) && problem.Path == dir:
			check.Command = shell("chmod", "700", dir)
		case info.IsDir() && owned(info):
			check.Command = shell("chmod", "go-w", problem.Path)
		}
		return check, true
	}
	if info, statErr := os.Stat(dir); statErr == nil && info.Mode().Perm()&0o077 != 0 {
		return warning("directory %q can be read by other users (mode %04o)", dir, info.Mode().Perm()).
			mend("keep it for this user alone", shell("chmod", "700", dir)), true
	}
	at := existing(dir)
	if err := writable(at); err != nil {
		return failed("directory %q cannot be written: %v", at, err).
			mend("give this user the right to write it, or name another one with PLATFORMCTL_HOME", shell("chmod", "u+rwx", at)), true
	}
	return Check{}, false
}

// existing is the nearest directory at or above dir that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// settings looks at the user's own file.
func settings(_ context.Context, m *machine) []Check {
	if m.homeErr != nil {
		return []Check{skipped("there is no home directory to find them in")}
	}
	file := platform.SettingsFile(m.home)
	if m.settingsErr != nil {
		return []Check{failure(m.settingsErr)}
	}
	if _, err := os.Stat(file); err != nil {
		return []Check{skipped("there is no %s, and none is needed", file)}
	}
	return []Check{ok("%s", file)}
}

// What is left on a disk: below little, a request may fail; below some, soon.
const (
	little = 100 << 20
	some   = 1 << 30
)

// disk looks at the room where state and data are kept.
func disk(_ context.Context, m *machine) []Check {
	if m.homeErr != nil {
		return []Check{skipped("there is no home directory")}
	}
	var found []Check
	seen := map[string]bool{}
	for _, dir := range []string{m.home.Data, m.home.State, m.location.Dir} {
		if dir == "" {
			continue
		}
		at := existing(dir)
		free, files, err := room(at)
		if check := roomLeft(at, free, files); err == nil && !seen[at] {
			found = append(found, check)
		}
		seen[at] = true
	}
	return found
}

// roomLeft judges what is left where dir is: free bytes, and new files.
func roomLeft(dir string, free, files uint64) Check {
	text := fmt.Sprintf("%d MiB free in %s", free>>20, dir)
	switch {
	case files == 0:
		return failed("no more files can be made in %s", dir).
			mend("remove files: a request that cannot write is left unfinished", shell("df", "-i", dir))
	case free < little:
		return failed("%s", text).mend("make room: a request that finds none is left unfinished", shell("df", "-h", dir))
	case free < some:
		return warning("%s", text).mend("make room soon", shell("df", "-h", dir))
	}
	return ok("%s", text)
}

// temporary looks at the directory for scratch files and sockets.
func temporary(_ context.Context, m *machine) []Check {
	dir := cmp.Or(m.Getenv("TMPDIR"), os.TempDir())
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("it is not a directory")
	}
	if err == nil {
		err = writable(dir)
	}
	if err != nil {
		return []Check{failed("directory %q for temporary files cannot be used: %v", dir, err).
			mend("name one that can be written with TMPDIR", "export TMPDIR=/tmp")}
	}
	return []Check{ok("%s", dir)}
}

// fewFiles is the least limit of open files that leaves Terraform room to work.
const fewFiles = 256

// openFiles asks a child: Go raises the limit of this process alone.
func openFiles(ctx context.Context, m *machine) []Check {
	text, err := m.ask(ctx, "/bin/sh", "-c", "ulimit -n")
	limit, notNumber := strconv.Atoi(text)
	switch {
	case err != nil:
		return []Check{skipped("the limit is not known: %v", err)}
	case notNumber != nil:
		return []Check{ok("%s", text)}
	case limit < fewFiles:
		return []Check{warning("a program may have only %d files open", limit).
			mend("allow more in this shell, or for good in the limits of this user", "ulimit -n 1024")}
	}
	return []Check{ok("up to %d", limit)}
}

// skew is how far the clocks of file system and machine may be apart.
const skew = 5 * time.Minute

// clock holds the clock against what was written last: a file from the future
// says that the clock was set back, or that the file system has another one.
func clock(_ context.Context, m *machine) []Check {
	now, newest, file := m.Now(), time.Time{}, ""
	dirs := []string{m.home.State, m.home.Data}
	if m.location.Dir != "" {
		dirs = append(dirs, filepath.Join(m.location.Dir, ".git"))
	}
	for _, dir := range dirs {
		for _, path := range []string{dir, filepath.Join(dir, "platforms"), filepath.Join(dir, "index"), filepath.Join(dir, "refs", "heads", "main")} {
			if info, err := os.Stat(path); err == nil && dir != "" && info.ModTime().After(newest) {
				newest, file = info.ModTime(), path
			}
		}
	}
	if ahead := newest.Sub(now); ahead > skew {
		return []Check{warning("the clock says %s, and %s is of %s: %s later", stamp(now), file, stamp(newest), ahead.Round(time.Second)).
			mend("set the clock; requests are ordered by it", "date")}
	}
	return []Check{ok("%s", stamp(now))}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
