package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/gofrs/flock"

	"github.com/platformctl/platformctl/internal/durable"
)

// A value is one file: a line of text in <ref>.plain, or that line encrypted
// in <ref>.age. The suffixes keep the references "a" and "a/b" apart.
const (
	plainSuffix = ".plain"
	ageSuffix   = ".age"
	lockName    = ".lock"
	maxValue    = 64 << 10
)

// A writer waits for the others, each of which takes milliseconds: this long,
// asking this often.
const (
	patience = 10 * time.Second
	pause    = 10 * time.Millisecond
)

type files struct {
	dir        string
	identities []age.Identity
	recipients []age.Recipient
	patience   time.Duration
}

var _ Store = (*files)(nil)

// Open returns the store in dir. New values are plain files of mode 0600, or
// encrypted to every X25519 identity in identityFile when that is not empty;
// plain values from before are still read. Nothing is written, and dir itself
// is not created, before the first GetOrCreate.
//
// A dir or an identity file that others can read, or that another user owns,
// is refused with an *UnsafeError, here and later. A writer that another
// process keeps waiting for long gets a *LockedError.
func Open(dir, identityFile string) (Store, error) {
	s := &files{dir: dir, patience: patience}
	if err := s.check(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if identityFile != "" {
		if err := s.readIdentities(identityFile); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *files) Get(ref string) (string, error) {
	if err := CheckRef(ref); err != nil {
		return "", err
	}
	err := s.check()
	if errors.Is(err, fs.ErrNotExist) {
		return "", notFound(ref)
	}
	if err != nil {
		return "", err
	}
	return s.read(ref)
}

func (s *files) GetOrCreate(ref string) (string, error) {
	if err := CheckRef(ref); err != nil {
		return "", err
	}
	if err := durable.MkdirAll(s.dir, 0o700); err != nil {
		return "", err
	}
	unlock, err := s.lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	value, err := s.read(ref)
	if errors.Is(err, ErrNotFound) {
		err = s.write(ref, generate())
		if err != nil && !errors.Is(err, fs.ErrExist) { // a file system whose locks do not hold
			return "", fmt.Errorf("write secret %q: %w", ref, err)
		}
		value, err = s.read(ref)
	}
	if err != nil {
		return "", err
	}
	return value, s.sync(ref)
}

func (s *files) Delete(ref string) error {
	if err := CheckRef(ref); err != nil {
		return err
	}
	err := s.check()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	unlock, err := s.lock()
	if err != nil {
		return err
	}
	defer unlock()
	for _, suffix := range []string{plainSuffix, ageSuffix} {
		if err := os.Remove(s.path(ref, suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := s.sync(ref); err != nil {
		return err
	}
	s.prune(ref)
	return nil
}

// prune removes the directories of ref that are empty now. They hold nothing, so
// nothing is lost when a crash brings them back. A writer makes them again,
// under the same lock.
func (s *files) prune(ref string) {
	for dir := filepath.Dir(s.path(ref, "")); dir != filepath.Clean(s.dir); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return // it holds another
		}
	}
}

// sync makes the present state of ref durable, also when nothing was changed:
// whoever changed it may have been killed before this.
func (s *files) sync(ref string) error {
	err := durable.SyncDir(filepath.Dir(s.path(ref, plainSuffix)))
	if errors.Is(err, fs.ErrNotExist) { // nothing was ever there
		return nil
	}
	return err
}

// lock keeps other writers out: only one lock covers both forms of a value and
// the time between a deletion and its fsync.
func (s *files) lock() (unlock func(), err error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	l := flock.New(filepath.Join(s.dir, lockName), flock.SetPermissions(0o600))
	for waited := time.Duration(0); ; waited += pause {
		held, err := l.TryLock()
		switch {
		case err != nil:
			return nil, fmt.Errorf("lock secrets: %w", err)
		case held:
			return func() { _ = l.Unlock() }, nil
		case waited >= s.patience:
			return nil, &LockedError{Path: l.Path()}
		}
		time.Sleep(pause)
	}
}

func (s *files) path(ref, suffix string) string {
	return filepath.Join(s.dir, filepath.FromSlash(ref)+suffix)
}

func (s *files) read(ref string) (string, error) {
	data, err := readLimited(s.path(ref, ageSuffix))
	if err == nil {
		if data, err = s.decrypt(ref, data); err != nil {
			return "", err
		}
		return parse(ref, data)
	}
	if errors.Is(err, fs.ErrNotExist) {
		data, err = readLimited(s.path(ref, plainSuffix))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", notFound(ref)
	}
	if err != nil {
		return "", fmt.Errorf("read secret %q: %w", ref, err)
	}
	return parse(ref, data)
}

func (s *files) write(ref, value string) error {
	data, suffix := []byte(value+"\n"), plainSuffix
	if len(s.recipients) > 0 {
		encrypted, err := encrypt(data, s.recipients)
		if err != nil {
			return err
		}
		data, suffix = encrypted, ageSuffix
	}
	path := s.path(ref, suffix)
	if err := durable.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return durable.Create(path, data, 0o600)
}

// parse returns the one line that data holds. The line end is optional, as a
// person may have put the file there; anything else that a password file could
// not carry through a shell, a URL and SQL is damage.
func parse(ref string, data []byte) (string, error) {
	value := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	switch {
	case value == "":
		return "", &DamagedError{Ref: ref, Problem: "empty"}
	case len(data) > maxValue:
		return "", &DamagedError{Ref: ref, Problem: fmt.Sprintf("longer than %d bytes", maxValue)}
	case !utf8.ValidString(value):
		return "", &DamagedError{Ref: ref, Problem: "not UTF-8"}
	case strings.ContainsFunc(value, unicode.IsControl):
		return "", &DamagedError{Ref: ref, Problem: "holds a control character or more than one line"}
	}
	return value, nil
}

// readLimited returns at most one byte more than a value may have.
func readLimited(path string) ([]byte, error) {
	f, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxValue+1))
}

func encrypt(data []byte, recipients []age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func (s *files) decrypt(ref string, data []byte) ([]byte, error) {
	if len(s.identities) == 0 {
		return nil, fmt.Errorf("%q: %w", ref, ErrNoIdentity)
	}
	r, err := age.Decrypt(bytes.NewReader(data), s.identities...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, fmt.Errorf("%q: %w", ref, ErrWrongIdentity)
	}
	if err != nil {
		return nil, &DamagedError{Ref: ref, Problem: "not an age file: " + err.Error()}
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, &DamagedError{Ref: ref, Problem: err.Error()}
	}
	return plain, nil
}

func (s *files) readIdentities(path string) error {
	if err := private(path); err != nil {
		return fmt.Errorf("identity file: %w", err)
	}
	data, err := durable.ReadFile(path, durable.Small)
	if err != nil {
		return fmt.Errorf("identity file: %w", err)
	}
	if s.identities, err = age.ParseIdentities(bytes.NewReader(data)); err != nil {
		return fmt.Errorf("identity file %q: %w", path, err)
	}
	for i, identity := range s.identities {
		x, ok := identity.(*age.X25519Identity)
		if !ok {
			return fmt.Errorf("identity file %q: identity %d is not of type X25519", path, i+1)
		}
		s.recipients = append(s.recipients, x.Recipient())
	}
	return nil
}

// check reports a store that is absent (fs.ErrNotExist), open to others or no
// directory.
func (s *files) check() error {
	info, err := os.Stat(s.dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &UnsafeError{Path: s.dir, Problem: "is not a directory"}
	}
	return private(s.dir)
}
