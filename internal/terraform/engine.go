package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hashicorp/go-version"
)

const (
	// MinVersion is the oldest engine that will do: write-only attributes came with it.
	MinVersion = "1.11.0"

	engineVar      = "PLATFORMCTL_TERRAFORM"
	versionTimeout = 10 * time.Second
)

// FindOptions says where to look for an engine and what its commands may see.
type FindOptions struct {
	// Getenv reads the caller's environment. Besides the variables that name an
	// engine, a short list (PATH, HOME, proxies, certificates ...) is handed to
	// every command.
	Getenv func(string) string
	// Env is added to the environment of every command, as "NAME=value", under
	// the rules of [Run].Env.
	Env []string
	// CacheDir keeps versions, hashes of provider binaries and downloaded
	// providers. Empty: nothing is kept.
	CacheDir string
	// ExtraDirs are searched after PATH.
	ExtraDirs []string
}

// Engine is a Terraform or OpenTofu executable that will do. It comes from [Find].
type Engine struct {
	Path    string // absolute
	Product string // "Terraform" or "OpenTofu"
	Version string // without a leading v

	env   map[string]string
	cache string
}

// Find returns the engine that $PLATFORMCTL_TERRAFORM names, and no other when
// that is set; else the first that will do of `terraform` in PATH, `tofu` in
// PATH, and either in ExtraDirs. When none will do, the error is about the first
// candidate (*NotExecutableError, *TooOldError), or *NotFoundError.
func Find(ctx context.Context, opts FindOptions) (Engine, error) {
	env, err := baseEnv(opts.Getenv, opts.Env)
	if err != nil {
		return Engine{}, err
	}
	base := Engine{env: env}
	if opts.CacheDir != "" {
		base.cache = filepath.Join(opts.CacheDir, "terraform")
	}
	if path := opts.Getenv(engineVar); path != "" {
		if !filepath.IsAbs(path) {
			return Engine{}, &NotExecutableError{Path: path, Reason: "not an absolute path"}
		}
		return base.at(ctx, path)
	}
	var first error
	candidates := candidates(opts)
	for _, path := range candidates {
		e, err := base.at(ctx, path)
		if err == nil || ctx.Err() != nil {
			return e, err
		}
		if first == nil && !errors.Is(err, fs.ErrNotExist) {
			first = err
		}
	}
	if first == nil {
		first = &NotFoundError{Searched: candidates}
	}
	return Engine{}, first
}

// candidates lists the paths to try. Relative elements of PATH are left out:
// whoever owns the working directory is not to choose the engine.
func candidates(opts FindOptions) []string {
	var paths []string
	add := func(name string, dirs []string) {
		for _, dir := range dirs {
			if filepath.IsAbs(dir) {
				paths = append(paths, filepath.Join(dir, name))
			}
		}
	}
	path := filepath.SplitList(opts.Getenv("PATH"))
	add("terraform", path)
	add("tofu", path)
	for _, dir := range opts.ExtraDirs {
		add("terraform", []string{dir})
		add("tofu", []string{dir})
	}
	return paths
}

// at makes an engine of the file at path, or says why it is none. The error is
// fs.ErrNotExist when there is no file.
func (e Engine) at(ctx context.Context, path string) (Engine, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Engine{}, &NotExecutableError{Path: path, Reason: "no such file", err: err}
	case err != nil:
		return Engine{}, &NotExecutableError{Path: path, Reason: err.Error(), err: err}
	case !info.Mode().IsRegular():
		return Engine{}, &NotExecutableError{Path: path, Reason: "not a regular file"}
	case info.Mode()&0o111 == 0:
		return Engine{}, &NotExecutableError{Path: path, Reason: "not executable"}
	}
	e.Path = path
	memo := e.memo("engines.json")
	if known, ok := memo.get(path, info); ok {
		e.Product, e.Version, _ = strings.Cut(known, " ")
	} else {
		if e.Product, e.Version, err = e.ask(ctx); err != nil {
			return Engine{}, err
		}
		memo.put(path, info, e.Product+" "+e.Version)
	}
	v, err := version.NewVersion(e.Version)
	if err != nil {
		return Engine{}, &NotExecutableError{Path: path, Reason: fmt.Sprintf("says version %q", e.Version)}
	}
	if v.LessThan(version.Must(version.NewVersion(MinVersion))) {
		return Engine{}, &TooOldError{Path: path, Version: e.Version, Min: MinVersion}
	}
	return e, nil
}

// ask runs `version -json` and returns product and version.
func (e Engine) ask(ctx context.Context) (product, number string, err error) {
	timed, cancel := context.WithTimeout(ctx, versionTimeout)
	defer cancel()
	tf, err := e.command(filepath.Dir(e.Path), nil, nil)
	if err != nil {
		return "", "", err
	}
	// Something else than an engine may ignore the signal, or leave a child that
	// holds the pipes open.
	_ = tf.SetEnableLegacyPipeClosing(true)
	_ = tf.SetWaitDelay(time.Second)
	var out bytes.Buffer
	tf.SetStdout(&out)
	var found *version.Version
	err = onOneThread(func() error {
		var err error
		found, _, err = tf.Version(timed, true)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return "", "", ctx.Err()
	case timed.Err() != nil:
		return "", "", &NotExecutableError{Path: e.Path, Reason: fmt.Sprintf("no answer to `version -json` in %s", versionTimeout)}
	case err != nil:
		return "", "", &NotExecutableError{Path: e.Path, Reason: oneLine(err.Error()), err: err}
	}
	// Terraform always says whether it is outdated, OpenTofu never. Before 0.13
	// there was no JSON at all.
	var answer struct {
		Outdated *bool `json:"terraform_outdated"`
	}
	if json.NewDecoder(&out).Decode(&answer) == nil && answer.Outdated == nil {
		return "OpenTofu", found.String(), nil
	}
	return "Terraform", found.String(), nil
}

// oneLine makes text of another program fit for an error message.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "..."
	}
	return s
}
