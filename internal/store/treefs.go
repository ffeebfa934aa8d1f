package store

import (
	"bytes"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/platformctl/platformctl/internal/git"
)

// treeFS is a directory of a snapshot as a file system.
type treeFS struct {
	snapshot *Snapshot
	dir      string
}

var (
	_ fs.ReadDirFS  = treeFS{}
	_ fs.ReadFileFS = treeFS{}
)

// Open opens a file or a directory.
func (t treeFS) Open(name string) (fs.File, error) {
	entry, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if entry.Mode == git.ModeDir {
		return &treeDir{treeInfo: treeInfo{entry, 0}, fsys: t, name: name}, nil
	}
	data, err := t.snapshot.repo.Blob(entry.Hash)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &treeFile{treeInfo{entry, int64(len(data))}, bytes.NewReader(data)}, nil
}

// ReadFile returns a copy of the content of a file.
func (t treeFS) ReadFile(name string) ([]byte, error) {
	entry, err := t.find("read", name)
	if err == nil && entry.Mode == git.ModeDir {
		err = &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return nil, err
	}
	data, err := t.snapshot.repo.Blob(entry.Hash)
	return bytes.Clone(data), err
}

// ReadDir returns the files and directories of a directory, by name.
func (t treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	entry, err := t.find("readdir", name)
	if err == nil && entry.Mode != git.ModeDir {
		err = &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	if err != nil {
		return nil, err
	}
	list, err := t.snapshot.list(path.Join(t.dir, name))
	if err != nil {
		return nil, err
	}
	var entries []fs.DirEntry
	for _, e := range list {
		if e.Mode == git.ModeDir || e.Mode.IsFile() {
			entries = append(entries, treeEntry{e, t.snapshot})
		}
	}
	return entries, nil
}

// find looks a name up. The root is there even if nothing is below it.
func (t treeFS) find(op, name string) (git.Entry, error) {
	if !fs.ValidPath(name) {
		return git.Entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	var entry git.Entry
	var found bool
	if s := t.snapshot; s.repo != nil && !s.tree.IsZero() {
		var err error
		if entry, found, err = s.repo.Find(s.tree, path.Join(t.dir, name)); err != nil {
			return git.Entry{}, &fs.PathError{Op: op, Path: name, Err: err}
		}
	}
	if name == "." && (!found || entry.Mode != git.ModeDir) {
		return git.Entry{Path: ".", Mode: git.ModeDir}, nil
	}
	if !found || entry.Mode != git.ModeDir && !entry.Mode.IsFile() {
		return git.Entry{}, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	entry.Path = path.Base(name)
	return entry, nil
}

// treeInfo describes a file or a directory.
type treeInfo struct {
	entry git.Entry
	size  int64
}

func (i treeInfo) Name() string       { return i.entry.Path }
func (i treeInfo) Size() int64        { return i.size }
func (i treeInfo) ModTime() time.Time { return time.Time{} }
func (i treeInfo) IsDir() bool        { return i.entry.Mode == git.ModeDir }
func (i treeInfo) Sys() any           { return nil }

func (i treeInfo) Mode() fs.FileMode {
	switch i.entry.Mode {
	case git.ModeDir:
		return fs.ModeDir | 0o555
	case git.ModeExecutable:
		return 0o555
	default:
		return 0o444
	}
}

// treeEntry is a treeInfo that knows its size when it is asked for.
type treeEntry struct {
	entry    git.Entry
	snapshot *Snapshot
}

func (e treeEntry) Name() string      { return e.entry.Path }
func (e treeEntry) IsDir() bool       { return e.entry.Mode == git.ModeDir }
func (e treeEntry) Type() fs.FileMode { return treeInfo{e.entry, 0}.Mode().Type() }

func (e treeEntry) Info() (fs.FileInfo, error) {
	if e.IsDir() {
		return treeInfo{e.entry, 0}, nil
	}
	data, err := e.snapshot.repo.Blob(e.entry.Hash)
	return treeInfo{e.entry, int64(len(data))}, err
}

type treeFile struct {
	treeInfo
	*bytes.Reader
}

func (f *treeFile) Size() int64                { return f.size }
func (f *treeFile) Stat() (fs.FileInfo, error) { return f.treeInfo, nil }
func (f *treeFile) Close() error               { return nil }

type treeDir struct {
	treeInfo
	fsys   treeFS
	name   string
	read   bool
	unread []fs.DirEntry
}

func (d *treeDir) Stat() (fs.FileInfo, error) { return d.treeInfo, nil }
func (d *treeDir) Close() error               { return nil }
func (d *treeDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}

// ReadDir returns the next n entries, all that are left when n <= 0.
func (d *treeDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		entries, err := d.fsys.ReadDir(d.name)
		if err != nil {
			return nil, err
		}
		d.read, d.unread = true, entries
	}
	if n <= 0 || n > len(d.unread) {
		if n > 0 && len(d.unread) == 0 {
			return nil, io.EOF
		}
		n = len(d.unread)
	}
	out := d.unread[:n:n]
	d.unread = d.unread[n:]
	return out, nil
}
