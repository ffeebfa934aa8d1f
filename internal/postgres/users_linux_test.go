package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asUser lets a stand-in process run as another user in a directory of that
// user below one of mode 0700.
func asUser(t *testing.T, s *Server, uid uint32) *exec.Cmd {
	t.Helper()
	cmd := other(t, "start", s)
	home := filepath.Dir(s.dir)
	bin := filepath.Join(filepath.Dir(home), "stand-in")
	data, err := os.ReadFile(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bin, data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(filepath.Dir(home)), 0o755); err != nil { // of t.TempDir
		t.Fatal(err)
	}
	if err := os.Chown(home, int(uid), int(uid)); err != nil {
		t.Fatal(err)
	}
	cmd.Path = bin
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	return cmd
}

func TestUnprivilegedUsers(t *testing.T) {
	needsRoot(t)
	tests := map[string]uint32{"a user": 65534, "a user without a name": 54321}
	for name, uid := range tests {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			a := ask(t, asUser(t, s, uid))
			if a.Error != "" {
				t.Fatal(a.Error)
			}
			info, err := os.Stat(s.path("data/PG_VERSION"))
			if err != nil {
				t.Fatal(err)
			}
			if got := info.Sys().(*syscall.Stat_t).Uid; got != uid {
				t.Errorf("the data belongs to user %d, want %d", got, uid)
			}
			query(t, a.Connection, "SELECT 'fine'")
		})
	}
}

// Below a directory of mode 0700 root needs a namespace, and its files stay
// root's own.
func TestRoot(t *testing.T) {
	needsRoot(t)
	s := newServer(t)
	start(t, s)
	if st := status(t, s); ownerOf(t, s.path("data")) != 0 || ownerOf(t, "/proc/"+strconv.Itoa(st.PID)) != 0 {
		t.Errorf("the data or the process %d is not root's", st.PID)
	}
}

func TestRootWithoutNamespaces(t *testing.T) {
	needsRoot(t)
	s := newServer(t)
	if err := os.Chmod(filepath.Dir(filepath.Dir(filepath.Dir(s.dir))), 0o711); err != nil { // of t.TempDir
		t.Fatal(err)
	}
	cmd := other(t, "start without namespaces", s)
	all := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 65536}}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER, UidMappings: all, GidMappings: all, GidMappingsEnableSetgroups: true,
	}
	a := ask(t, cmd)
	if a.Error != "" {
		t.Fatal(a.Error)
	}
	if !strings.HasPrefix(a.Status.DataDir, s.fallback) || ownerOf(t, a.Status.DataDir) == 0 {
		t.Errorf("the data is in %q of user %d", a.Status.DataDir, ownerOf(t, a.Status.DataDir))
	}
	c := a.Connection
	execute(t, c, "CREATE TABLE kept AS SELECT 42 AS n")
	kill(t, status(t, s).PID)
	if diff := cmp.Diff(c, start(t, s)); diff != "" { // namespaces would be allowed by now
		t.Errorf("Start() after kill -9 (-before +after):\n%s", diff)
	}
	if got := query(t, c, "SELECT n::text FROM kept"); got != "42" {
		t.Errorf("the data is %q", got)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(a.Status.DataDir)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Reset() left the data: %v", err)
	}
}

func TestDisks(t *testing.T) {
	for role, want := range map[string]answer{
		"start on a full disk":      {NoSpace: true},
		"restart on a full disk":    {NoSpace: true},
		"start on a read-only disk": {ReadOnly: true},
	} {
		t.Run(role, func(t *testing.T) {
			cmd := other(t, role, newServer(t))
			cmd.SysProcAttr = &syscall.SysProcAttr{
				Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
				UidMappings: []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}},
				GidMappings: []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}},
			}
			a := ask(t, cmd)
			t.Log(a.Error)
			if a.NoSpace != want.NoSpace || a.ReadOnly != want.ReadOnly || a.Error == "" || strings.Contains(a.Error, "mount") {
				t.Errorf("Start() = %q, want %+v", a.Error, want)
			}
			if a.Status.State == Running {
				t.Errorf("Status() = %+v", a.Status)
			}
		})
	}
}

// startOnDisk starts a server on a disk of its own, which needs a mount
// namespace.
func startOnDisk(ctx context.Context, s *Server, role string) error {
	home := filepath.Dir(s.dir)
	options := map[string]string{
		"start on a full disk": "size=8m", "restart on a full disk": "size=200m", "start on a read-only disk": "ro",
	}[role]
	if err := syscall.Mount("none", home, "tmpfs", 0, options); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	_, err := s.Start(ctx)
	if err != nil || !strings.HasPrefix(role, "restart") {
		return err
	}
	if err := s.Stop(ctx); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	if err := os.WriteFile(filepath.Join(home, "filler"), make([]byte, 200<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("fill the disk: %w", err)
	}
	_, err = s.Start(ctx)
	return err
}

// Only a program of this very name is ever signalled.
func TestIsPostgres(t *testing.T) {
	for exe, want := range map[string]bool{
		"/usr/lib/postgresql/15/bin/postgres": true, "/opt/bin/postgres (deleted)": true,
		"/tmp/postgres.test": false, "/usr/bin/postgres_exporter": false, "/bin/sleep": false, "": false,
	} {
		if got := isPostgres(exe); got != want {
			t.Errorf("isPostgres(%q) = %v, want %v", exe, got, want)
		}
	}
}

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("changes its user, which only root can; all other tests ran as an ordinary user")
	}
}

func ownerOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}
