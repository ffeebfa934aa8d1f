package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
)

// located is a capability that a command was given by name or by directory.
type located struct {
	name  string
	files fs.FS // that hold it in the directory dir
	dir   string
	where string // for people; empty for a built-in one
}

func (l located) load() (*capability.Definition, error) { return capability.Load(l.files, l.dir) }

// locateCapabilities finds what lint and test are about: each argument is a
// directory or a name. Without any it is the one in the working directory, else
// all of the platform. Files on disk count, committed or not: these commands are
// for the time before.
func (app *App) locateCapabilities(ctx context.Context, given []string) ([]located, error) {
	if len(given) == 0 {
		if at, ok := capabilityAt(app.Dir); ok {
			return []located{at}, nil
		}
	}
	var all []located
	var own map[string]located
	for _, arg := range given {
		dir := arg
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(app.Dir, dir)
		}
		if filepath.Base(dir) == capability.FileName {
			dir = filepath.Dir(dir)
		}
		if at, ok := capabilityAt(dir); ok {
			all = append(all, at)
			continue
		}
		if strings.ContainsAny(arg, `/\`) || strings.HasPrefix(arg, ".") {
			return nil, usagef("%s holds no %s", quote(arg), capability.FileName)
		}
		if own == nil {
			var err error
			if own, err = app.ownCapabilities(ctx); err != nil {
				return nil, err
			}
		}
		at, err := app.named(own, arg)
		if err != nil {
			return nil, err
		}
		all = append(all, at)
	}
	if len(given) > 0 {
		return all, nil
	}
	own, err := app.ownCapabilities(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedNames(own) {
		all = append(all, own[name])
	}
	if len(all) == 0 {
		return nil, usagef("the platform has no capability of its own: name one, or a directory with a %s", capability.FileName)
	}
	return all, nil
}

// capabilityAt is the capability in a directory of this machine.
func capabilityAt(dir string) (located, bool) {
	info, err := os.Stat(filepath.Join(dir, capability.FileName))
	if err != nil || info.IsDir() {
		return located{}, false
	}
	name := filepath.Base(dir)
	return located{name: name, files: os.DirFS(filepath.Dir(dir)), dir: name, where: dir}, true
}

// named is a capability of the platform, or a built-in one.
func (app *App) named(own map[string]located, name string) (located, error) {
	if at, ok := own[name]; ok {
		return at, nil
	}
	files, err := fs.Sub(app.Catalog, "capabilities")
	if err != nil {
		return located{}, err
	}
	set, err := app.builtin()
	if err != nil {
		return located{}, err
	}
	known := set.Names()
	if slices.Contains(known, name) {
		return located{name: name, files: files, dir: name}, nil
	}
	known = append(known, sortedNames(own)...)
	slices.Sort(known)
	return located{}, &capability.UnknownError{What: "capability", Name: name, Known: slices.Compact(known)}
}

// ownCapabilities are the platform's: on disk where it has a directory of files,
// else, and for those that are only there, as they are committed.
func (app *App) ownCapabilities(ctx context.Context) (map[string]located, error) {
	s, err := app.open(ctx)
	if err != nil {
		return nil, err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	committed, err := snapshot.FS(platform.CapabilitiesDir)
	if err != nil {
		return nil, err
	}
	own := map[string]located{}
	entries, err := fs.ReadDir(committed, ".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list capabilities: %w", err)
	}
	for _, entry := range entries {
		if name := entry.Name(); entry.IsDir() && !strings.HasPrefix(name, ".") {
			own[name] = located{name: name, files: committed, dir: name, where: path.Join(platform.CapabilitiesDir, name)}
		}
	}
	if s.location.Dir == "" {
		return own, nil
	}
	// Not filepath.Glob: the name of the directory may look like a pattern.
	dir := filepath.Join(s.location.Dir, platform.CapabilitiesDir)
	files, _ := fs.Glob(os.DirFS(dir), "*/"+capability.FileName)
	for _, file := range files {
		if at, ok := capabilityAt(filepath.Join(dir, path.Dir(file))); ok {
			own[at.name] = at
		}
	}
	return own, nil
}

func sortedNames(m map[string]located) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
