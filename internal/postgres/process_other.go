//go:build unix && !linux

package postgres

import (
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// namespaces tells whether this system has user namespaces at all.
const namespaces = false

func enterNamespace(*syscall.SysProcAttr, uint32, uint32) {}

// lives tells whether a process is a PostgreSQL server. Its directory cannot be
// had without root; the port that the caller asks next makes up for it.
func lives(ctx context.Context, pid int, _ string) bool {
	if pid <= 0 || !exists(pid) {
		return false
	}
	out, err := exec.CommandContext(ctx, "/bin/ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres")
}

// stranger tells whether a process is certainly not a PostgreSQL server.
func stranger(ctx context.Context, pid int, data string) bool {
	return exists(pid) && !lives(ctx, pid, data)
}

func exists(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// processesIn cannot tell here: what a killed server left behind ends by itself
// when it notices, and starts are tried until then.
func processesIn(string) []int { return nil }

// openDescriptors lists our descriptors above the standard three.
func openDescriptors() []int { return descriptorsIn("/dev/fd") }
