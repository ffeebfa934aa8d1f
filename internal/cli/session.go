package cli

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/durable"
	"github.com/platformctl/platformctl/internal/git"
	"github.com/platformctl/platformctl/internal/index"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/ui"
)

// session is one platform, as a command sees it. The platform may not exist
// yet: then it reads as an empty one and the first write makes it.
type session struct {
	app      *App
	home     platform.Home
	location platform.Location
	paths    platform.Paths
	settings platform.Settings
	store    *store.Store // nil: there is no platform yet
	created  bool         // by this session
	writer   string       // pseudonym of this home; "" until it is needed
}

// open finds the platform that the command is about.
func (app *App) open(ctx context.Context) (*session, error) {
	home, err := platform.HomeFrom(app.Getenv)
	if err != nil {
		return nil, err
	}
	if err := platform.CheckHome(home); err != nil {
		return nil, err
	}
	settings, err := platform.ReadSettings(home)
	if err != nil {
		return nil, err
	}
	location, found, err := platform.Locate(platform.LocateOptions{
		Flag: app.flags.Platform, Getenv: app.Getenv, WorkDir: app.Dir, Home: home, Settings: settings,
	})
	if err != nil {
		return nil, err
	}
	s := &session{app: app, home: home, location: location, settings: settings, paths: platform.PathsOf(home, location)}
	if !found {
		return s, nil
	}
	s.store, err = store.Open(ctx, s.options())
	return s, err
}

// outside is a session of no platform, for what needs this machine alone.
func (app *App) outside() (*session, error) {
	home, err := platform.HomeFrom(app.Getenv)
	if err != nil {
		return nil, err
	}
	return &session{app: app, home: home}, platform.CheckHome(home)
}

func (s *session) options() store.Options {
	return store.Options{Location: s.location, Paths: s.paths, Now: s.app.Now}
}

// Snapshot is the platform's record as it is now. Another process may have made
// the platform since this one looked.
func (s *session) Snapshot(ctx context.Context) (*store.Snapshot, error) {
	if s.store == nil {
		opened, err := store.Open(ctx, s.options())
		if errors.Is(err, store.ErrNoPlatform) {
			return store.Empty(platform.DefaultConfig(defaultName)), nil
		}
		if err != nil {
			return nil, err
		}
		s.store = opened
	}
	return s.store.Snapshot(ctx)
}

// defaultName is the name of a platform that nobody named.
const defaultName = "platform"

// Ensure makes the default platform when there is none. Two processes that do
// so at once end with the same one.
func (s *session) Ensure(ctx context.Context) error {
	if s.store != nil {
		return nil
	}
	if err := platform.MakeHome(s.home); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(s.home.Data, "platform.lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return fmt.Errorf("waiting for another process that makes the platform: %w", err)
	}
	defer func() { _ = lock.Unlock() }()
	var err error
	s.store, err = store.Open(ctx, s.options())
	if !errors.Is(err, store.ErrNoPlatform) {
		return err
	}
	return s.create(ctx, platform.DefaultConfig(defaultName))
}

// create makes the platform cfg at the session's location, with its first commit.
func (s *session) create(ctx context.Context, cfg platform.Config) error {
	actor, err := s.actor(cfg.Spec.Identify)
	if err != nil {
		return err
	}
	config, err := cfg.Marshal()
	if err != nil {
		return err
	}
	now := s.app.Now().UTC()
	ref, err := request.OwnerRef(cfg)
	if err != nil {
		return err
	}
	owner := request.TeamEntity(ref.Name, "Platform team")
	s.store, err = store.Create(ctx, s.options(), store.Change{
		Message: "platform: create " + cfg.Metadata.Name,
		Time:    now,
		Files:   map[string][]byte{"platform.yaml": config},
		Put:     []backstage.Entity{owner},
		Events: []ledger.Event{{
			ID: s.app.NewID(), Time: now, Actor: actor, Type: "platformctl.platform.created",
			Data: map[string]any{"name": cfg.Metadata.Name},
		}},
	})
	if err != nil {
		return err
	}
	s.created = true
	s.app.note("created the platform %s", s.location.Dir)
	return nil
}

// Commit writes change, into a platform that Ensure made if need be.
func (s *session) Commit(ctx context.Context, change store.Change) (store.Receipt, error) {
	if err := s.Ensure(ctx); err != nil {
		return store.Receipt{}, err
	}
	receipt, err := s.store.Commit(ctx, change)
	if receipt.Behind != nil {
		s.app.note("warning: the commit is made, but the files in %s could not be brought along: %s; the next change does it",
			s.location, ui.Escape(receipt.Behind.Error()))
	}
	return receipt, err
}

// index reads the catalog and the resources. Where nothing is kept on this
// machine yet, it keeps nothing either.
func (s *session) index() *index.Index {
	if _, err := os.Stat(s.home.Cache); err != nil {
		return index.New(s)
	}
	return index.NewCached(s, s.paths.Cache)
}

// Reserve keeps the name of a resource that is being made. Without a platform
// there is nobody to keep it from: a request makes one first, and a destroy may
// take back what is left of one that was deleted.
func (s *session) Reserve(r store.Reservation) error {
	if s.store == nil {
		return nil
	}
	return s.store.Reserve(r)
}

// Release gives a name back. Without a platform none was reserved.
func (s *session) Release(name string) error {
	if s.store == nil {
		return nil
	}
	return s.store.Release(name)
}

// capabilities are the built-in ones and those of the platform.
func (s *session) capabilities(snapshot *store.Snapshot) (capability.Set, error) {
	builtin, err := fs.Sub(s.app.Catalog, "capabilities")
	if err != nil {
		return capability.Set{}, err
	}
	own, err := snapshot.FS("capabilities")
	if err != nil {
		return capability.Set{}, err
	}
	return capability.LoadAll(builtin, own)
}

// secrets is where generated secrets live on this machine.
func (s *session) secrets() (secret.Store, error) {
	return secret.Open(s.paths.Secrets(), s.settings.Identity)
}

// actor names who runs the command: in clear when the platform says so, else a
// pseudonym that only the salt on this machine ties to a person.
func (s *session) actor(identify bool) (string, error) {
	email := git.UserEmail(s.app.Getenv)
	if email == "" {
		account, err := user.Current()
		if err != nil {
			return "", fmt.Errorf("who is asking: %w", err)
		}
		email = account.Username
	}
	if identify {
		return email, nil
	}
	salt, err := s.salt()
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(email))
	return "user-" + hex.EncodeToString(mac.Sum(nil))[:16], nil
}

// salt is the key of the pseudonyms. It is made once and never enters git.
func (s *session) salt() ([]byte, error) {
	path := filepath.Join(s.paths.Identity(), "salt")
	salt, err := readSalt(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return salt, err
	}
	salt = make([]byte, saltSize)
	if _, err := rand.Read(salt); err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	if err := os.MkdirAll(s.paths.Identity(), 0o700); err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	if err := durable.Create(path, salt, 0o600); !errors.Is(err, fs.ErrExist) {
		return salt, err
	}
	return readSalt(path) // another process was first
}

const saltSize = 32

// readSalt takes a whole salt only: with a short one a pseudonym is guessed.
func readSalt(path string) ([]byte, error) {
	salt, err := durable.ReadFile(path, saltSize)
	if err == nil && len(salt) < saltSize {
		return nil, &saltError{path}
	}
	if err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	return salt, nil
}

// note says something on stderr that is not an error.
func (app *App) note(format string, a ...any) {
	if !app.IO.Quiet {
		fmt.Fprintln(app.IO.Err, ui.Escape(fmt.Sprintf(format, a...)))
	}
}
