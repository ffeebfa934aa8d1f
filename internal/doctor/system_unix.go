//go:build unix

package doctor

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

func root() bool { return os.Geteuid() == 0 }

// owned reports whether this user owns the file.
func owned(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return known && int(stat.Uid) == os.Geteuid()
}

// writable returns why files cannot be made in dir, nil when they can.
func writable(dir string) error { return unix.Access(dir, unix.R_OK|unix.W_OK|unix.X_OK) }

// room is how many bytes and files this user may still write where dir is.
func room(dir string) (bytes, files uint64, err error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, 0, err
	}
	files = uint64(stat.Ffree) //nolint:unconvert,nolintlint // signed on some systems
	if stat.Files == 0 {
		files = 1 // a file system without a limit of its own
	}
	return uint64(stat.Bavail) * uint64(stat.Bsize), files, nil //nolint:gosec,unconvert,nolintlint // the types differ between systems
}
