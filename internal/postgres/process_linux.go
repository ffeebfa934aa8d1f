package postgres

import (
	"context"
	"errors"
	"io/fs"
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
func enterNamespace(attr *syscall.SysProcAttr, uid, gid uint32) {
	attr.Cloneflags = syscall.CLONE_NEWUSER
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: int(uid), HostID: os.Geteuid(), Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: int(gid), HostID: os.Getegid(), Size: 1}}
}

// lives tells whether a process is a PostgreSQL server at work in a directory.
func lives(_ context.Context, pid int, data string) bool {
	info, err := os.Stat(data)
	return err == nil && pid > 0 && worksIn(pid, data, info)
}

// stranger tells whether there is a process which is certainly not a PostgreSQL
// server at work in a directory.
func stranger(_ context.Context, pid int, data string) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	if _, err := os.Stat(proc); err != nil {
		return false
	}
	exe, err := os.Readlink(filepath.Join(proc, "exe"))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) // it has ended, and its parent does not care
	}
	if !isPostgres(exe) {
		return true
	}
	cwd, cwdErr := os.Stat(filepath.Join(proc, "cwd"))
	info, err := os.Stat(data)
	return cwdErr == nil && err == nil && !os.SameFile(cwd, info)
}

// worksIn tells whether a process is PostgreSQL at work in a directory, or in
// one that was at the same path and was deleted under it.
func worksIn(pid int, data string, info os.FileInfo) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	exe, err := os.Readlink(filepath.Join(proc, "exe"))
	if err != nil || !isPostgres(exe) {
		return false
	}
	link := filepath.Join(proc, "cwd")
	if path, err := os.Readlink(link); err == nil && path == data+" (deleted)" {
		return true
	}
	cwd, err := os.Stat(link)
	return err == nil && info != nil && os.SameFile(cwd, info)
}

// isPostgres looks at the program of a process, as Linux shows it: after an
// upgrade the file is deleted.
func isPostgres(exe string) bool {
	return filepath.Base(strings.TrimSuffix(exe, " (deleted)")) == "postgres"
}

// processesIn lists the PostgreSQL processes at work in a directory.
func processesIn(data string) []int {
	info, err := os.Stat(data)
	if err != nil {
		info = nil // there may still be processes that worked in it
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && worksIn(pid, data, info) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// openDescriptors lists our descriptors above the standard three.
func openDescriptors() []int { return descriptorsIn("/proc/self/fd") }
