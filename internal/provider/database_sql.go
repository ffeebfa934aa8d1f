package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/jackc/pgx/v5"
)

// wantedDatabase is a database as it should be.
type wantedDatabase struct {
	name       string
	owner      string
	limit      int
	extensions []string
}

func (w *wantedDatabase) thing() thing {
	return thing{kind: kindDatabase, name: w.name}
}

// foundDatabase is a database as it is.
type foundDatabase struct {
	name       string
	owner      string
	ownerMark  string // the comment on the role that owns it
	limit      int
	accessible bool
	public     bool
	mark       string
	extensions []string
}

func (f *foundDatabase) thing() thing {
	return thing{kind: kindDatabase, name: f.name, mark: f.mark}
}

// broken reports whether dropping the database was begun and not finished.
// PostgreSQL lets nobody use it any more and only offers to drop it again.
func (f *foundDatabase) broken() bool {
	return f.limit == -2
}

// findDatabase returns nil when there is no database of that name. It leaves
// the extensions out, which only a connection to that database shows.
func findDatabase(ctx context.Context, q querier, name string) (*foundDatabase, error) {
	f := foundDatabase{name: name}
	err := q.QueryRow(ctx, `select pg_get_userbyid(datdba), coalesce(shobj_description(datdba, 'pg_authid'), ''),
			datconnlimit, datallowconn, has_database_privilege('public', oid, 'CONNECT'),
			coalesce(shobj_description(oid, 'pg_database'), '')
		from pg_database where datname = $1`, name).
		Scan(&f.owner, &f.ownerMark, &f.limit, &f.accessible, &f.public, &f.mark)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// readDatabase returns nil when the database is gone. Of the extensions it
// returns those among the managed that are there; all of them when managed is
// nil, for an import.
func (b *backend) readDatabase(ctx context.Context, name string, known types.String, managed []string) (*foundDatabase, error) {
	var found *foundDatabase
	err := b.server.use(ctx, "", func(conn *pgx.Conn) (err error) {
		found, err = findDatabase(ctx, conn, name)
		return err
	})
	if err != nil || found == nil {
		return nil, err
	}
	if err := b.mustBeKnown(found.thing(), known); err != nil {
		return nil, err
	}
	switch {
	case found.broken():
		return nil, nil // a create clears it away
	case !found.accessible:
		found.extensions = managed // cannot be seen, and is the lesser trouble
		return found, nil
	case managed != nil && len(managed) == 0:
		return found, nil // nothing to look for, a connection saved
	}
	found.extensions, err = b.installedExtensions(ctx, name, managed)
	return found, err
}

// createDatabase makes the database, or finishes the one that is ours. Its
// steps cannot be one transaction, so each of them may find itself done.
func (b *backend) createDatabase(ctx context.Context, want wantedDatabase) error {
	err := b.server.use(ctx, "", func(conn *pgx.Conn) error {
		if err := checkBefore(ctx, conn, want); err != nil {
			return err
		}
		found, err := b.findOrMake(ctx, conn, want)
		if err != nil {
			return err
		}
		return b.convergeDatabase(ctx, conn, found, want)
	})
	if err != nil {
		return err
	}
	return b.changeExtensions(ctx, want.name, want.extensions, nil)
}

// checkBefore refuses what would else leave half a database behind.
func checkBefore(ctx context.Context, conn *pgx.Conn, want wantedDatabase) error {
	owner, err := findRole(ctx, conn, want.owner)
	if err != nil {
		return err
	}
	if owner == nil {
		return &Problem{
			fmt.Sprintf("database %q cannot be owned by %q", want.name, want.owner),
			"There is no role of that name. Nothing was created.",
		}
	}
	return checkAvailable(ctx, conn, want.extensions)
}

// findOrMake returns the database as it is, after creating it when needed.
//
// One that stands there without a comment may be ours as well: a run that died
// between CREATE DATABASE and COMMENT leaves just that. It is taken for ours
// when the wanted owner owns it and that role carries our mark. The role
// cannot create databases, so nobody else's everyday work produces this; an
// administrator would have had to give our role a database of this very name.
func (b *backend) findOrMake(ctx context.Context, conn *pgx.Conn, want wantedDatabase) (*foundDatabase, error) {
	for range 2 { // the second time when somebody else was faster
		found, err := findDatabase(ctx, conn, want.name)
		if err != nil {
			return nil, err
		}
		if found != nil {
			unfinished := found.mark == "" && found.owner == want.owner && found.ownerMark == b.mark
			if err := b.mustBeOurs(found.thing()); err != nil && !unfinished {
				return nil, err
			}
			if !found.broken() {
				return found, nil
			}
			if _, err := conn.Exec(ctx, "DROP DATABASE "+ident(want.name)); err != nil {
				return nil, err
			}
		}
		if err := joinOwner(ctx, conn, want.owner); err != nil {
			return nil, err
		}
		_, err = conn.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s OWNER %s CONNECTION LIMIT %d",
			ident(want.name), ident(want.owner), want.limit))
		if isCode(err, codeDuplicateDatabase, codeUnique) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// The mark goes on at once: from here on everybody can see whose it is.
		if err := b.setMark(ctx, conn, want.thing()); err != nil {
			return nil, err
		}
		return &foundDatabase{
			name: want.name, owner: want.owner, limit: want.limit, mark: b.mark, accessible: true, public: true,
		}, nil
	}
	return nil, &Problem{
		fmt.Sprintf("database %q comes and goes", want.name),
		"Somebody else creates and drops it at this moment.",
	}
}

// joinOwner makes an administrator who is no superuser a member of the role,
// without which it may neither create nor change what the role owns.
func joinOwner(ctx context.Context, conn *pgx.Conn, owner string) error {
	var super bool
	err := conn.QueryRow(ctx, `select rolsuper from pg_roles where rolname = current_user`).Scan(&super)
	if err != nil || super {
		return err
	}
	_, err = conn.Exec(ctx, "GRANT "+ident(owner)+" TO CURRENT_USER")
	return err
}

// updateDatabase changes a database that is in the state to what is wanted;
// had are the extensions of the state.
func (b *backend) updateDatabase(ctx context.Context, want wantedDatabase, known types.String, had []string) error {
	err := b.server.use(ctx, "", func(conn *pgx.Conn) error {
		found, err := findDatabase(ctx, conn, want.name)
		if err != nil {
			return err
		}
		if found == nil || found.broken() {
			return gone(kindDatabase, want.name)
		}
		if err := b.mustBeKnown(found.thing(), known); err != nil {
			return err
		}
		if err := checkBefore(ctx, conn, want); err != nil {
			return err
		}
		return b.convergeDatabase(ctx, conn, found, want)
	})
	if err != nil {
		return err
	}
	return b.changeExtensions(ctx, want.name, want.extensions, had)
}

// convergeDatabase makes the database like new, but for the extensions.
func (b *backend) convergeDatabase(ctx context.Context, conn *pgx.Conn, found *foundDatabase, want wantedDatabase) error {
	db, owner := ident(want.name), ident(want.owner)
	var statements []string
	if found.owner != want.owner {
		if err := joinOwner(ctx, conn, want.owner); err != nil {
			return err
		}
		statements = append(statements, fmt.Sprintf("ALTER DATABASE %s OWNER TO %s", db, owner))
	}
	if found.limit != want.limit {
		statements = append(statements, fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT %d", db, want.limit))
	}
	if !found.accessible {
		statements = append(statements, fmt.Sprintf("ALTER DATABASE %s ALLOW_CONNECTIONS true", db))
	}
	if found.public {
		statements = append(statements, fmt.Sprintf("REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC", db))
	}
	statements = append(statements, fmt.Sprintf("GRANT CONNECT, TEMPORARY, CREATE ON DATABASE %s TO %s", db, owner))
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return b.setMark(ctx, tx, found.thing())
	})
}

// dropDatabase drops a database that is in the state, with what is in it.
//
// FORCE ends the connections to it. Destroying is asked for by name, shown and
// confirmed before it comes here; without FORCE one idle connection of a pool
// would keep the database and leave the rest destroyed around it.
func (b *backend) dropDatabase(ctx context.Context, name string, known types.String) error {
	return b.server.use(ctx, "", func(conn *pgx.Conn) error {
		found, err := findDatabase(ctx, conn, name)
		if err != nil || found == nil {
			return err
		}
		if err := b.mustBeKnown(found.thing(), known); err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+ident(name)+" WITH (FORCE)")
		return err
	})
}
