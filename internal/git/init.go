package git

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/platformctl/platformctl/internal/durable"
)

// DefaultBranch is the branch of a repository that this package makes.
const DefaultBranch = "main"

// Init makes an empty repository with the branch main: bare in dir, or in
// dir/.git with dir as its working tree. It appears whole or not at all; an
// Init that was killed leaves a directory that begins with durable.TempPrefix,
// beside a bare repository, else in dir. The directory may exist; a bare one
// must be empty.
func Init(dir string, bare bool) (*Repo, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	target := dir
	if !bare {
		target = filepath.Join(dir, ".git")
	}
	if err := durable.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return nil, err
	}
	random := make([]byte, 8)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	temp := filepath.Join(filepath.Dir(target), durable.TempPrefix+hex.EncodeToString(random))
	defer func() { _ = os.RemoveAll(temp) }()
	if err := layOut(temp, bare); err != nil {
		return nil, err
	}
	// An empty directory makes way; os.Rename itself refuses any.
	if info, err := os.Lstat(target); err == nil && info.IsDir() {
		if err := os.Remove(target); err != nil {
			return nil, err
		}
	}
	if err := os.Rename(temp, target); err != nil {
		return nil, err
	}
	if err := durable.SyncDir(filepath.Dir(target)); err != nil {
		return nil, err
	}
	return Open(dir)
}

// layOut makes what git needs to see a repository.
func layOut(dir string, bare bool) error {
	for _, sub := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags"} {
		if err := durable.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o777); err != nil {
			return err
		}
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n"
	if bare {
		config += "\tbare = true\n"
	} else {
		config += "\tbare = false\n\tlogallrefupdates = true\n"
	}
	if err := durable.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o666); err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, "HEAD"), []byte(symbolic+headPrefix+DefaultBranch+"\n"), 0o666)
}
