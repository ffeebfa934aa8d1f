package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// The largest files that are read, in bytes.
const (
	Small = 1 << 20   // what people write, and our own records
	Large = 256 << 20 // what grows: states, plans, journals, the index of git
)

var (
	// ErrNotRegular says that a path leads to no regular file, but to a
	// directory, a FIFO, a socket or a device.
	ErrNotRegular = errors.New("is no regular file")
	// ErrTooLarge says that a file is larger than its reader takes.
	ErrTooLarge = errors.New("is larger than it may be")
)

// Open opens a regular file for reading. It never waits, as it would for the
// other end of a FIFO, and never reads from a device. Errors are of type
// *fs.PathError; one is ErrNotRegular.
func Open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
	if errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EOPNOTSUPP) { // a socket, on Linux and on macOS
		err = &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// ReadFile reads a regular file of at most limit bytes, from its beginning to
// its end in one go. Errors are those of Open; one more is ErrTooLarge.
func ReadFile(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	if size := info.Size(); size <= limit {
		data.Grow(int(size) + bytes.MinRead)
		_, err = data.ReadFrom(io.LimitReader(f, limit+1)) // it may have grown since
	}
	if info.Size() > limit || int64(data.Len()) > limit {
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("%w: %d bytes", ErrTooLarge, limit)}
	}
	if err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}
