package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/durable"
)

const stampFile = "prepared.json"

// workspace is a run directory while it is prepared.
type workspace struct {
	Engine
	dir    string
	module Module
	stamp  stamp
}

// stamp says what was fetched and installed, and for which input. It is written
// last: without it the work is done again.
type stamp struct {
	Source  string `json:"source,omitempty"`
	Version string `json:"version,omitempty"`
	Local   string `json:"local,omitempty"`  // digest of the given files
	Digest  string `json:"digest,omitempty"` // digest with the fetched files

	Product string   `json:"product,omitempty"`
	Others  []string `json:"others,omitempty"` // the providers that were asked for
	Lock    string   `json:"lock,omitempty"`   // the lock file that came of it
}

// Prepare makes dir (mode 0700) the run directory of m. It writes only what
// differs, so that a second call costs a few milliseconds and starts no process,
// and it repairs what a killed call left. providerBinary is the file that serves
// our provider when the engine starts it itself; "" leaves that out.
//
// Errors: *ModuleError, *DigestError and *InterfaceError before anything that
// existed is changed; *RunError when fetching or installing failed.
func (e Engine) Prepare(ctx context.Context, dir string, m Module, providerBinary string) (Rendered, error) {
	if err := private(dir); err != nil {
		return Rendered{}, err
	}
	w := &workspace{Engine: e, dir: dir, module: m}
	w.readStamp()
	if err := w.refuseStrangers(); err != nil {
		return Rendered{}, err
	}
	src, err := w.source(ctx)
	defer func() { _ = os.RemoveAll(w.path(scratchDir)) }()
	if err != nil {
		return Rendered{}, err
	}
	text, err := render(m, src.tree)
	if err != nil {
		return Rendered{}, err
	}
	if err := w.install(src); err != nil {
		return Rendered{}, err
	}
	if err := w.write(text); err != nil {
		return Rendered{}, err
	}
	lock, err := w.providers(ctx, text, providerBinary)
	if err != nil {
		return Rendered{}, err
	}
	conf := src.tree.modules[0]
	return Rendered{
		Main: text.main, Variables: text.variables, Digest: src.tree.digest, LockFile: lock,
		Needs: text.services, VariablesDeclared: declared(conf), OutputsDeclared: outputNames(conf),
		Providers: text.names,
	}, nil
}

// Inspect refuses m as [Engine.Prepare] would, as far as that can be told without
// fetching anything, and returns the Needs of its [Rendered]. It writes nothing.
func (e Engine) Inspect(m Module) (services []string, err error) {
	if m.Local == nil {
		return nil, checkSource(m)
	}
	t, _, err := localTree(m)
	if err != nil || t.remote {
		return nil, err
	}
	if err := (&workspace{Engine: e, module: m}).checkDigest(t); err != nil {
		return nil, err
	}
	text, err := render(m, t)
	return text.services, err
}

// private makes dir, or makes it private.
func private(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() == 0o700 {
		return err
	}
	return os.Chmod(dir, 0o700)
}

func (w *workspace) path(name string) string { return filepath.Join(w.dir, filepath.FromSlash(name)) }

func (w *workspace) readStamp() {
	if data, err := durable.ReadFile(w.path(stampFile), durable.Small); err == nil {
		_ = json.Unmarshal(data, &w.stamp)
	}
}

func (w *workspace) writeStamp() error {
	data, err := encode(w.stamp)
	if err != nil {
		return err
	}
	return w.update(stampFile, data)
}

// refuseStrangers refuses files that the engine would read beside ours, and
// removes what would make it use another state.
func (w *workspace) refuseStrangers() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case name == mainFile, name == providerFile, name == variablesFile, name == moduleDir:
		case strings.HasPrefix(name, durable.TempPrefix):
			_ = os.RemoveAll(w.path(name))
		case isConfig(name), name == "terraform.tfvars", strings.HasSuffix(name, ".auto.tfvars"), strings.HasSuffix(name, ".auto.tfvars.json"):
			return &ModuleError{Source: w.module.Source, Path: w.path(name), Problem: "is not of this run directory, and would be read"}
		}
	}
	return useDefaultState(w.dir)
}

// useDefaultState removes what a person's `terraform workspace` or a backend
// block left: with it the engine would look for the state elsewhere, find
// nothing there and plan to make everything again.
func useDefaultState(dir string) error {
	for _, name := range []string{"environment", "terraform.tfstate"} {
		if err := os.Remove(filepath.Join(dir, ".terraform", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// install puts the modules where the root module looks for them.
func (w *workspace) install(src source) error {
	if src.fetched {
		if err := w.adopt(); err != nil {
			return err
		}
		w.stamp.Source, w.stamp.Version = w.module.Source, w.module.Version
		w.stamp.Local, w.stamp.Digest = src.local, src.tree.digest
		if err := w.writeStamp(); err != nil {
			return err
		}
	}
	if err := w.replaceModule(src.files); err != nil {
		return err
	}
	if w.module.Local == nil || src.tree.remote {
		return nil
	}
	manifest, err := src.tree.manifest()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(w.path(manifestDir), 0o700); err != nil {
		return err
	}
	return w.update(manifestFile, manifest)
}

// replaceModule makes module/ hold files and nothing else; without files it goes.
func (w *workspace) replaceModule(files map[string][]byte) error {
	if w.moduleIs(files) {
		return nil
	}
	fresh := w.path(durable.TempPrefix + moduleDir)
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	if err := writeFiles(fresh, files); err != nil {
		return err
	}
	if err := os.RemoveAll(w.path(moduleDir)); err != nil || len(files) == 0 {
		return err
	}
	return os.Rename(fresh, w.path(moduleDir))
}

func writeFiles(dir string, files map[string][]byte) error {
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// moduleIs reports whether module/ holds files and nothing else.
func (w *workspace) moduleIs(files map[string][]byte) bool {
	root := os.DirFS(w.path(moduleDir))
	seen := 0
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		want, ok := files[name]
		if !ok || !entry.Type().IsRegular() {
			return fs.ErrInvalid
		}
		seen++
		have, err := fs.ReadFile(root, name)
		if err == nil && !bytes.Equal(have, want) {
			err = fs.ErrInvalid
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return len(files) == 0
	}
	return err == nil && seen == len(files) && seen > 0
}

// write brings the text of the root module along.
func (w *workspace) write(text rendering) error {
	files := map[string][]byte{mainFile: text.main, variablesFile: text.variables, providerFile: text.provider}
	for name, data := range files {
		if data != nil {
			if err := w.update(name, data); err != nil {
				return err
			}
		} else if err := os.Remove(w.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// update replaces a file whose content differs. It is not synced to disk: what
// a crash makes of it differs from what is wanted, and the next Prepare looks.
func (w *workspace) update(name string, data []byte) error {
	file := w.path(name)
	if have, err := durable.ReadFile(file, durable.Large); err == nil && bytes.Equal(have, data) {
		return nil
	}
	tmp, err := os.CreateTemp(w.dir, durable.TempPrefix+"*") // mode 0600
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// providers puts the providers and the lock file in place, and returns the part
// of it that is not of this machine.
func (w *workspace) providers(ctx context.Context, text rendering, binary string) ([]byte, error) {
	h1 := ""
	if text.provider != nil && binary != "" {
		var err error
		if h1, err = w.ownHash(binary); err != nil {
			return nil, err
		}
		if err := linkOwn(w.dir, binary); err != nil {
			return nil, err
		}
	}
	portable, err := w.others(ctx, text)
	if err != nil {
		return nil, err
	}
	have, err := durable.ReadFile(w.path(lockFile), durable.Small)
	if err == nil && lockFits(have, portable, h1) {
		return portable, nil
	}
	want := withOwn(portable, h1)
	if len(want) > 0 {
		return portable, w.update(lockFile, want)
	}
	if err := os.Remove(w.path(lockFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return nil, nil
}

// lockFits reports whether a lock file says what it must; `terraform init`
// writes the same in other words.
func lockFits(have, portable []byte, h1 string) bool {
	rest, err := withoutOwn(have)
	if err != nil || !bytes.Equal(rest, portable) {
		return false
	}
	entries, err := parseLock(have)
	if err != nil {
		return false
	}
	i := slices.IndexFunc(entries, func(l locked) bool { return l.Source == ownSource })
	if i < 0 {
		return h1 == ""
	}
	return h1 != "" && entries[i].Version == ownVersion && slices.Contains(entries[i].Hashes, h1)
}
