//go:build !unix

package terraform

import "io/fs"

// exeSuffix ends the name of a program.
const exeSuffix = ".exe"

// inodeOf returns 0: size and time have to do here.
func inodeOf(fs.FileInfo) uint64 { return 0 }
