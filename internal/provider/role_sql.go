package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// wantedRole is a role as it should be.
type wantedRole struct {
	name     string
	limit    int
	verifier string // of the password; "" leaves the password alone
}

// foundRole is a role as it is.
type foundRole struct {
	name                                   string
	login, expires                         bool
	super, createDB, createRole, repl, rls bool
	limit                                  int
	mark                                   string
	verifier                               string // "" when it cannot be seen
}

func (f *foundRole) privileged() bool {
	return f.super || f.createDB || f.createRole || f.repl || f.rls
}

func (f *foundRole) thing() thing {
	return thing{kind: kindRole, name: f.name, mark: f.mark}
}

// Sqlstates that the code decides on.
const (
	codeDuplicateObject   = "42710"
	codeDuplicateDatabase = "42P04"
	codeUnique            = "23505" // two creates at the same instant
	codeDependents        = "2BP01"
	codeInUse             = "55006"
)

// querier is a connection or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

// findRole returns nil when there is no role of that name.
func findRole(ctx context.Context, q querier, name string) (*foundRole, error) {
	f := foundRole{name: name}
	err := q.QueryRow(ctx, `select rolcanlogin, coalesce(rolvaliduntil, 'infinity') <> 'infinity', rolsuper, rolcreatedb,
			rolcreaterole, rolreplication, rolbypassrls, rolconnlimit, coalesce(shobj_description(oid, 'pg_authid'), '')
		from pg_roles where rolname = $1`, name).
		Scan(&f.login, &f.expires, &f.super, &f.createDB, &f.createRole, &f.repl, &f.rls, &f.limit, &f.mark)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// findVerifier fills in what the server keeps of the password, which it shows
// to superusers alone.
func findVerifier(ctx context.Context, q querier, f *foundRole) error {
	var allowed bool
	err := q.QueryRow(ctx, `select has_table_privilege('pg_authid', 'SELECT')`).Scan(&allowed)
	if err != nil || !allowed {
		return err
	}
	// No password at all must not look like one that cannot be seen.
	err = q.QueryRow(ctx, `select coalesce(rolpassword, 'none') from pg_authid where rolname = $1`, f.name).Scan(&f.verifier)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // dropped this instant
	}
	return err
}

// readRole returns nil when the role is gone.
func (b *backend) readRole(ctx context.Context, name string, known types.String) (*foundRole, error) {
	var found *foundRole
	err := b.server.use(ctx, "", func(conn *pgx.Conn) (err error) {
		found, err = findRole(ctx, conn, name)
		if err != nil || found == nil {
			return err
		}
		return findVerifier(ctx, conn, found)
	})
	if err != nil || found == nil {
		return nil, err
	}
	if err := b.mustBeKnown(found.thing(), known); err != nil {
		return nil, err
	}
	if known.IsNull() && found.super {
		return nil, &Problem{fmt.Sprintf("role %q cannot be imported", name), "It is a superuser. It is left untouched."}
	}
	return found, nil
}

// remember keeps the verifier of a role for verifierOf.
func (b *backend) remember(found *foundRole) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.verifiers == nil {
		b.verifiers = map[string]string{}
	}
	b.verifiers[found.name] = found.verifier
}

// verifierOf returns what the server keeps of the role's password: "" when it
// does not show that, or when there is no such role.
func (b *backend) verifierOf(ctx context.Context, name string) (string, error) {
	b.mu.Lock()
	verifier, known := b.verifiers[name]
	b.mu.Unlock()
	if known {
		return verifier, nil
	}
	found := &foundRole{name: name}
	err := b.server.use(ctx, "", func(conn *pgx.Conn) error { return findVerifier(ctx, conn, found) })
	if err == nil {
		b.remember(found)
	}
	return found.verifier, err
}

// createRole makes the role, or takes over the one that carries our mark.
func (b *backend) createRole(ctx context.Context, want wantedRole) error {
	return b.server.use(ctx, "", func(conn *pgx.Conn) error {
		create := func() error {
			return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return b.createRoleIn(ctx, tx, want) })
		}
		err := create()
		if isCode(err, codeDuplicateObject, codeUnique) {
			// Somebody was faster; now it can be seen whose it is.
			err = create()
		}
		return err
	})
}

func (b *backend) createRoleIn(ctx context.Context, tx pgx.Tx, want wantedRole) error {
	found, err := findRole(ctx, tx, want.name)
	if err != nil {
		return err
	}
	if found != nil {
		if err := b.mustBeOurs(found.thing()); err != nil {
			return err
		}
		return b.convergeRole(ctx, tx, found, want)
	}
	verifier, err := literal(want.verifier)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("CREATE ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT %d PASSWORD %s",
		ident(want.name), want.limit, verifier))
	if err != nil {
		return err
	}
	return b.setMark(ctx, tx, thing{kind: kindRole, name: want.name})
}

// updateRole changes a role that is in the state to what is wanted.
func (b *backend) updateRole(ctx context.Context, want wantedRole, known types.String) error {
	return b.server.use(ctx, "", func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			found, err := findRole(ctx, tx, want.name)
			if err != nil {
				return err
			}
			if found == nil {
				return gone(kindRole, want.name)
			}
			if err := b.mustBeKnown(found.thing(), known); err != nil {
				return err
			}
			return b.convergeRole(ctx, tx, found, want)
		})
	})
}

// convergeRole makes the role like new. Only what differs is mentioned,
// because an administrator who is no superuser may not even repeat some of it.
func (b *backend) convergeRole(ctx context.Context, tx pgx.Tx, found *foundRole, want wantedRole) error {
	var options []string
	for _, o := range []struct {
		differs bool
		option  string
	}{
		{!found.login, "LOGIN"},
		{found.expires, "VALID UNTIL 'infinity'"},
		{found.super, "NOSUPERUSER"},
		{found.createDB, "NOCREATEDB"},
		{found.createRole, "NOCREATEROLE"},
		{found.repl, "NOREPLICATION"},
		{found.rls, "NOBYPASSRLS"},
		{found.limit != want.limit, fmt.Sprintf("CONNECTION LIMIT %d", want.limit)},
	} {
		if o.differs {
			options = append(options, o.option)
		}
	}
	if want.verifier != "" {
		verifier, err := literal(want.verifier)
		if err != nil {
			return err
		}
		options = append(options, "PASSWORD "+verifier)
	}
	if len(options) > 0 {
		if _, err := tx.Exec(ctx, "ALTER ROLE "+ident(want.name)+" "+strings.Join(options, " ")); err != nil {
			return err
		}
	}
	return b.setMark(ctx, tx, found.thing())
}

// setMark puts our mark on a thing that does not carry it yet.
func (b *backend) setMark(ctx context.Context, q querier, t thing) error {
	if t.mark == b.mark {
		return nil
	}
	mark, err := literal(b.mark)
	if err != nil {
		return err
	}
	_, err = q.Exec(ctx, fmt.Sprintf("COMMENT ON %s %s IS %s", t.sqlKind(), ident(t.name), mark))
	return err
}

func gone(kind, name string) error {
	return &Problem{
		fmt.Sprintf("%s %q is gone", kind, name),
		"It was dropped after this plan was made. The next plan will create it.",
	}
}
