// Package durable writes files that are whole after a crash: a reader sees the
// old bytes or the new bytes, and what was reported as written is on disk.
//
// A failed fsync is final. The kernel may have dropped the dirty pages, so a
// second fsync that succeeds proves nothing; callers must not retry it.
package durable

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// TempPrefix begins the name of every temporary file made by this package, so
// that what a crash left behind can be recognised and removed.
const TempPrefix = ".platformctl-tmp-"

// WriteFile replaces path with data. The file gets the mode perm (before
// umask), also when it existed with another. Its directory must exist. On error
// the old file is untouched, unless the error came from the last step, the
// fsync of the directory.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	tmp, err := writeTemp(path, data, perm)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		_ = os.Remove(tmp)
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// Create is WriteFile for a file that must not exist yet. Of several processes
// that create the same path exactly one succeeds; the others get an error that
// is fs.ErrExist and leave the winner's bytes alone. The file is never visible
// half written.
func Create(path string, data []byte, perm fs.FileMode) error {
	tmp, err := writeTemp(path, data, perm)
	if err != nil {
		return err
	}
	err = os.Link(tmp, path)
	_ = os.Remove(tmp)
	if err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// Append adds data to the end of path and creates it with the mode perm (before
// umask) when it is absent. The data is one write; a crash may leave a part of
// it at the end of the file, which is the reader's to recognise.
func Append(path string, data []byte, perm fs.FileMode) error {
	_, statErr := os.Lstat(path)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, perm)
	if err != nil {
		return err
	}
	if err := finish(f, data); err != nil {
		return err
	}
	if errors.Is(statErr, fs.ErrNotExist) {
		return SyncDir(filepath.Dir(path))
	}
	return nil
}

// MkdirAll creates dir and its missing parents with the mode perm (before
// umask) and makes each new name durable in its parent.
func MkdirAll(dir string, perm fs.FileMode) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, perm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// SyncDir makes the names in dir durable: creations, renames and removals. A
// file system that cannot sync a directory is taken to need no such thing.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" { // has no such call; NTFS keeps a journal of names
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	if closeErr := d.Close(); err == nil {
		err = closeErr
	}
	return err
}

// writeTemp writes data to a new, synced file beside path: a rename or a link
// from another file system would not be atomic.
func writeTemp(path string, data []byte, perm fs.FileMode) (string, error) {
	f, err := createTemp(filepath.Dir(path), perm)
	if err != nil {
		return "", err
	}
	if err := finish(f, data); err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// createTemp is os.CreateTemp with a mode of the caller's choice.
func createTemp(dir string, perm fs.FileMode) (*os.File, error) {
	for range 100 {
		random := make([]byte, 8)
		if _, err := rand.Read(random); err != nil {
			return nil, err
		}
		name := filepath.Join(dir, TempPrefix+hex.EncodeToString(random))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, fmt.Errorf("no free temporary name in %q", dir)
}

// finish writes, syncs and closes f, whatever fails on the way.
func finish(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
