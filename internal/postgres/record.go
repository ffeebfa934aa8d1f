package postgres

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/platformctl/platformctl/internal/durable"
)

// record is server.json: what has to be known to start the same server again.
type record struct {
	Port    int    `json:"port"`
	Version string `json:"version"` // of the binaries last started
	Data    string `json:"data"`    // absolute
}

// connection is connection.json: what a client needs.
type connection struct {
	Host         string `json:"host"`
	Port         int    `json:"port"`
	User         string `json:"user"`
	Database     string `json:"database"`
	PasswordFile string `json:"passwordFile"`
	SSLMode      string `json:"sslmode"`
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// readRecord reads server.json; an absent one is the record of a new server.
func (s *Server) readRecord() (record, error) {
	rec := record{Data: s.path("data")}
	data, err := durable.ReadFile(s.path("server.json"), durable.Small)
	if errors.Is(err, fs.ErrNotExist) {
		return rec, nil
	}
	if err != nil {
		return record{}, err
	}
	if err := json.Unmarshal(data, &rec); err != nil {
		return record{}, fmt.Errorf("%w: %q: %w", ErrDamaged, s.path("server.json"), err)
	}
	if rec.Port < 0 || rec.Port > 65535 || !filepath.IsAbs(rec.Data) {
		return record{}, fmt.Errorf("%w: %q: bad port or data directory", ErrDamaged, s.path("server.json"))
	}
	return rec, nil
}

func (s *Server) writeRecord(rec record) error { return writeJSON(s.path("server.json"), rec) }

// readConnection returns the port that connection.json tells clients.
func (s *Server) readConnection() (port int, err error) {
	data, err := durable.ReadFile(s.path("connection.json"), durable.Small)
	if err != nil {
		return 0, err
	}
	var c connection
	if err := json.Unmarshal(data, &c); err != nil {
		return 0, err
	}
	return c.Port, nil
}

func (s *Server) writeConnection(port int) error {
	return writeJSON(s.path("connection.json"), connection{
		Host: Host, Port: port, User: User, Database: "postgres",
		PasswordFile: s.path("password"), SSLMode: "disable",
	})
}

func (s *Server) connection(port int) Connection {
	return Connection{
		Host: Host, Port: port, User: User,
		PasswordFile: s.path("password"), File: s.path("connection.json"),
	}
}

// writeJSON replaces a file when its content changes.
func writeJSON(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	if old, err := durable.ReadFile(path, durable.Small); err == nil && bytes.Equal(old, data) {
		return nil
	}
	return durable.WriteFile(path, data, 0o600)
}

// password returns the administrator's password and draws one for a server
// that has no data yet.
func (s *Server) password(state State) (string, error) {
	data, err := durable.ReadFile(s.path("password"), durable.Small)
	if password := strings.TrimSpace(string(data)); err == nil && password != "" {
		return password, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if state != Absent {
		return "", fmt.Errorf("%w: there is data, but no password in %q", ErrDamaged, s.path("password"))
	}
	password := rand.Text()
	return password, durable.WriteFile(s.path("password"), []byte(password+"\n"), 0o600)
}

// majorOf returns the major version that made a data directory, 0 when there
// is none.
func majorOf(data string) (int, error) {
	text, err := durable.ReadFile(filepath.Join(data, "PG_VERSION"), durable.Small)
	if errors.Is(err, fs.ErrNotExist) {
		if _, statErr := os.Stat(data); statErr == nil {
			return 0, fmt.Errorf("%w: %q holds no PG_VERSION", ErrDamaged, data)
		}
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, _, _ := strings.Cut(strings.TrimSpace(string(text)), ".") // 9.6 was the last with two parts
	n, err := strconv.Atoi(major)
	if err != nil || n <= 0 {
		return 0, fmt.Errorf("%w: %q: PG_VERSION is %q", ErrDamaged, data, tail(string(text), 40))
	}
	return n, nil
}

// binaries locates what can run a data directory.
func (s *Server) binaries(ctx context.Context, data string) (Binaries, error) {
	have, err := majorOf(data)
	if err != nil {
		return Binaries{}, err
	}
	options := s.locate
	options.Major = have
	b, err := Locate(ctx, options)
	if err == nil || have == 0 {
		return b, err
	}
	other, otherErr := Locate(ctx, s.locate)
	if otherErr != nil {
		return Binaries{}, otherErr
	}
	return Binaries{}, &VersionMismatchError{Dir: data, Have: have, Want: other.Major}
}
