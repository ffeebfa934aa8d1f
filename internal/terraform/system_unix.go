//go:build unix

package terraform

import (
	"io/fs"
	"syscall"
)

// exeSuffix ends the name of a program.
const exeSuffix = ""

// inodeOf returns the number of a file, 0 when it has none.
func inodeOf(info fs.FileInfo) uint64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ino
	}
	return 0
}
