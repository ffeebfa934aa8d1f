package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/jackc/pgx/v5"
)

// dropRole drops a role that is in the state. It drops nothing else: a role
// that still owns something stays, and the server's words say what that is.
// Nor does it revoke what was granted to the role inside other databases, but
// permission to connect to one does not stand in the way, and neither does one
// whose dropping was begun and not finished: it is dropped first.
func (b *backend) dropRole(ctx context.Context, name string, known types.String) error {
	return b.server.use(ctx, "", func(conn *pgx.Conn) error {
		if err := b.dropBroken(ctx, conn, name, known); err != nil {
			return err
		}
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			found, err := findRole(ctx, tx, name)
			if err != nil || found == nil {
				return err
			}
			if err := b.mustBeKnown(found.thing(), known); err != nil {
				return err
			}
			if err := revokeDatabases(ctx, tx, name); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, "DROP ROLE IF EXISTS "+ident(name))
			return err
		})
		if isCode(err, codeDependents) {
			return &Problem{
				fmt.Sprintf("role %q cannot be dropped, because something depends on it", name),
				serverText(err) + "\nNothing was changed. Give these to another role or drop them first.",
			}
		}
		return err
	})
}

// dropBroken finishes the dropping of databases that a role of ours owns. A
// server that died in the midst of it leaves one that nobody can use, and that
// no state knows of any more.
func (b *backend) dropBroken(ctx context.Context, conn *pgx.Conn, role string, known types.String) error {
	found, err := findRole(ctx, conn, role)
	if err != nil || found == nil {
		return err
	}
	if err := b.mustBeKnown(found.thing(), known); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, `select datname from pg_database
		where datconnlimit = -2 and datdba = (select oid from pg_roles where rolname = $1)`, role)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+ident(name)); err != nil {
			return err
		}
	}
	return nil
}

// revokeDatabases takes back the role's privileges on databases it does not own.
func revokeDatabases(ctx context.Context, tx pgx.Tx, role string) error {
	rows, err := tx.Query(ctx, `select d.datname from pg_database d join pg_shdepend s
			on s.classid = 'pg_database'::regclass and s.objid = d.oid and s.dbid = 0 and s.deptype = 'a'
		where s.refclassid = 'pg_authid'::regclass
			and s.refobjid = (select oid from pg_roles where rolname = $1)`, role)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := tx.Exec(ctx, fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM %s", ident(name), ident(role))); err != nil {
			return err
		}
	}
	return nil
}
