package cli

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/durable"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/ui"
)

// warnOfEdits says that a person's edits in the platform's directory do not
// count until they are committed.
func (s *session) warnOfEdits(ctx context.Context) error {
	snapshot, err := s.Snapshot(ctx)
	if err != nil || s.location.Dir == "" || snapshot.Hash() == "" {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.location.Dir, ".git")); err != nil {
		return nil //nolint:nilerr // a bare repository has no files to edit
	}
	for _, dir := range []string{".", platform.CapabilitiesDir} {
		committed, err := snapshot.FS(dir)
		if err != nil {
			continue
		}
		for _, path := range editable(committed, filepath.Join(s.location.Dir, dir), dir) {
			s.app.note("warning: %s is edited and not committed: the commit counts", ui.Escape(path))
		}
	}
	return nil
}

// editable compares the files that a person writes with the committed ones, and
// returns those that differ: platform.yaml, and each capability.yaml.
func editable(committed fs.FS, dir, name string) []string {
	pattern := platform.ConfigFile
	if name != "." {
		pattern = "*/" + capability.FileName
	}
	// Not filepath.Glob: the name of dir may look like a pattern.
	onDisk, _ := fs.Glob(os.DirFS(dir), pattern)
	inCommit, _ := fs.Glob(committed, pattern)
	seen := map[string]bool{}
	var differ []string
	for _, path := range onDisk {
		seen[path] = true
		want, errWant := fs.ReadFile(committed, path)
		have, errHave := durable.ReadFile(filepath.Join(dir, filepath.FromSlash(path)), durable.Large)
		if errWant != nil || errHave != nil || !bytes.Equal(want, have) {
			differ = append(differ, filepath.Join(name, path))
		}
	}
	for _, path := range inCommit {
		if !seen[path] {
			differ = append(differ, filepath.Join(name, path))
		}
	}
	return differ
}
