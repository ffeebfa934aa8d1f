//go:build unix

package durable_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/platformctl/platformctl/internal/durable"
)

// TestReadFileRefuses holds that nothing but a regular file of a bounded size
// is read, and that nothing is waited for: a read that blocks ends the test.
func TestReadFileRefuses(t *testing.T) {
	for title, c := range map[string]struct {
		make func(path string) error
		want error
	}{
		"B42_absent":    {func(string) error { return nil }, fs.ErrNotExist},
		"B42_directory": {func(path string) error { return os.Mkdir(path, 0o700) }, durable.ErrNotRegular},
		"B42_FIFO":      {func(path string) error { return syscall.Mkfifo(path, 0o600) }, durable.ErrNotRegular},
		"B42_link_to_FIFO": {func(path string) error {
			return errors.Join(syscall.Mkfifo(path+"x", 0o600), os.Symlink(path+"x", path))
		}, durable.ErrNotRegular},
		"B42_zeros":        {func(path string) error { return os.Symlink("/dev/zero", path) }, durable.ErrNotRegular},
		"B42_terminal":     {func(path string) error { return os.Symlink("/dev/ptmx", path) }, durable.ErrNotRegular},
		"B42_link_loop":    {func(path string) error { return os.Symlink(path, path) }, syscall.ELOOP},
		"B42_sparse_5_GB":  {func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 5<<30)) }, durable.ErrTooLarge},
		"B42_one_too_many": {func(path string) error { return os.WriteFile(path, []byte("12345678901"), 0o600) }, durable.ErrTooLarge},
	} {
		t.Run(title, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			data, err := durable.ReadFile(path, 10)
			var named *fs.PathError
			if !errors.Is(err, c.want) || !errors.As(err, &named) || named.Path != path || len(data) > 0 {
				t.Errorf("ReadFile = %q, %v; want an error of the path that is %v", data, err, c.want)
			}
		})
	}
}

func TestReadFileRefusesSockets(t *testing.T) {
	t.Chdir(t.TempDir()) // the path of a socket is short
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", "f")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if _, err := durable.ReadFile("f", 10); !errors.Is(err, durable.ErrNotRegular) {
		t.Errorf("ReadFile of a socket = %v, want ErrNotRegular", err)
	}
}

// TestReadFileOfNoSize reads what is longer than it says.
func TestReadFileOfNoSize(t *testing.T) {
	const path = "/proc/self/maps"
	if _, err := os.Stat(path); err != nil {
		return // there are such files on Linux
	}
	if _, err := durable.ReadFile(path, 10); !errors.Is(err, durable.ErrTooLarge) {
		t.Errorf("ReadFile = %v, want ErrTooLarge", err)
	}
	if data, err := durable.ReadFile(path, durable.Small); err != nil || len(data) <= 10 {
		t.Errorf("ReadFile = %q, %v", data, err)
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	for _, want := range []string{"", "x", "0123456789"} {
		if err := os.WriteFile(path, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		if data, err := durable.ReadFile(path, 10); err != nil || string(data) != want {
			t.Errorf("ReadFile = %q, %v; want %q", data, err, want)
		}
	}
}
