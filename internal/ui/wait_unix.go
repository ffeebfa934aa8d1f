//go:build unix

package ui

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// waitable tells whether waitFor can be used on a file.
func waitable(fd uintptr) bool { return fd < unix.FD_SETSIZE }

// waitFor reports whether a read will not block, after at most timeout, or that
// a signal, such as of a resized window, asks for another try.
func waitFor(fd int, timeout time.Duration) (ready, again bool, err error) {
	// Not poll: on macOS it does not know terminals.
	var set unix.FdSet
	set.Set(fd)
	tv := unix.NsecToTimeval(timeout.Nanoseconds())
	n, err := unix.Select(fd+1, &set, nil, nil, &tv)
	if errors.Is(err, unix.EINTR) {
		return false, true, nil
	}
	return n > 0, false, err
}
