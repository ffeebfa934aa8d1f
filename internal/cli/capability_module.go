package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/durable"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/terraform"
)

// Limits of a module that is copied into a platform.
const (
	maxModuleFiles = 1000
	maxModuleBytes = 8 << 20
)

// capabilityExistsError says that there is a capability of a name already.
type capabilityExistsError struct {
	name    string
	builtin bool
	ejected bool // what was to be ejected is the platform's own
}

func (e *capabilityExistsError) Error() string {
	if e.ejected {
		return fmt.Sprintf("capability %q is the platform's own already", e.name)
	}
	return fmt.Sprintf("there is a capability %q already", e.name)
}

// newModuleError says that a module will not do for a new capability.
type newModuleError struct{ err error }

func (e *newModuleError) Error() string { return e.err.Error() }
func (e *newModuleError) Unwrap() error { return e.err }

// moduleDir tells a directory from an address: what is a path, or names a
// directory that is there.
func (app *App) moduleDir(source string) (dir string, local bool, err error) {
	dir = source
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(app.Dir, dir)
	}
	info, err := os.Stat(dir)
	isPath := filepath.IsAbs(source) || source == "." || source == ".." || strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../") ||
		strings.HasPrefix(source, "~")
	switch {
	case err == nil && info.IsDir() && !capability.HasTerraform(os.DirFS(dir)):
		return "", false, usagef("--from-module: there are no .tf files in %s", quote(source))
	case err == nil && info.IsDir():
		return filepath.Clean(dir), true, nil
	case err == nil:
		return "", false, usagef("--from-module: %s is no directory", quote(source))
	case isPath:
		return "", false, usagef("--from-module: there is no directory %s", quote(source))
	}
	return "", false, nil
}

// plainBase is the last element of a path, fit for a source address.
func plainBase(dir string) string {
	base := strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, filepath.Base(dir))
	if base = strings.Trim(base, "-"); base == "" {
		return "module"
	}
	return base
}

// copyModule copies the files of a module. What a person's own runs left there
// stays: states and values may hold secrets.
func copyModule(from, to string) error {
	root, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	files, size := 0, 0
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != "." && leftBehind(entry.Name()):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir():
			return nil
		case !entry.Type().IsRegular():
			return &terraform.ModuleError{Source: from, Path: name, Problem: "is not a regular file"}
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if files++; files > maxModuleFiles || info.Size() > maxModuleBytes || size+int(info.Size()) > maxModuleBytes {
			return &terraform.ModuleError{Source: from, Problem: fmt.Sprintf("is larger than %d files or %d MiB", maxModuleFiles, maxModuleBytes>>20)}
		}
		data, err := fs.ReadFile(root.FS(), name)
		if err != nil {
			return err
		}
		size += len(data)
		return writePrivate(filepath.Join(to, filepath.FromSlash(name)), data)
	})
}

// leftBehind reports whether a file or directory is none of a module's.
func leftBehind(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".tfvars") || strings.HasSuffix(name, ".tfvars.json") ||
		strings.HasSuffix(name, ".tfplan") || strings.Contains(name, ".tfstate") || name == "crash.log"
}

// copyLock takes over which providers a person ran the module with.
func copyLock(from, to string) error {
	data, err := durable.ReadFile(filepath.Join(from, capability.LockFile), durable.Small)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return writePrivate(filepath.Join(to, capability.LockFile), data)
}

func writePrivate(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o600)
}

// treeFiles are all files below fsys.
func treeFiles(fsys fs.FS) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(fsys, name)
		return err
	})
	return files, err
}

// describe says what a module asks for and what it gives; one from elsewhere is
// fetched for that.
func (e *engine) describe(ctx context.Context, m terraform.Module) (capability.Interface, error) {
	dir, remove, err := e.session.app.TempDir()
	if err != nil {
		return capability.Interface{}, err
	}
	defer remove()
	found, missing := e.find(ctx)
	if missing != nil && m.Local == nil {
		return capability.Interface{}, missing
	}
	progress := e.session.app.progress()
	if m.Local == nil {
		progress.Start("module", "fetching "+m.Source)
	}
	is, err := found.Describe(ctx, dir, m)
	if err != nil {
		if m.Local == nil {
			progress.Fail("fetching " + m.Source)
		}
		if _, refused := errors.AsType[*terraform.ModuleError](err); missing != nil && !refused {
			err = missing // it calls modules that would have to be fetched
		}
		return capability.Interface{}, err
	}
	if m.Local == nil {
		progress.Done("fetched " + m.Source)
	}
	return interfaceOf(is), nil
}

// interfaceOf tells capabilities of a module.
func interfaceOf(is terraform.Interface) capability.Interface {
	out := capability.Interface{Digest: is.Digest, Fetched: is.Fetched, Providers: is.Providers, Own: is.Own}
	for _, v := range is.Variables {
		out.Variables = append(out.Variables, capability.ModuleVariable(v))
	}
	for _, o := range is.Outputs {
		out.Outputs = append(out.Outputs, capability.ModuleOutput(o))
	}
	for _, r := range is.Risks {
		out.Risks = append(out.Risks, capability.ModuleRisk(r))
	}
	return out
}

// verbEjected is the verb of an addition that copies a built-in capability.
const verbEjected = "ejected"

// addition is a capability on its way into the platform.
type addition struct {
	verb, name, version, digest string
	files                       map[string][]byte
}

// addCapability writes a capability into the platform, in one commit. There is
// none of its name, or the error is a *capabilityExistsError.
func (s *session) addCapability(ctx context.Context, a addition) error {
	if err := s.Ensure(ctx); err != nil {
		return err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	actor, err := s.actor(snapshot.Config().Spec.Identify)
	if err != nil {
		return err
	}
	now := s.app.Now().UTC()
	change := store.Change{
		Message: fmt.Sprintf("capability: add %s@%s", a.name, a.version), Time: now, Files: map[string][]byte{},
		Events: []ledger.Event{{
			ID: s.app.NewID(), Time: now, Actor: actor, Type: "platformctl.capability." + a.verb,
			Data: map[string]any{"capability": a.name, "version": a.version, "digest": a.digest},
		}},
		Check: func(tip *store.Snapshot) error {
			own, err := tip.FS(platform.CapabilitiesDir)
			if err != nil {
				return err
			}
			if _, err := fs.Stat(own, a.name); !errors.Is(err, fs.ErrNotExist) {
				return errors.Join(&capabilityExistsError{name: a.name, ejected: a.verb == verbEjected}, err)
			}
			return nil
		},
	}
	for name, data := range a.files {
		change.Files[path.Join(platform.CapabilitiesDir, a.name, name)] = data
	}
	_, err = s.Commit(ctx, change)
	return err
}
