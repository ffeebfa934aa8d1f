package terraform

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/hashicorp/terraform-exec/tfexec"
)

const (
	scratchDir = ".fetch"
	lockRetry  = 50 * time.Millisecond
)

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
	tf, err := w.command(scratch, nil, nil)
	if err != nil {
		return nil, err
	}
	if err := onOneThread(func() error { return tf.Get(ctx) }); err != nil {
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

// checkSource refuses addresses that are options, paths or templates.
func checkSource(m Module) error {
	var problem string
	_, query, _ := strings.Cut(m.Source, "?")
	switch {
	case m.Source == "":
		problem = "has no source"
	case strings.HasPrefix(m.Source, "."), filepath.IsAbs(m.Source), strings.HasPrefix(m.Source, "~"):
		problem = "is a path, and no files are given for it"
	case strings.HasPrefix(m.Source, "-"), strings.Contains(m.Source, "::-"), strings.Contains(m.Source, "://-"),
		strings.Contains(query, "=-"):
		problem = "holds an option"
	case strings.Contains(m.Source, "${"), strings.Contains(m.Source, "%{"), strings.ContainsAny(m.Source, " \t\r\n"):
		problem = "is not an address"
	default:
		return nil
	}
	return &ModuleError{Source: m.Source, Problem: problem}
}

// others installs the providers that are not ours, and returns the lock file
// about them.
func (w *workspace) others(ctx context.Context, text rendering) ([]byte, error) {
	if len(text.others) == 0 {
		return nil, nil
	}
	given, err := withoutOwn(w.module.LockFile)
	if err != nil {
		return nil, &ModuleError{Source: w.module.Source, Path: lockFile, Problem: err.Error(), err: err}
	}
	if have, ok := w.installedBefore(text, given); ok {
		return have, nil
	}
	w.stamp.Lock = ""
	if err := w.initialise(ctx, text, given); err != nil {
		return nil, err
	}
	lock, err := os.ReadFile(w.path(lockFile))
	if err != nil {
		return nil, err
	}
	portable, err := withoutOwn(lock)
	if err != nil {
		return nil, err
	}
	w.stamp.Product, w.stamp.Others, w.stamp.Lock = w.Product, text.others, hashOf(portable)
	return portable, w.writeStamp()
}

// installedBefore returns the lock file of an earlier call for the same input,
// when it is still what it was and the providers are still there.
func (w *workspace) installedBefore(text rendering, given []byte) ([]byte, bool) {
	lock, err := os.ReadFile(w.path(lockFile))
	if err != nil {
		return nil, false
	}
	have, err := withoutOwn(lock)
	if err != nil || hashOf(have) != w.stamp.Lock || w.stamp.Product != w.Product ||
		!slices.Equal(w.stamp.Others, text.others) || given != nil && !bytes.Equal(given, have) {
		return nil, false
	}
	entries, err := parseLock(have)
	if err != nil {
		return nil, false
	}
	for _, p := range entries {
		dir := filepath.Join(w.path(".terraform/providers"), filepath.FromSlash(p.Source), p.Version, osArch())
		if files, err := os.ReadDir(dir); err != nil || len(files) == 0 {
			return nil, false
		}
	}
	return have, true
}

// initialise runs `terraform init`, bound by the lock file that was given. Our
// own provider is said to run already, so that init leaves it alone.
func (w *workspace) initialise(ctx context.Context, text rendering, given []byte) error {
	args := "-json"
	if given != nil {
		args += " -lockfile=readonly"
		if err := w.update(lockFile, given); err != nil {
			return err
		}
	} else if err := os.Remove(w.path(lockFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	set := map[string]string{"TF_CLI_ARGS_init": args}
	if w.cache != "" {
		unlock, err := w.lockPlugins(ctx, set)
		if err != nil {
			return err
		}
		defer unlock()
	}
	options := []tfexec.InitOption{tfexec.Get(false)}
	if text.provider != nil {
		options = append(options, tfexec.Reattach(tfexec.ReattachInfo{ownSource: {
			Protocol: "grpc", ProtocolVersion: 6, Pid: os.Getpid(), Addr: tfexec.ReattachConfigAddr{Network: "unix"},
		}}))
	}
	tf, err := w.command(w.dir, nil, set)
	if err != nil {
		return err
	}
	out := &stream{}
	tf.SetStdout(out)
	err = onOneThread(func() error { return tf.Init(ctx, options...) })
	out.flush()
	if err != nil {
		return runError(ctx, "init", out, err)
	}
	return nil
}

// lockPlugins makes the engine keep providers in our cache, which several inits
// at a time would spoil.
func (w *workspace) lockPlugins(ctx context.Context, set map[string]string) (func(), error) {
	dir := filepath.Join(w.cache, "plugins")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(dir + ".lock")
	if _, err := lock.TryLockContext(ctx, lockRetry); err != nil {
		return nil, err
	}
	set["TF_PLUGIN_CACHE_DIR"] = dir
	return func() { _ = lock.Unlock() }, nil
}
