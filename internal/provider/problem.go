package provider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Terraform carries errors as text. These are in the summaries of the ones
// that a caller may want to tell apart, and do not change.
const (
	// NotManaged is in the summary when something of that name exists that
	// this provider did not make, or that lost its mark. It is left untouched.
	NotManaged = "is not managed by platformctl"
	// Unreachable begins the summary when no server answers.
	Unreachable = "cannot reach the PostgreSQL server"
	// AccessDenied begins the summary when the server refuses the
	// administrator of the connection file.
	AccessDenied = "the PostgreSQL server refused the login"
	// Cancelled begins the summary when the run was cancelled.
	Cancelled = "cancelled"
)

// Problem is an error in Terraform's two parts. Its Summary holds one of the
// texts above when it is about that.
type Problem struct {
	Summary string
	Detail  string
}

func (p *Problem) Error() string {
	return p.Summary + ": " + p.Detail
}

// report adds err to the diagnostics; what names the thing being done, for
// errors that do not say it themselves: `creating role "x"`.
func report(ctx context.Context, diags *diag.Diagnostics, what string, err error) {
	p, ours := errors.AsType[*Problem](err)
	switch {
	case err == nil:
		return
	case ours:
		diags.AddError(p.Summary, p.Detail)
	case ctx.Err() != nil || isCode(err, "57014"):
		diags.AddError(Cancelled+" while "+what, "Nothing more was done; the same run again continues from what there is.")
	default:
		diags.AddError("failed "+what, serverText(err))
	}
}

// serverText is what the server said, in full: its detail often names the
// very thing that is in the way.
func serverText(err error) string {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err.Error()
	}
	parts := []string{fmt.Sprintf("%s (SQLSTATE %s)", pg.Message, pg.Code)}
	for _, more := range []string{pg.Detail, pg.Hint} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return strings.Join(parts, "\n")
}

// explainConnect says in what way connecting did not work.
func explainConnect(ctx context.Context, config *pgx.ConnConfig, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	_, address := pgconn.NetworkAddress(config.Host, config.Port)
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		if strings.HasPrefix(pg.Code, "28") {
			return &Problem{
				fmt.Sprintf("%s of %q at %s", AccessDenied, config.User, address),
				serverText(err),
			}
		}
		return &Problem{
			fmt.Sprintf("cannot connect to database %q at %s", config.Database, address),
			serverText(err),
		}
	}
	return &Problem{Unreachable + " at " + address, networkText(err)}
}

// networkText is the innermost cause, which is all that is new to a reader
// who has the address already.
func networkText(err error) string {
	if dial, ok := errors.AsType[*net.OpError](err); ok {
		return dial.Err.Error()
	}
	if pgconn.Timeout(err) {
		return fmt.Sprintf("no answer within %s", connectTimeout)
	}
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
