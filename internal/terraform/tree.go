package terraform

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

const (
	// callName is the name of the one module that the root module calls.
	callName  = "this"
	moduleDir = "module"
	// manifestDir is where the engine keeps fetched modules and what it knows
	// about all of them.
	manifestDir  = ".terraform/modules"
	manifestFile = manifestDir + "/modules.json"

	maxModuleDepth = 32
)

// tree is the called module, first, and every module that it calls in turn.
type tree struct {
	digest  string
	modules []*config
	calls   []call
	remote  bool // it calls modules that have to be fetched
}

// call is one line of modules.json.
type call struct{ Key, Source, Dir string }

// manifest is what the engine would write to modules.json for a module that is
// all there.
func (t *tree) manifest() ([]byte, error) {
	calls := append([]call{{Dir: "."}}, t.calls...)
	return json.Marshal(map[string][]call{"Modules": calls})
}

// localTree looks at a module whose files are given.
func localTree(m Module) (*tree, map[string][]byte, error) {
	files := map[string][]byte{}
	err := fs.WalkDir(m.Local, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return &ModuleError{Source: m.Source, Path: name, Problem: "cannot be read", err: err}
		}
		if problem := refused(entry); problem != "" {
			return &ModuleError{Source: m.Source, Path: name, Problem: problem}
		}
		if !entry.IsDir() {
			if files[name], err = fs.ReadFile(m.Local, name); err != nil {
				return &ModuleError{Source: m.Source, Path: name, Problem: "cannot be read", err: err}
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	t := &tree{digest: digest(files)}
	return t, files, t.follow(m, call{Key: callName, Source: "./" + moduleDir, Dir: "."}, 0)
}

// follow adds the module of c and those that it calls by a path.
func (t *tree) follow(m Module, c call, depth int) error {
	conf, err := inspect(m.Local, c.Dir, m.Source)
	if err != nil {
		return err
	}
	t.modules = append(t.modules, conf)
	t.calls = append(t.calls, call{Key: c.Key, Source: c.Source, Dir: path.Join(moduleDir, c.Dir)})
	for _, next := range slices.SortedFunc(maps.Values(conf.ModuleCalls), byName) {
		if !strings.HasPrefix(next.Source, "./") && !strings.HasPrefix(next.Source, "../") {
			t.remote = true
			continue
		}
		dir := path.Join(c.Dir, next.Source)
		if !fs.ValidPath(dir) || depth == maxModuleDepth {
			return &ModuleError{Source: m.Source, Path: c.Dir, Problem: fmt.Sprintf("calls %q, outside of the module", next.Source)}
		}
		source := path.Clean(next.Source)
		if !strings.HasPrefix(source, "../") {
			source = "./" + source
		}
		if err := t.follow(m, call{Key: c.Key + "." + next.Name, Source: source, Dir: dir}, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// fetchedTree looks at what the engine fetched into root, the run directory or
// one like it. The files that a local module brought are in files.
func fetchedTree(root fs.FS, source string, files map[string][]byte) (*tree, error) {
	data, err := fs.ReadFile(root, manifestFile)
	if err != nil {
		return nil, err
	}
	var manifest struct{ Modules []call }
	if err := json.Unmarshal(data, &manifest); err != nil {
		return nil, err
	}
	t := &tree{}
	slices.SortFunc(manifest.Modules, func(a, b call) int { return cmp.Compare(a.Key, b.Key) })
	for _, c := range manifest.Modules {
		if c.Key == "" {
			continue
		}
		dir := path.Clean(c.Dir)
		conf, err := inspect(root, dir, source)
		if err == nil && strings.HasPrefix(dir, manifestDir+"/") {
			err = conf.vet(source)
		}
		if err != nil {
			return nil, err
		}
		t.modules = append(t.modules, conf)
	}
	if len(t.modules) == 0 {
		return nil, fs.ErrNotExist
	}
	all := maps.Clone(files)
	if all == nil {
		all = map[string][]byte{}
	}
	if err := readFetched(root, source, all); err != nil {
		return nil, err
	}
	t.digest = digest(all)
	return t, nil
}

// readFetched reads the fetched files: those of the called module by their
// path, those of the modules that it calls below "/" and their key, which no
// path begins with.
func readFetched(root fs.FS, source string, files map[string][]byte) error {
	return fs.WalkDir(root, manifestDir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".git":
			return fs.SkipDir
		case entry.IsDir() && entry.Name() == ".terraform":
			return &ModuleError{Source: source, Path: name, Problem: refused(entry)}
		case entry.IsDir(), name == manifestFile:
			return nil
		case !entry.Type().IsRegular():
			return &ModuleError{Source: source, Path: name, Problem: refused(entry)}
		}
		rel := strings.TrimPrefix(name, manifestDir+"/")
		if own, ok := strings.CutPrefix(rel, callName+"/"); ok {
			rel = own
		} else {
			rel = "/" + rel
		}
		files[rel], err = fs.ReadFile(root, name)
		return err
	})
}

// digest is the hash of a set of files: of the lines "<sha256>  <path>", in the
// order of the paths.
func digest(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_, _ = io.WriteString(h, fmt.Sprintf("%x  %s\n", sha256.Sum256(files[name]), name))
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
