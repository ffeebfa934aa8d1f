//go:build !unix

package cli

import "os/exec"

// signalOf returns 0: there are no signals here.
func signalOf(*exec.ExitError) int { return 0 }
