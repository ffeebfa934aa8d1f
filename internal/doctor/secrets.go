package doctor

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/secret"
)

// secrets looks at the age identity, at the modes of all secrets, and whether
// each can be read. No value leaves this function.
func secrets(ctx context.Context, m *machine) []Check {
	if m.location.Dir == "" {
		return []Check{skipped("no platform to have any")}
	}
	dir := m.paths.Secrets()
	store, err := secret.Open(dir, m.settings.Identity)
	if err != nil {
		check := failure(err)
		if unsafe, is := errors.AsType[*secret.UnsafeError](err); is {
			check.Command = shell("chmod", "-R", "go=", unsafe.Path)
		} else {
			check.Mend = "correct or remove the line identity: in " + platform.SettingsFile(m.home)
		}
		return []Check{check}
	}
	refs, open, err := secretFiles(ctx, dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return []Check{skipped("there are none yet")}
	case err != nil:
		return []Check{failure(err)}
	case open > 0:
		return []Check{failed("%d files or directories of secrets in %q are open to other users", open, dir).
			mend("nobody else may read them; a secret that was read is to be changed", shell("chmod", "-R", "go=", dir))}
	}
	var found []Check
	for _, ref := range refs {
		if _, err := store.Get(ref); err != nil && ctx.Err() == nil {
			found = append(found, unreadable(err))
		}
	}
	if len(found) > 0 {
		return found
	}
	encrypted := ""
	if m.settings.Identity != "" {
		encrypted = ", new ones are encrypted to " + m.settings.Identity
	}
	return []Check{ok("%d, for this user alone%s", len(refs), encrypted)}
}

func unreadable(err error) Check {
	if _, damaged := errors.AsType[*secret.DamagedError](err); damaged {
		return failure(err).mend("put the file back from a copy, or remove it: the next request for its resource sets a new one", "")
	}
	return failure(err)
}

// secretFiles lists the references of the secrets below dir, and counts the files
// and directories that others may read.
func secretFiles(ctx context.Context, dir string) (refs []string, open int, err error) {
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it went while we looked
		}
		if info.Mode().Perm()&0o077 != 0 {
			open++
		}
		below, err := filepath.Rel(dir, path)
		if ref := strings.TrimSuffix(strings.TrimSuffix(below, ".age"), ".plain"); !entry.IsDir() && ref != below {
			refs = append(refs, filepath.ToSlash(ref))
		}
		return err
	})
	return refs, open, err
}
