//go:build unix

package platform

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// homeVariable names the environment variable that holds the user's directory.
const homeVariable = "HOME"

// ownerOf returns the user id that owns the file.
func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return os.Geteuid()
}

// othersMayWrite reads the mode of a directory.
func othersMayWrite(mode fs.FileMode) bool { return mode.Perm()&0o022 != 0 }

// writable returns why files cannot be made in dir, nil when they can.
func writable(dir string) error {
	return unix.Access(dir, unix.W_OK|unix.X_OK)
}
