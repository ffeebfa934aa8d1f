//go:build !unix

package doctor

import (
	"errors"
	"io/fs"
)

func root() bool { return false }

func owned(fs.FileInfo) bool { return true }

func writable(string) error { return nil }

func room(string) (bytes, files uint64, err error) { return 0, 0, errors.ErrUnsupported }
