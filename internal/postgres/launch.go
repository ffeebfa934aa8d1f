//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
)

// logName is the log, in the server's directory.
const logName = "log"

// maxLog is the size at which a log is put aside before a start.
const maxLog = 10 << 20

// launcher initializes and runs the server of one data directory.
type launcher struct {
	server   *Server
	binaries Binaries
	as       account
	rec      *record
}

// bringUp starts a server that does not run. It fills in the record.
func (s *Server) bringUp(ctx context.Context, rec *record, password string) error {
	b, err := s.binaries(ctx, rec.Data)
	if err != nil {
		return err
	}
	as, err := s.account(ctx, b, rec)
	if err != nil {
		return err
	}
	rec.Version = b.Version
	if err := s.writeRecord(*rec); err != nil {
		return err
	}
	l := launcher{server: s, binaries: b, as: as, rec: rec}
	if err := l.initialize(ctx, password); err != nil {
		return err
	}
	return l.run(ctx)
}

// command prepares a program of the installation. It gets a session of its own,
// so that neither Ctrl-C nor a closed terminal reaches it, and no variable of
// ours but PATH.
func (l launcher) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return l.as.command(ctx, l.server, filepath.Join(l.binaries.Dir, name), args...)
}

// initialize makes the data directory when there is none. A killed attempt
// leaves nothing that looks like one.
func (l launcher) initialize(ctx context.Context, password string) error {
	root := filepath.Dir(l.rec.Data)
	leftovers, err := filepath.Glob(filepath.Join(globEscape(root), tempPrefix+"*"))
	if err != nil {
		return err
	}
	for _, path := range leftovers {
		_ = os.RemoveAll(path) // a killed initdb may still be writing; the next start tries again
	}
	if major, err := majorOf(l.rec.Data); err != nil || major != 0 {
		return err
	}
	tmp, err := os.MkdirTemp(root, tempPrefix)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }() // renamed on success; else the next start tries again
	secret := filepath.Join(tmp, "password")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		return err
	}
	if err := l.as.give(tmp, secret); err != nil {
		return err
	}
	data := filepath.Join(tmp, "data")
	if err := l.initdb(ctx, data, secret); err != nil {
		return err
	}
	if err := os.Rename(data, l.rec.Data); err != nil {
		return err
	}
	return durable.SyncDir(root)
}

// initdb runs initdb, which flushes what it made to the disk.
func (l launcher) initdb(ctx context.Context, data, passwordFile string) error {
	var output []byte
	var err error
	for _, locale := range []string{"C.UTF-8", "C"} {
		cmd := l.command(ctx, "initdb", "--pgdata="+data, "--username="+User, "--pwfile="+passwordFile,
			"--auth=scram-sha-256", "--encoding=UTF8", "--locale="+locale, "--data-checksums")
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // it cleans up
		cmd.WaitDelay = 10 * time.Second
		output, err = cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !strings.Contains(string(output), "locale name") { // "invalid locale name", in all versions
			break
		}
	}
	return newStartError("initialize", string(output), err)
}

// run starts the server and returns when it answers. What a crash left behind
// is cleared away, a port that was lost replaced.
func (l launcher) run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var child *child
	for {
		found, err := examine(ctx, l.rec.Data)
		if err != nil {
			return err
		}
		if found.State == Running {
			l.rec.Port = found.Port
			return l.server.writeRecord(*l.rec)
		}
		if found.State == Stopped && child == nil {
			if child, err = l.launch(ctx, found); err != nil {
				return err
			}
		}
		pause := time.NewTimer(10 * time.Millisecond)
		select {
		case <-pause.C:
		case <-ctx.Done():
			return l.failed(child, ctx.Err())
		case err := <-child.done():
			if !child.transient() && free(ctx, l.rec.Port) {
				if full(l.server.dir) { // then the log does not say it
					err = syscall.ENOSPC
				}
				return l.failed(child, err)
			}
			child = nil
			_ = sleep(ctx, 200*time.Millisecond) // the end of ctx is seen in the next round
		}
		pause.Stop()
	}
}

// failed is the error of a start that child, which may be nil, did not finish.
func (l launcher) failed(child *child, err error) error {
	failure := newStartError("start", child.output(), err)
	failure.LogFile = l.server.path(logName)
	return failure
}

// launch starts the server process, after clearing away what hinders it.
func (l launcher) launch(ctx context.Context, found postmaster) (*child, error) {
	if err := endOrphans(ctx, l.rec.Data); err != nil {
		return nil, err
	}
	if found.PID > 0 && stranger(ctx, found.PID, l.rec.Data) {
		// The number belongs to another program by now. PostgreSQL would
		// believe that it is the server and refuse to start.
		if err := os.Remove(filepath.Join(l.rec.Data, "postmaster.pid")); err != nil {
			return nil, err
		}
	}
	if err := l.choosePort(ctx); err != nil {
		return nil, err
	}
	log, err := l.openLog()
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the server has its own descriptor
	start, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	cmd := l.command(context.WithoutCancel(ctx), "postgres", l.settings()...)
	cmd.Stdout, cmd.Stderr = log, log
	reopen := sealDescriptors()
	err = cmd.Start()
	reopen()
	if err != nil {
		return nil, &StartError{Step: "start", Err: err}
	}
	c := &child{log: log.Name(), from: start, exited: make(chan error, 1)}
	go func() { c.exited <- cmd.Wait() }()
	return c, nil
}

// settings are the arguments of the server. They are given at each start and
// not written into the cluster, so that nothing can change them.
func (l launcher) settings() []string {
	args := []string{"-D", l.rec.Data}
	for _, setting := range []string{
		"port=" + strconv.Itoa(l.rec.Port),
		"listen_addresses=" + Host,
		"unix_socket_directories=", // their paths end at 107 bytes
		"password_encryption=scram-sha-256",
		"max_connections=200",
		"cluster_name=platformctl",
		"log_line_prefix=%m [%p] %q%u@%d ",
		// Statements may hold passwords: they stay out of the log.
		"log_statement=none",
		"log_min_error_statement=panic",
		"log_min_duration_statement=-1",
		"log_destination=stderr",
		"logging_collector=off",
		// Shared memory objects are small in containers and removed at logout
		// by systemd; files are neither.
		"dynamic_shared_memory_type=mmap",
	} {
		args = append(args, "-c", setting)
	}
	return args
}

// choosePort keeps the port of the record unless somebody has taken it. A new
// one follows from the directory, so that a server that is reset gets its port
// again, and is outside the range from which systems draw ports of clients.
func (l launcher) choosePort(ctx context.Context) error {
	const first, count, attempts = 20000, 12000, 100
	if l.rec.Port != 0 && free(ctx, l.rec.Port) {
		return nil
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(l.server.dir)) // cannot fail
	taken := l.rec.Port
	for i := range uint32(attempts) {
		port := first + int((h.Sum32()+i)%count)
		if port == taken || !free(ctx, port) {
			continue
		}
		l.rec.Port = port
		return l.server.writeRecord(*l.rec)
	}
	return &PortTakenError{Port: taken}
}

// openLog opens the log for the server, and puts a long one aside.
func (l launcher) openLog() (*os.File, error) {
	path := l.server.path(logName)
	if info, err := os.Stat(path); err == nil && info.Size() > maxLog {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND|syscall.O_NOFOLLOW, 0o600)
}

// child is a server process that this process started. A nil child is none.
type child struct {
	log    string
	from   int64 // where its part of the log begins
	exited chan error
}

// done delivers how the process ended.
func (c *child) done() <-chan error {
	if c == nil {
		return nil
	}
	return c.exited
}

// output returns what the process wrote, at most the last 64 KiB.
func (c *child) output() string {
	if c == nil {
		return ""
	}
	f, err := durable.Open(c.log)
	if err != nil {
		return fmt.Sprintf("(no log: %v)", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	from := max(c.from, info.Size()-64<<10)
	text, err := io.ReadAll(io.NewSectionReader(f, from, info.Size()-from))
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	return string(text)
}

// transient tells whether the process ended because a former server was not
// quite gone.
func (c *child) transient() bool {
	output := c.output()
	return strings.Contains(output, "pre-existing shared memory block") ||
		strings.Contains(output, `lock file "postmaster.pid" already exists`)
}

// globEscape makes a path match only itself.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
