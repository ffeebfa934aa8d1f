package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	mathrand "math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
	"github.com/platformctl/platformctl/internal/git"
)

// maxAttempts bounds how often a commit is built anew because somebody moved
// the branch: writers of this program queue, so only git itself can.
const maxAttempts = 20

// Commit carries out change as one commit on the tip of the branch and returns
// when it is on disk. Writers wait for each other, within this process and
// between processes, until ctx ends. On error nothing was changed, unless only
// the last fsync failed. A change that changes nothing makes no commit.
//
// In a directory with a working tree the changed paths are brought along. A
// path of the change that a person edited and did not commit is a
// [*DirtyError]; other edits are left alone. Other errors: what change.Check
// returned, [*ChangeError], [*BranchError], [*BusyError], [*LockedError].
func (s *Store) Commit(ctx context.Context, change Change) (Receipt, error) {
	session, err := s.repo.Lock(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer session.Close()
	for range maxAttempts {
		tip, err := s.Snapshot(ctx)
		if err != nil {
			return Receipt{}, err
		}
		receipt, err := s.attempt(ctx, session, tip, change)
		if !errors.Is(err, git.ErrMoved) {
			return receipt, err
		}
		if err := pause(ctx); err != nil {
			return Receipt{}, err
		}
	}
	return Receipt{}, fmt.Errorf("the branch moved %d times while the change was made", maxAttempts)
}

// pause waits a random moment, so that two writers do not keep step.
func pause(ctx context.Context) error {
	select {
	case <-time.After(time.Millisecond + mathrand.N(20*time.Millisecond)): //nolint:gosec // no secret
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// attempt makes the commit on one tip.
func (s *Store) attempt(ctx context.Context, session *git.Session, tip *Snapshot, change Change) (Receipt, error) {
	if change.Check != nil {
		if err := change.Check(tip); err != nil {
			return Receipt{}, err
		}
	}
	if change.Time.IsZero() {
		change.Time = s.options.Now()
	}
	if change.Author == (Author{}) {
		change.Author = Author{Name: "platformctl", Email: "platformctl@localhost"}
	}
	e := &editor{tip: tip, change: change, repo: s.repo}
	if len(change.Events) > 0 {
		var err error
		if e.writer, err = s.writer(); err != nil {
			return Receipt{}, err
		}
	}
	if err := e.run(); err != nil {
		return Receipt{}, err
	}
	result, err := session.Commit(ctx, git.NewCommit{
		Branch: s.branch, Parent: tip.commit, Edits: e.edits,
		Name: change.Author.Name, Email: change.Author.Email,
		Time: change.Time, Message: change.Message, Trial: change.Trial,
	})
	if path, wrong := errors.AsType[*git.PathError](err); wrong {
		err = &ChangeError{path.Path, path.Problem}
	}
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Commit: result.Commit.String(), Events: e.sealed, Behind: result.Behind}, nil
}

// writerFile keeps the pseudonym that names this user's ledger chain. It is
// random: it tells nothing of the machine or the user.
const writerFile = "writer"

func (s *Store) writer() (string, error) { return Writer(s.options, true) }

// Writer returns the pseudonym of this user's home for the platform of options.
// Unless it is to be made, it is "" where there is none yet.
func Writer(options Options, create bool) (string, error) {
	if options.Writer != "" {
		return options.Writer, nil
	}
	path := filepath.Join(options.Paths.Data, writerFile)
	data, err := durable.ReadFile(path, durable.Small)
	if errors.Is(err, fs.ErrNotExist) {
		if !create {
			return "", nil
		}
		random := make([]byte, 6)
		if _, err := rand.Read(random); err != nil {
			return "", err
		}
		if err := durable.MkdirAll(options.Paths.Data, 0o700); err != nil {
			return "", err
		}
		err = durable.Create(path, []byte(hex.EncodeToString(random)+"\n"), 0o600)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return "", err
		}
		data, err = durable.ReadFile(path, durable.Small) // of several processes one won
	}
	if err != nil {
		return "", err
	}
	writer := strings.TrimSuffix(string(data), "\n")
	if !writerForm.MatchString(writer) {
		return "", fmt.Errorf("%q holds no name of a ledger writer", path)
	}
	return writer, nil
}

var writerForm = regexp.MustCompile(`^[0-9a-f]{12}$`)
