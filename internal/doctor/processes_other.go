//go:build !linux

package doctor

import "errors"

// holder is a process that has locked a file.
type holder struct{ file, process string }

// lockHolders is known on Linux alone.
func lockHolders([]string) ([]holder, error) { return nil, errors.ErrUnsupported }

// gitProcesses is known on Linux alone.
func gitProcesses(string) []string { return nil }
