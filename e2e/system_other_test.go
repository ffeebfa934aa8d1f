//go:build !unix

package e2e

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// The stories are for unix; elsewhere they compile.
func mkfifo(string) error                           { return errors.ErrUnsupported }
func ownSession() *syscall.SysProcAttr              { return nil }
func owner(os.FileInfo) (uid, gid int)              { return 0, 0 }
func closable(_ *testing.T, file *os.File) *os.File { return file }
