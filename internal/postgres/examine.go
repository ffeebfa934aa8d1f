package postgres

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
)

// postmaster is what a data directory tells about its server process. PID is
// that of postmaster.pid even when no such server lives.
type postmaster struct {
	State State
	PID   int
	Port  int
	Since time.Time
}

// examine finds out what the server of a data directory is doing. A process is
// believed to be the server only when it works in that directory, because
// numbers of processes are used again.
func examine(ctx context.Context, data string) (postmaster, error) {
	if major, err := majorOf(data); err != nil || major == 0 {
		return postmaster{State: Absent}, err
	}
	text, err := durable.ReadFile(filepath.Join(data, "postmaster.pid"), durable.Small)
	if errors.Is(err, fs.ErrNotExist) {
		return postmaster{State: Stopped}, nil
	}
	if err != nil {
		return postmaster{}, err
	}
	p, ready := parsePIDFile(string(text))
	switch {
	case !lives(ctx, p.PID, data):
		p.State = Stopped
	case ready && answers(ctx, p.Port):
		p.State = Running
	default:
		p.State = Starting
	}
	return p, nil
}

// parsePIDFile reads postmaster.pid, which the server writes line by line: its
// process, data directory, start time, port, socket directory, address, shared
// memory and status. Lines that are missing or not understood are zero.
func parsePIDFile(text string) (p postmaster, ready bool) {
	lines := strings.Split(text, "\n")
	number := func(i int) int {
		if i >= len(lines) {
			return 0
		}
		n, err := strconv.Atoi(strings.TrimSpace(lines[i]))
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	p.PID, p.Port = number(0), number(3)
	if since := number(2); since > 0 {
		p.Since = time.Unix(int64(since), 0).UTC()
	}
	return p, len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
}

// answers asks whether a PostgreSQL server is at a port of this machine. It
// sends an SSLRequest, for which the server needs a process of its own but no
// password, and which leaves nothing in its log.
func answers(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address(port))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }() // nothing was written that could be lost
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return false
		}
	}
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47}); err != nil {
		return false
	}
	var answer [1]byte
	_, err = conn.Read(answer[:])
	return err == nil && (answer[0] == 'S' || answer[0] == 'N')
}

// free tells whether nobody listens at a port of this machine.
func free(ctx context.Context, port int) bool {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address(port))
	if err != nil {
		return false
	}
	return l.Close() == nil
}

func address(port int) string { return net.JoinHostPort(Host, strconv.Itoa(port)) }
