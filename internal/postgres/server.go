package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/platformctl/platformctl/internal/durable"
)

// Host is the address that servers listen on, and User the name of their
// administrator.
const (
	Host = "127.0.0.1"
	User = "platformctl"
)

// patience bounds how long a server may take to start or to stop. A server
// that takes longer goes on, and the next call waits again.
const patience = 60 * time.Second

// tempPrefix begins the names of what is being made or deleted beside the data
// directory. Whatever bears it at a start was left by a crash.
const tempPrefix = "data.tmp-"

// State says what a server is doing.
type State string

// The states of a server.
const (
	Absent   State = "absent"   // there is no data
	Stopped  State = "stopped"  // there is data and no process
	Starting State = "starting" // there is a process that does not answer: it starts, recovers or stops
	Running  State = "running"  // it answers
)

// Server is a PostgreSQL server that owns one directory of this machine. Any
// number of processes may use the same directory at once.
type Server struct {
	dir      string
	locate   LocateOptions
	fallback string // where root's data goes when namespaces are not allowed
}

// Connection says how to connect as administrator.
type Connection struct {
	Host         string
	Port         int
	User         string
	PasswordFile string
	File         string // connection.json, which says the same
	MovedFrom    int    // the former port, when another program had taken it; else 0
}

// Status is what is known about a server. Fields of a server that does not run
// are zero, apart from State, Version and DataDir.
type Status struct {
	State   State     `json:"state"`
	PID     int       `json:"pid,omitempty"`
	Port    int       `json:"port,omitempty"`
	Version string    `json:"version,omitempty"` // of the binaries last started
	DataDir string    `json:"dataDir"`
	Since   time.Time `json:"since,omitzero"`
}

// New returns the server of a directory, which need not exist. Nothing is read
// or run yet: the binaries are located only when a server has to be started.
func New(dir string, locate LocateOptions) *Server {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return &Server{dir: dir, locate: locate, fallback: "/var/lib/platformctl"}
}

// Start makes the server run and answer, initializing its directory when
// needed, and recovering it after a crash. It is idempotent, quick when the
// server runs already, and safe between processes. Errors are *NotFoundError,
// *VersionMismatchError, *PortTakenError, *StartError, or wrap [ErrDamaged] or
// what the file system said. When ctx ends during the start the server goes on
// starting.
func (s *Server) Start(ctx context.Context) (Connection, error) {
	if c, ok := s.running(ctx); ok {
		return c, nil
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return Connection{}, err
	}
	defer unlock()
	if c, ok := s.running(ctx); ok {
		return c, nil
	}
	return s.start(ctx)
}

// start is Start under the lock.
func (s *Server) start(ctx context.Context) (Connection, error) {
	rec, err := s.readRecord()
	if err != nil {
		return Connection{}, err
	}
	former := rec.Port
	found, err := examine(ctx, rec.Data)
	if err != nil {
		return Connection{}, err
	}
	password, err := s.password(found.State)
	if err != nil {
		return Connection{}, err
	}
	if found.State == Running {
		rec.Port = found.Port
		err = s.writeRecord(rec)
	} else {
		err = s.bringUp(ctx, &rec, password)
	}
	if err != nil {
		return Connection{}, err
	}
	if err := s.writeConnection(rec.Port); err != nil {
		return Connection{}, err
	}
	c := s.connection(rec.Port)
	if former != 0 && former != rec.Port {
		c.MovedFrom = former
	}
	return c, nil
}

// Status looks at the server without changing anything; it runs no program and
// takes a few milliseconds.
func (s *Server) Status(ctx context.Context) (Status, error) {
	rec, err := s.readRecord()
	if err != nil {
		return Status{}, err
	}
	found, err := examine(ctx, rec.Data)
	if err != nil {
		return Status{}, err
	}
	st := Status{State: found.State, Version: rec.Version, DataDir: rec.Data}
	if found.State == Running || found.State == Starting {
		st.PID, st.Port, st.Since = found.PID, found.Port, found.Since
	}
	return st, nil
}

// Stop ends the server: transactions that run are rolled back. A server that
// does not run is fine.
func (s *Server) Stop(ctx context.Context) error {
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return endOrphans(ctx, s.path("data")) // somebody else deleted it
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := s.readRecord()
	if err != nil {
		return err
	}
	return stop(ctx, rec.Data)
}

// Reset stops the server and deletes its directory with all data. An absent
// directory is fine.
func (s *Server) Reset(ctx context.Context) error {
	if _, err := os.Stat(s.dir); errors.Is(err, fs.ErrNotExist) {
		return endOrphans(ctx, s.path("data")) // somebody else deleted it
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	rec, err := s.readRecord()
	if err != nil {
		return err
	}
	if err := stop(ctx, rec.Data); err != nil {
		return err
	}
	// First the name, so that half a deletion does not look like a cluster.
	err = os.Rename(rec.Data, filepath.Join(filepath.Dir(rec.Data), tempPrefix+"reset"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if own := filepath.Dir(rec.Data); own != s.dir {
		if err := os.RemoveAll(own); err != nil {
			return err
		}
	}
	return os.RemoveAll(s.dir)
}

// running answers whether the server runs as recorded, by reading three files
// and asking the port.
func (s *Server) running(ctx context.Context) (Connection, bool) {
	rec, err := s.readRecord()
	if err != nil || rec.Port == 0 {
		return Connection{}, false
	}
	if port, err := s.readConnection(); err != nil || port != rec.Port {
		return Connection{}, false
	}
	found, err := examine(ctx, rec.Data)
	if err != nil || found.State != Running || found.Port != rec.Port {
		return Connection{}, false
	}
	return s.connection(rec.Port), true
}

// lock makes the directory and takes the lock beside it, which other processes
// honour. The lock file is never deleted: a deleted one would be two locks.
func (s *Server) lock(ctx context.Context) (unlock func(), err error) {
	if err := durable.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	if err := private(s.dir); err != nil {
		return nil, err
	}
	l := flock.New(s.dir+".lock", flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, fmt.Errorf("lock %q: %w", s.dir, err)
	}
	return func() { _ = l.Unlock() }, nil // the file stays; closing cannot fail usefully
}

// private takes everybody else's rights away from a directory.
func private(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 == 0 {
		return nil
	}
	return os.Chmod(dir, 0o700)
}
