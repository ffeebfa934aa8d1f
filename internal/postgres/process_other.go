//go:build unix && !linux

package postgres

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// namespaces tells whether this system has user namespaces at all.
const namespaces = false

func enterNamespace(*syscall.SysProcAttr, int, int) {}

// lives tells whether a process is a PostgreSQL server. Its directory cannot be
// had without root; the port that the caller asks next makes up for it.
func lives(ctx context.Context, pid int, _ string) bool {
	if pid <= 0 || !exists(pid) {
		return false
	}
	out, err := exec.CommandContext(ctx, "/bin/ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.Contains(string(out), "postgres")
}

// processesIn cannot tell here: what a killed server left behind ends by itself
// when it notices, and starts are tried until then.
func processesIn(string) []int { return nil }

// openDescriptors lists our descriptors above the standard three.
func openDescriptors() []int { return descriptorsIn("/dev/fd") }
