package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/durable"
)

// TestReadSalt takes a whole salt alone: with any other, whoever knows it can
// tell whom a pseudonym stands for.
func TestReadSalt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "salt")
	if _, err := readSalt(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	for size, good := range map[int]bool{0: false, 1: false, 31: false, 32: true, 33: false} {
		if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		salt, err := readSalt(path)
		var damaged *saltError
		switch {
		case good && (err != nil || len(salt) != size):
			t.Errorf("%d bytes: %q, %v", size, salt, err)
		case !good && !errors.As(err, &damaged) && !errors.Is(err, durable.ErrTooLarge):
			t.Errorf("%d bytes: error = %v", size, err)
		}
	}
}
