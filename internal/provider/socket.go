package provider

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// socketDir begins the names of the directories that hold a socket.
	socketDir = "platformctl-provider-"
	// socketName is short, because so is what a socket may be called.
	socketName = "s"
	// maxSocketPath is the shortest limit among the systems we run on.
	maxSocketPath = 103
)

// listen opens a socket in a new directory that only this user may enter.
func listen() (listener net.Listener, dir string, err error) {
	parent := os.TempDir()
	if len(parent) > maxSocketPath-len("/"+socketDir+"0123456789/"+socketName) {
		parent = "/tmp"
	}
	if dir, err = os.MkdirTemp(parent, socketDir); err != nil {
		return nil, "", err
	}
	sweep(parent, dir)
	listener, err = net.Listen("unix", filepath.Join(dir, socketName)) //nolint:noctx // a local socket, nothing to wait for
	if err != nil {
		return nil, "", errors.Join(err, os.RemoveAll(dir))
	}
	return listener, dir, nil
}

// sweep removes the directories of processes that were killed and could not.
// Nobody answers at their sockets; being older than a minute than the
// directory just made tells them from those that are about to answer.
func sweep(parent, fresh string) {
	now, err := os.Stat(fresh)
	if err != nil {
		return
	}
	names, err := fs.Glob(os.DirFS(parent), socketDir+"*") // the name of parent may look like a pattern
	if err != nil {
		return
	}
	for _, name := range names {
		dir := filepath.Join(parent, name)
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || now.ModTime().Sub(info.ModTime()) < time.Minute {
			continue
		}
		conn, err := net.Dial("unix", filepath.Join(dir, socketName)) //nolint:noctx // answers at once or not at all
		switch {
		case err == nil:
			_ = conn.Close()
		case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT):
			_ = os.RemoveAll(dir) // another user's stays, which is right
		}
	}
}
