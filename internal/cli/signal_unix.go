//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// signalOf returns the number of the signal that ended a child, 0 if none did.
func signalOf(exit *exec.ExitError) int {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return int(status.Signal())
	}
	return 0
}
