package postgres

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// namespaces tells whether this system has user namespaces at all.
const namespaces = true

// enterNamespace lets a process run in a user namespace in which we are the
// given user and group.
func enterNamespace(attr *syscall.SysProcAttr, uid, gid int) {
	attr.Cloneflags = syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: os.Getegid(), Size: 1}}
}

// lives tells whether a process is a PostgreSQL server at work in a directory.
func lives(_ context.Context, pid int, data string) bool {
	info, err := os.Stat(data)
	return err == nil && pid > 0 && worksIn(pid, info)
}

func worksIn(pid int, dir os.FileInfo) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	exe, err := os.Readlink(filepath.Join(proc, "exe")) // "… (deleted)" after an upgrade
	if err != nil || !strings.HasPrefix(filepath.Base(exe), "postgres") {
		return false
	}
	cwd, err := os.Stat(filepath.Join(proc, "cwd"))
	return err == nil && os.SameFile(cwd, dir)
}

// processesIn lists the PostgreSQL processes at work in a directory.
func processesIn(data string) []int {
	info, err := os.Stat(data)
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && worksIn(pid, info) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// openDescriptors lists our descriptors above the standard three.
func openDescriptors() []int { return descriptorsIn("/proc/self/fd") }
