package provider

import (
	"context"
	"crypto/tls"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/platformctl/platformctl/internal/connection"
)

// MinServerVersion is the oldest PostgreSQL that the provider is made for, as
// server_version_num.
const MinServerVersion = 130000

// Facts is what a server says of itself and of the role that administers it.
type Facts struct {
	Version    string // as in "15.18 (Debian 15.18-0+deb12u1)"
	Number     int    // server_version_num
	TLS        string // version of TLS, "" when the traffic is not encrypted
	Standby    bool   // it takes no changes
	CreateRole bool   // what the role may do: both are needed
	CreateDB   bool
}

// Examine connects to the server as its administrator and asks what there is.
// It changes nothing. The error is a [*Problem].
func Examine(ctx context.Context, c connection.Server, getenv func(string) string) (Facts, error) {
	config, err := clientConfig(c, getenv)
	if err != nil {
		return Facts{}, &Problem{"cannot use the connection to PostgreSQL", err.Error()}
	}
	s := &server{base: config, mode: c.SSLMode}
	var f Facts
	err = s.use(ctx, "", func(conn *pgx.Conn) error {
		if encrypted, ok := conn.PgConn().Conn().(*tls.Conn); ok {
			f.TLS = tls.VersionName(encrypted.ConnectionState().Version)
		}
		return conn.QueryRow(ctx, `
			SELECT current_setting('server_version'), current_setting('server_version_num')::int, pg_is_in_recovery(),
				rolsuper OR rolcreaterole, rolsuper OR rolcreatedb
			FROM pg_roles WHERE rolname = current_user`).
			Scan(&f.Version, &f.Number, &f.Standby, &f.CreateRole, &f.CreateDB)
	})
	if err == nil {
		return f, nil
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return Facts{}, p
	}
	return Facts{}, &Problem{"cannot examine the PostgreSQL server", serverText(err)}
}
