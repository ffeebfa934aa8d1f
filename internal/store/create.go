package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/platformctl/platformctl/internal/durable"
	"github.com/platformctl/platformctl/internal/git"
	"github.com/platformctl/platformctl/internal/platform"
)

// Create makes a platform with the first change, which holds platform.yaml
// among its Files. The directory must be absent, empty, or a git repository
// without a platform.yaml; ErrExists and ErrNotEmpty say otherwise. A creation
// that was cut short is finished by calling Create again; of several at once
// one succeeds and the others get ErrExists.
func Create(ctx context.Context, options Options, first Change) (*Store, error) {
	if options.Location.URL != "" {
		return nil, ErrRemoteUnsupported
	}
	config, err := platform.ParseConfig(platform.ConfigFile, first.Files[platform.ConfigFile])
	if err != nil {
		return nil, err
	}
	repo, err := openOrInit(options.Location.Dir, options.Bare)
	if err != nil {
		return nil, err
	}
	s := &Store{repo: repo, options: options}
	if s.branch, err = repo.Branch(); err != nil {
		return nil, err
	}
	session, err := repo.Lock(ctx)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	tip, err := s.before(config)
	if err != nil {
		return nil, err
	}
	if _, err := s.attempt(ctx, session, tip, first); err != nil {
		return nil, err
	}
	return s, nil
}

// before is the record that the first change is built on: the commits of a
// repository that was no platform yet, if any.
func (s *Store) before(config platform.Config) (*Snapshot, error) {
	tip, err := s.repo.Tip(s.branch)
	if errors.Is(err, git.ErrNoCommit) {
		return Empty(config), nil
	}
	if err != nil {
		return nil, err
	}
	snapshot, err := readSnapshot(s.repo, tip)
	switch {
	case err == nil:
		return nil, fmt.Errorf("%q: %w", s.options.Location.Dir, ErrExists)
	case !errors.Is(err, ErrNoPlatform):
		return nil, err
	}
	snapshot.config = config
	return snapshot, nil
}

// openOrInit opens the repository at dir, or makes one where nothing is.
func openOrInit(dir string, bare bool) (*git.Repo, error) {
	repo, err := git.Open(dir)
	if !errors.Is(err, git.ErrNotRepository) {
		return repo, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var leftovers []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), durable.TempPrefix) {
			return nil, fmt.Errorf("%q: %w", dir, ErrNotEmpty)
		}
		leftovers = append(leftovers, entry.Name())
	}
	repo, err = git.Init(dir, bare)
	if err != nil {
		// Another process may have been faster.
		if repo, openErr := git.Open(dir); openErr == nil {
			return repo, nil
		}
		return nil, err
	}
	for _, name := range leftovers { // of an Init that was killed
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	return repo, nil
}
