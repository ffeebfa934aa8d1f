package e2e

import (
	"os"
	"syscall"
)

// asRootOfItsOwn makes a process root of a namespace in which it may mount.
func asRootOfItsOwn() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
	}
}

// withMountsOfItsOwn lets root mount without anybody else seeing it.
func withMountsOfItsOwn() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
}
