//go:build unix

package secret

import (
	"fmt"
	"os"
	"syscall"
)

// private reports a path that others can reach or that another user owns.
func private(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return &UnsafeError{Path: path, Problem: fmt.Sprintf("is open to other users (mode %#o)", mode)}
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Geteuid() {
		return &UnsafeError{Path: path, Problem: fmt.Sprintf("belongs to another user (uid %d)", stat.Uid)}
	}
	return nil
}
