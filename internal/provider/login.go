package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrDenied says that a server does not let its administrator in with the
// password that we have.
var ErrDenied = errors.New("the administrator's password is not accepted")

// LogIn connects as the provider would, by a connection file, and disconnects.
// The error is ErrDenied, or says what is wrong with the file or the server.
func LogIn(ctx context.Context, file string, getenv func(string) string) error {
	config, err := clientConfig(file, getenv)
	if err != nil {
		return err
	}
	connection, err := pgx.ConnectConfig(ctx, config)
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(refused.Code, "28") {
		return fmt.Errorf("%w: %s", ErrDenied, refused.Message)
	}
	if err != nil {
		return err
	}
	return connection.Close(ctx)
}
