package provider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"github.com/platformctl/platformctl/internal/connection"
)

const (
	// connectTimeout bounds one attempt to connect, logging in included.
	connectTimeout = 10 * time.Second
	// cancelGrace is how long a statement may take to stop after it was
	// cancelled, before its connection is cut.
	cancelGrace = 5 * time.Second
)

// server is the PostgreSQL server that a provider administers. Nothing is
// read and nobody is called before the first use: a plan that only creates
// needs no server.
type server struct {
	connection string // a connection file or its content; "" when none is configured
	getenv     func(string) string

	mu   sync.Mutex
	base *pgx.ConnConfig // nil until the first use
	mode string          // of encryption, with base
}

// address is how clients reach a server.
type address struct {
	host    string
	port    int
	sslmode string
}

// address returns how clients reach the server.
func (s *server) address() (address, error) {
	base, err := s.config()
	if err != nil {
		return address{}, err
	}
	return address{base.Host, int(base.Port), s.mode}, nil
}

// connect opens a connection to a database of the server, or to the one to
// administer from when database is "". The caller closes it.
func (s *server) connect(ctx context.Context, database string) (*pgx.Conn, error) {
	base, err := s.config()
	if err != nil {
		return nil, err
	}
	config := base.Copy()
	if database != "" {
		config.Database = database
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, explainConnect(ctx, config, err)
	}
	return conn, nil
}

// use runs f with a connection to a database (see connect) and closes it.
func (s *server) use(ctx context.Context, database string, f func(*pgx.Conn) error) error {
	conn, err := s.connect(ctx, database)
	if err != nil {
		return err
	}
	defer func() {
		// The polite goodbye works after a cancellation too; how it goes
		// changes nothing about what was done.
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(bye)
	}()
	return f(conn)
}

// config reads the connection at the first use. A failure is not kept.
func (s *server) config() (*pgx.ConnConfig, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base != nil {
		return s.base, nil
	}
	if s.connection == "" {
		return nil, &Problem{"no PostgreSQL server is configured", `The provider's "connection" is not set.`}
	}
	c, err := s.read()
	var base *pgx.ConnConfig
	if err == nil {
		base, err = clientConfig(c, s.getenv)
	}
	if err != nil {
		return nil, &Problem{"cannot use the connection to PostgreSQL", err.Error()}
	}
	s.base, s.mode = base, c.SSLMode
	return base, nil
}

func (s *server) read() (connection.Server, error) {
	if isContent(s.connection) {
		return connection.Parse("connection", []byte(s.connection))
	}
	return connection.Read(s.connection)
}

// isContent tells the content of a connection file from the path of one.
func isContent(text string) bool { return strings.HasPrefix(text, "{") }

// clientConfig turns a connection into a configuration field by field.
func clientConfig(c connection.Server, getenv func(string) string) (*pgx.ConnConfig, error) {
	config, err := emptyConfig()
	if err != nil {
		return nil, err
	}
	if config.Password, err = c.Password(getenv); err != nil {
		return nil, err
	}
	if config.TLSConfig, err = c.TLS(); err != nil {
		return nil, err
	}
	config.Host, config.Port = c.Host, uint16(c.Port) //nolint:gosec // checked to be a port
	config.User, config.Database = c.User, c.Database
	return config, nil
}

// emptyConfig returns a configuration that holds nothing of the environment.
//
// pgx makes one only by parsing a connection string, and fills the gaps of
// the string from PG* variables and from files in the home directory. So the
// string, a constant, leaves no gap. PGSERVICE cannot be overridden by an
// empty value, only by a service that exists: hence the file.
func emptyConfig() (*pgx.ConnConfig, error) {
	dir, err := os.MkdirTemp("", "platformctl-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	service := filepath.Join(dir, "service")
	if err := os.WriteFile(service, []byte("[none]\n"), 0o600); err != nil {
		return nil, fmt.Errorf("writing a temporary file: %w", err)
	}
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(service)
	config, err := pgx.ParseConfig(noGaps + " service=none servicefile='" + quoted + "'")
	if err != nil {
		return nil, fmt.Errorf("preparing the connection: %w", err)
	}
	config.Fallbacks = nil
	config.TLSConfig = nil
	config.Password = ""
	// Settings of the session win over those that the owner of a database
	// may have put on it, which would else decide where an extension goes.
	config.RuntimeParams = map[string]string{
		"application_name":              "platformctl",
		"search_path":                   "public",
		"default_transaction_read_only": "off",
	}
	// Few statements, each used once: nothing is worth preparing.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0
	config.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelGrace}
	}
	return config, nil
}

// noGaps sets everything that an environment variable or a file could. The
// password stands there so that no password file is searched for one.
const noGaps = "host=localhost port=5432 user=none password=none dbname=none passfile='' " +
	"sslmode=disable sslcert='' sslkey='' sslrootcert='' sslpassword='' sslcertmode=disable sslsni=1 " +
	"sslnegotiation=postgres channel_binding=prefer require_auth='' " +
	"target_session_attrs=any connect_timeout=10 min_protocol_version=3.0 max_protocol_version=3.0 " +
	"application_name='' options='' timezone=''"

// isCode reports whether err is the server's, with one of these SQLSTATEs.
func isCode(err error, codes ...string) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && slices.Contains(codes, pg.Code)
}
