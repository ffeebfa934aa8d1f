package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestMain makes two programs of the test binary: Terraform starts it as the
// provider, and the tests run against one PostgreSQL server of their own.
func TestMain(m *testing.M) {
	if os.Getenv("TF_PLUGIN_MAGIC_COOKIE") != "" {
		if err := Serve(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(withServer(m))
}

// pg is the server of the tests. It logs every statement.
var pg testServer

type testServer struct {
	dir, bin string
	port     int
	password string
	process  *exec.Cmd
	uid, gid int // of the user that it runs as, for root
}

func withServer(m *testing.M) int {
	if err := pg.start(); err != nil {
		fmt.Fprintln(os.Stderr, "starting PostgreSQL for the tests:", err)
		pg.stop()
		return 1
	}
	defer pg.stop()
	return m.Run()
}

func (s *testServer) start() error {
	bins, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		bins = append(bins, path)
	}
	if err != nil || len(bins) == 0 {
		return errors.New("initdb is not installed")
	}
	slices.Sort(bins)
	s.bin = filepath.Dir(bins[len(bins)-1])
	if s.dir, err = os.MkdirTemp("", "provider-test-"); err != nil {
		return err
	}
	s.password = "admin:@/?#'\\ %"
	if err := os.WriteFile(s.passwordFile(), []byte(s.password+"\n"), 0o600); err != nil {
		return err
	}
	credential, err := s.credential()
	if err != nil {
		return err
	}
	initdb := exec.Command(filepath.Join(s.bin, "initdb"), "-D", filepath.Join(s.dir, "data"), "-U", "postgres", "-E", "UTF8",
		"--locale=C", "--auth=scram-sha-256", "--pwfile="+s.passwordFile(), "--no-sync")
	initdb.SysProcAttr = credential
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	for range 5 {
		if err = s.run(credential); err == nil {
			return nil
		}
	}
	return err
}

// run starts the server on a port that is free at this moment.
func (s *testServer) run(credential *syscall.SysProcAttr) error {
	s.port = freePort()
	log, err := os.OpenFile(s.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	s.process = exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"),
		"-c", "port="+strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "log_statement=all", "-c", "log_min_messages=debug1", "-c", "fsync=off", "-c", "shared_buffers=16MB")
	s.process.Stdout, s.process.Stderr = log, log
	s.process.SysProcAttr = credential
	if err := s.process.Start(); err != nil {
		return err
	}
	for range 100 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		conn, err := pgx.ConnectConfig(ctx, s.config("postgres", s.password, "postgres"))
		if err == nil {
			cancel()
			closing(conn)
			return nil
		}
		cancel()
		time.Sleep(50 * time.Millisecond)
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	text, _ := os.ReadFile(s.logFile())
	return fmt.Errorf("it does not answer: %s", text)
}

func (s *testServer) stop() {
	if s.process != nil && s.process.Process != nil {
		_ = s.process.Process.Signal(syscall.SIGQUIT) // at once: nobody needs the data
		_ = s.process.Wait()
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

// credential makes the server run as another user when the tests run as root,
// which PostgreSQL refuses to.
func (s *testServer) credential() (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	name := "postgres"
	if _, err := user.Lookup(name); err != nil {
		name = "nobody"
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	s.uid, s.gid = int(uid), int(gid)
	for _, path := range []string{s.dir, s.passwordFile()} {
		if err := s.own(path); err != nil {
			return nil, err
		}
	}
	return asUser(uint32(uid), uint32(gid)), nil
}

// own gives path to the user that the server runs as.
func (s *testServer) own(path string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return os.Chown(path, s.uid, s.gid)
}

func (s *testServer) passwordFile() string { return filepath.Join(s.dir, "password") }

func (s *testServer) logFile() string { return filepath.Join(s.dir, "log") }

// config is how a client other than the provider connects.
func (s *testServer) config(user, password, database string) *pgx.ConnConfig {
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		panic(err)
	}
	config.Host, config.Port = "127.0.0.1", uint16(s.port)
	config.User, config.Password, config.Database = user, password, database
	return config
}

func freePort() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
