package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// checkAvailable refuses extensions that the server cannot install. Every
// database of a server has the same on offer.
func checkAvailable(ctx context.Context, conn *pgx.Conn, names []string) error {
	if len(names) == 0 {
		return nil
	}
	rows, err := conn.Query(ctx, `select wanted from unnest($1::text[]) wanted
		where wanted not in (select name from pg_available_extensions) order by wanted`, names)
	if err != nil {
		return err
	}
	missing, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(missing) == 0 {
		return err
	}
	return &Problem{
		"the server does not offer the extension " + quoteAll(missing),
		"It has to be installed on the server's machine first. Nothing was changed.",
	}
}

// installedExtensions lists what a database has, or those among the managed
// when that is not nil. PL/pgSQL, which every database has, is left out.
func (b *backend) installedExtensions(ctx context.Context, database string, managed []string) ([]string, error) {
	var names []string
	err := b.server.use(ctx, database, func(conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `select extname from pg_extension where extname <> 'plpgsql' order by extname`)
		if err != nil {
			return err
		}
		names, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	if managed != nil {
		names = slices.DeleteFunc(names, func(name string) bool { return !slices.Contains(managed, name) })
	}
	return names, err
}

// changeExtensions installs the wanted extensions that are missing and drops
// those that a database had and that are not wanted any more, all or nothing.
// What an extension requires comes with it; what uses one keeps it from being
// dropped.
func (b *backend) changeExtensions(ctx context.Context, database string, want, had []string) error {
	var drop []string
	for _, name := range had {
		if !slices.Contains(want, name) {
			drop = append(drop, ident(name))
		}
	}
	if len(want) == 0 && len(drop) == 0 {
		return nil
	}
	return b.server.use(ctx, database, func(conn *pgx.Conn) error {
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, name := range slices.Sorted(slices.Values(want)) {
				if _, err := tx.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS "+ident(name)+" CASCADE"); err != nil {
					return err
				}
			}
			if len(drop) == 0 {
				return nil
			}
			_, err := tx.Exec(ctx, "DROP EXTENSION IF EXISTS "+strings.Join(drop, ", "))
			return err
		})
		if isCode(err, codeDependents) {
			return &Problem{
				fmt.Sprintf("an extension of database %q cannot be dropped, because something uses it", database),
				serverText(err) + "\nThe extensions were left as they are.",
			}
		}
		return err
	})
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(quoted, ", ")
}
