//go:build unix

package connection

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/platformctl/platformctl/internal/durable"
)

// TestFilesOfAConnection puts what is no file in the place of the connection
// file, the password and the certificate: nothing waits for it.
func TestFilesOfAConnection(t *testing.T) {
	read := map[string]func(path string) error{
		"connection": func(path string) error {
			_, err := Read(path)
			return err
		},
		"password": func(path string) error {
			_, err := (Server{PasswordFile: path}).Password(nil)
			return err
		},
		"certificate": func(path string) error {
			_, err := (Server{Host: "db", SSLRootCert: path}).TLS()
			return err
		},
	}
	for title, c := range map[string]struct {
		put  func(path string) error
		want error
	}{
		"B42_FIFO":        {func(path string) error { return syscall.Mkfifo(path, 0o600) }, durable.ErrNotRegular},
		"B42_zeros":       {func(path string) error { return os.Symlink("/dev/zero", path) }, durable.ErrNotRegular},
		"B42_directory":   {func(path string) error { return os.Mkdir(path, 0o700) }, durable.ErrNotRegular},
		"B42_sparse_5_GB": {func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 5<<30)) }, durable.ErrTooLarge},
	} {
		for what, try := range read {
			t.Run(title+"/"+what, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "f")
				if err := c.put(path); err != nil {
					t.Fatal(err)
				}
				if err := try(path); !errors.Is(err, c.want) {
					t.Errorf("error = %v, want %v", err, c.want)
				}
			})
		}
	}
}
