//go:build unix

package e2e

import (
	"os"
	"syscall"
	"testing"
)

// mkfifo makes a pipe that has a name.
func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }

// ownSession makes a process lead a session, so that it has no terminal.
func ownSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

// owner returns who owns a file.
func owner(info os.FileInfo) (uid, gid int) {
	stat := info.Sys().(*syscall.Stat_t)
	return int(stat.Uid), int(stat.Gid)
}

// closable is file in a form that is closed while somebody reads it: a terminal
// that hangs up.
func closable(t *testing.T, file *os.File) *os.File {
	t.Helper()
	fd, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), "terminal")
}
