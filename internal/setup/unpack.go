package setup

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// The real archives have about 1,000 entries and 60 MB.
const (
	maxEntries = 10_000
	maxBytes   = 512 << 20
)

const nativePrefix = "package/native/"

// unpack makes dir out of the native part of an npm archive: its files, and the
// symbolic links that its pg-symlinks.json names, for npm packs no links. An
// archive that leaves dir, holds anything but files and directories, or is too
// big is refused; dir is then incomplete.
func unpack(archive io.Reader, dir string) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a handle of a directory
	zipped, err := gzip.NewReader(archive)
	if err != nil {
		return err
	}
	left := int64(maxBytes)
	entries := tar.NewReader(zipped)
	for n := 0; ; n++ {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return makeLinks(root)
		}
		if err != nil {
			return err
		}
		if left -= h.Size; left < 0 || n == maxEntries {
			return fmt.Errorf("archive has more than %d bytes or %d entries", maxBytes, maxEntries)
		}
		if err := unpackEntry(root, h, entries); err != nil {
			return fmt.Errorf("entry %q: %w", h.Name, err)
		}
	}
}

func unpackEntry(root *os.Root, h *tar.Header, content io.Reader) error {
	name, ok := strings.CutPrefix(path.Clean(h.Name), nativePrefix)
	if !ok || h.Typeflag == tar.TypeDir {
		return nil // files bring their directories
	}
	if h.Typeflag != tar.TypeReg {
		return fmt.Errorf("type %q is not that of a file or directory", h.Typeflag)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if h.FileInfo().Mode()&0o100 != 0 {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}

// makeLinks applies pg-symlinks.json: each link is relative and leads to a file
// of the same tree.
func makeLinks(root *os.Root) error {
	const list = "pg-symlinks.json"
	data, err := root.ReadFile(list)
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(data, &links); err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	for _, l := range links {
		file, link := strings.TrimPrefix(l.Source, "native/"), strings.TrimPrefix(l.Target, "native/")
		if _, err := root.Stat(file); err != nil {
			return fmt.Errorf("%s: %w", list, err)
		}
		to, err := filepath.Rel(path.Dir(link), file)
		if err != nil {
			return fmt.Errorf("%s: %w", list, err)
		}
		if err := root.Symlink(to, link); err != nil {
			return fmt.Errorf("%s: %w", list, err)
		}
	}
	return nil
}
