//go:build unix

package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account says as whom PostgreSQL runs: as ourselves, as ourselves under
// another number in a user namespace, or as another user.
type account struct {
	namespace bool
	other     bool
	uid, gid  uint32 // inside the namespace, or of the other user
}

// command prepares a program that runs under the account, in a session of its
// own and with nothing of our environment but PATH.
func (a account) command(ctx context.Context, s *Server, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environment(s.locate.getenv("PATH"))
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	switch {
	case a.namespace:
		enterNamespace(cmd.SysProcAttr, a.uid, a.gid)
	case a.other:
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return cmd
}

// give makes files belong to the account.
func (a account) give(paths ...string) error {
	if !a.other {
		return nil
	}
	for _, path := range paths {
		if err := os.Lchown(path, int(a.uid), int(a.gid)); err != nil {
			return err
		}
	}
	return nil
}

// account chooses as whom to run. It moves the data of a new server when only
// another user can run it.
func (s *Server) account(ctx context.Context, b Binaries, rec *record) (account, error) {
	euid := os.Geteuid()
	if _, err := user.LookupId(strconv.Itoa(euid)); euid != 0 && err == nil {
		return account{}, nil
	}
	info, err := os.Stat(rec.Data)
	existing := err == nil
	if existing && euid == 0 {
		if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 {
			return account{other: true, uid: owner.Uid, gid: owner.Gid}, nil
		}
	}
	inside := account{namespace: true}
	inside.uid, inside.gid = knownUser()
	err = s.try(ctx, b, inside, s.dir)
	switch {
	case err == nil:
		return inside, nil
	case euid != 0:
		return account{}, nil // a user without a name; initdb will say so
	case existing:
		return account{}, &StartError{Step: "start", Err: fmt.Errorf("in a user namespace: %w", err)}
	}
	return s.otherUser(ctx, b, rec, err)
}

// otherUser prepares a directory outside ours, which may be below closed ones,
// for a user who may run PostgreSQL.
func (s *Server) otherUser(ctx context.Context, b Binaries, rec *record, cause error) (account, error) {
	sum := sha256.Sum256([]byte(s.dir))
	dir := filepath.Join(s.fallback, hex.EncodeToString(sum[:8]))
	errs := []error{fmt.Errorf("in a user namespace: %w", cause)}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		a := account{other: true}
		a.uid, a.gid = ids(u)
		if a.uid == 0 {
			continue
		}
		if err = s.prepare(dir, a); err == nil {
			err = s.try(ctx, b, a, dir)
		}
		if err == nil {
			rec.Data = filepath.Join(dir, "data")
			return a, nil
		}
		errs = append(errs, fmt.Errorf("as user %s: %w", name, err))
	}
	return account{}, &StartError{Step: "start", Err: fmt.Errorf("root cannot run PostgreSQL: %w", errors.Join(errs...))}
}

// prepare makes a directory that only the account (and root) can use.
func (s *Server) prepare(dir string, a account) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Dir(dir), 0o711); err != nil { // to be passed through
		return err
	}
	return a.give(dir)
}

// try tells whether the account can run the binaries and work in a directory.
func (s *Server) try(ctx context.Context, b Binaries, a account, dir string) error {
	if a.namespace && !namespaces {
		return errors.ErrUnsupported
	}
	cmd := a.command(ctx, s, filepath.Join(b.Dir, "postgres"), "--version")
	cmd.Dir = dir
	return cmd.Run()
}

// knownUser returns the numbers of a user other than root who has a name:
// initdb refuses to run as a user without one.
func knownUser() (uid, gid uint32) {
	for _, name := range []string{"postgres", "_postgres", "nobody", "daemon"} {
		if u, err := user.Lookup(name); err == nil {
			if uid, gid = ids(u); uid != 0 {
				return uid, gid
			}
		}
	}
	return 65534, 65534
}

func ids(u *user.User) (uid, gid uint32) {
	uid64, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid64, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if errUID != nil || errGID != nil {
		return 0, 0
	}
	return uint32(uid64), uint32(gid64)
}

// Namespace returns why root cannot run PostgreSQL in a user namespace, nil when
// it can or need not: then another user runs it, with its data elsewhere.
func (s *Server) Namespace(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return nil
	}
	b, err := Locate(ctx, s.locate)
	if err != nil {
		return nil //nolint:nilerr // without programs there is nothing to run
	}
	inside := account{namespace: true}
	inside.uid, inside.gid = knownUser()
	return s.try(ctx, b, inside, "/")
}
