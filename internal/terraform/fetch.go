package terraform

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
)

const scratchDir = ".fetch"

// source is the module before anything is installed.
type source struct {
	tree    *tree
	files   map[string][]byte // of a local module
	local   string            // their digest
	fetched bool              // it lies in scratchDir and is to be adopted
}

// source looks at the module and fetches what is not here yet, into a directory
// of its own: what is refused changes nothing.
func (w *workspace) source(ctx context.Context) (source, error) {
	m := w.module
	var src source
	var err error
	if m.Local != nil {
		if src.tree, src.files, err = localTree(m); err != nil {
			return source{}, err
		}
		src.local = src.tree.digest
		if !src.tree.remote {
			return src, w.checkDigest(src.tree)
		}
	} else if err := checkSource(m); err != nil {
		return source{}, err
	}
	if t := w.fetchedBefore(src); t != nil {
		src.tree = t
		return src, w.checkDigest(t)
	}
	if src.tree, err = w.fetch(ctx, src.files); err != nil {
		return source{}, err
	}
	src.tree.remote, src.fetched = true, true
	return src, w.checkDigest(src.tree)
}

func (w *workspace) checkDigest(t *tree) error {
	if w.module.Pinned && w.module.Digest == "" && t.remote {
		return &DigestError{Source: w.module.Source, Got: t.digest}
	}
	if want := w.module.Digest; want != "" && want != t.digest {
		return &DigestError{Source: w.module.Source, Want: want, Got: t.digest}
	}
	return nil
}

// fetchedBefore returns what an earlier call fetched for the same input, when
// it is still what it was.
func (w *workspace) fetchedBefore(src source) *tree {
	s := w.stamp
	if s.Digest == "" || s.Source != w.module.Source || s.Version != w.module.Version || s.Local != src.local {
		return nil
	}
	if !w.moduleIs(src.files) {
		return nil
	}
	t, err := fetchedTree(os.DirFS(w.dir), w.module.Source, src.files)
	if err != nil || t.digest != s.Digest {
		return nil
	}
	t.remote = true
	return t
}

// fetch lets the engine fetch modules into scratchDir.
func (w *workspace) fetch(ctx context.Context, files map[string][]byte) (*tree, error) {
	scratch := w.path(scratchDir)
	if err := os.RemoveAll(scratch); err != nil {
		return nil, err
	}
	call := object{"source": w.module.Source}
	if files != nil {
		call["source"] = "./" + moduleDir
	} else if w.module.Version != "" {
		call["version"] = w.module.Version
	}
	root, err := encode(object{"module": object{callName: call}})
	if err != nil {
		return nil, err
	}
	if err := writeFiles(filepath.Join(scratch, moduleDir), files); err != nil {
		return nil, err
	}
	if err := writeFiles(scratch, map[string][]byte{mainFile: root}); err != nil {
		return nil, err
	}
	tf, err := w.command(scratch, nil, map[string]string{"GIT_ALLOW_PROTOCOL": "https:ssh:file"})
	if err != nil {
		return nil, err
	}
	if err := onOneThread(func() error { return tf.Get(ctx) }); err != nil {
		if refused := w.vetFetched(os.DirFS(scratch)); refused != nil && ctx.Err() == nil {
			return nil, refused
		}
		return nil, runError(ctx, "get", nil, err)
	}
	if err := dropGit(filepath.Join(scratch, manifestDir)); err != nil {
		return nil, err
	}
	return fetchedTree(os.DirFS(scratch), w.module.Source, files)
}

// dropGit removes the clones' metadata: it is large, not part of the digest, and
// holds the address with whatever credentials are in it.
func dropGit(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() || entry.Name() != ".git" {
			return err
		}
		if err := root.RemoveAll(name); err != nil {
			return err
		}
		return fs.SkipDir
	})
}

// adopt moves what was fetched into place.
func (w *workspace) adopt() error {
	if err := os.RemoveAll(w.path(manifestDir)); err != nil {
		return err
	}
	if err := os.MkdirAll(w.path(".terraform"), 0o700); err != nil {
		return err
	}
	return os.Rename(filepath.Join(w.path(scratchDir), manifestDir), w.path(manifestDir))
}

// checkSource refuses addresses that are options, paths or templates, and ways of
// fetching that are none of git and https.
func checkSource(m Module) error {
	if problem := sourceProblem(m.Source); problem != "" {
		return &ModuleError{Source: m.Source, Problem: problem}
	}
	return nil
}
