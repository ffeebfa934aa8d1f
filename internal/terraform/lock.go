package terraform

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/gohcl"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/platformctl/platformctl/internal/durable"
)

const (
	lockFile    = ".terraform.lock.hcl"
	ownFileName = "terraform-provider-" + ownName + "_v" + ownVersion + exeSuffix

	lockHeader = "# This file is maintained automatically by \"terraform init\".\n" +
		"# Manual edits may be lost in future updates.\n"
)

// locked is one provider in a lock file.
type locked struct {
	Source  string   `hcl:"source,label"`
	Version string   `hcl:"version"`
	Hashes  []string `hcl:"hashes,optional"`
	Rest    hcl.Body `hcl:",remain"`
}

func parseLock(data []byte) ([]locked, error) {
	file, diags := hclsyntax.ParseConfig(data, lockFile, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, problem(diags)
	}
	var content struct {
		Providers []locked `hcl:"provider,block"`
		Rest      hcl.Body `hcl:",remain"`
	}
	if diags := gohcl.DecodeBody(file.Body, nil, &content); diags.HasErrors() {
		return nil, problem(diags)
	}
	return content.Providers, nil
}

// withoutOwn is a lock file as it can go to another machine: nil when no other
// provider is left in it.
func withoutOwn(data []byte) ([]byte, error) {
	return keepLocked(data, func(source string) bool { return source != ownSource })
}

// onlyFor is the part of a lock file about the providers that are wanted, as
// "source constraints": nil when there is none. A capability has one lock file
// for all its modules, and the engine refuses to read one that says too much.
func onlyFor(data []byte, wanted []string) ([]byte, error) {
	return keepLocked(data, func(source string) bool {
		return slices.ContainsFunc(wanted, func(w string) bool {
			name, _, _ := strings.Cut(w, " ")
			return source == name || strings.Count(name, "/") == 1 && strings.HasSuffix(source, "/"+name)
		})
	})
}

func keepLocked(data []byte, keep func(source string) bool) ([]byte, error) {
	file, diags := hclwrite.ParseConfig(data, lockFile, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, problem(diags)
	}
	kept := 0
	for _, block := range file.Body().Blocks() {
		if block.Type() != "provider" {
			continue
		}
		if labels := block.Labels(); len(labels) == 1 && !keep(labels[0]) {
			file.Body().RemoveBlock(block)
		} else {
			kept++
		}
	}
	if kept == 0 {
		return nil, nil
	}
	return append(bytes.TrimSpace(file.Bytes()), '\n'), nil
}

// withOwn adds our provider to a lock file that has none of it. h1 "" adds nothing.
func withOwn(portable []byte, h1 string) []byte {
	if h1 == "" {
		return portable
	}
	out := slices.Clone(portable)
	if len(out) == 0 {
		out = []byte(lockHeader)
	}
	return fmt.Appendf(out, "\nprovider %q {\n  version = %q\n  hashes = [\n    %q,\n  ]\n}\n", ownSource, ownVersion, h1)
}

// ownHash is the hash that the engine computes of a directory that holds the
// provider binary alone. Reading tens of megabytes is what it costs, so it is
// remembered.
func (e Engine) ownHash(binary string) (string, error) {
	info, err := os.Stat(binary)
	if err != nil {
		return "", err
	}
	memo := e.memo("hashes.json")
	if h1, ok := memo.get(binary, info); ok {
		return h1, nil
	}
	f, err := durable.Open(binary)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	content := sha256.New()
	if _, err := io.Copy(content, f); err != nil {
		return "", err
	}
	line := sha256.Sum256(fmt.Appendf(nil, "%s  %s\n", hex.EncodeToString(content.Sum(nil)), ownFileName))
	h1 := "h1:" + base64.StdEncoding.EncodeToString(line[:])
	memo.put(binary, info, h1)
	return h1, nil
}

// ownDir is where our provider lies below a directory of providers.
func ownDir() string {
	return filepath.Join(ownHost, "platform", ownName, ownVersion, osArch())
}

func osArch() string { return runtime.GOOS + "_" + runtime.GOARCH }

// linkOwn makes the mirror that `terraform init` finds by itself, and the link
// to it that init would have made.
func linkOwn(dir, binary string) error {
	mirror := filepath.Join("terraform.d", "plugins", ownDir())
	if err := os.MkdirAll(filepath.Join(dir, mirror), 0o700); err != nil {
		return err
	}
	if err := link(binary, filepath.Join(dir, mirror, ownFileName), ""); err != nil {
		return err
	}
	installed := filepath.Join(".terraform", "providers", ownDir())
	up := strings.Repeat("../", strings.Count(filepath.ToSlash(installed), "/"))
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(installed)), 0o700); err != nil {
		return err
	}
	return link(up+filepath.ToSlash(mirror), filepath.Join(dir, installed), ownFileName)
}

// link makes name a symbolic link to target, unless the file in it (or the
// link itself, when file is "") is the same already. Where this user may make
// no symbolic links, as on Windows, something else stands in for it.
func link(target, name, file string) error {
	from := target
	if !filepath.IsAbs(from) {
		from = filepath.Join(filepath.Dir(name), target)
	}
	want, err := os.Stat(filepath.Join(from, file))
	if err != nil {
		return err
	}
	if have, err := os.Stat(filepath.Join(name, file)); err == nil && os.SameFile(have, want) {
		return nil
	}
	if err := os.RemoveAll(name); err != nil {
		return err
	}
	err = os.Symlink(target, name)
	if err == nil || runtime.GOOS != "windows" {
		return err
	}
	return standIn(from, name, file)
}

// standIn makes name the same file as from, by a hard link or else as a copy;
// when file is not "", a directory that holds that one of from.
func standIn(from, name, file string) error {
	if file != "" {
		if err := os.Mkdir(name, 0o700); err != nil {
			return err
		}
	}
	from, name = filepath.Join(from, file), filepath.Join(name, file)
	if os.Link(from, name) == nil {
		return nil
	}
	data, err := durable.ReadFile(from, durable.Large)
	if err != nil {
		return err
	}
	return durable.WriteFile(name, data, 0o700)
}
