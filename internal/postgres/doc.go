// Package postgres runs a PostgreSQL server on this machine: it finds the
// binaries, initializes a data directory, starts, finds again, stops and
// recovers the server.
//
// A [Server] owns one directory (mode 0700):
//
//	data/            the database cluster
//	log              what the server writes; the former one is log.1
//	password         of the administrator, 0600
//	connection.json  how to connect: host, port, user, database, passwordFile, sslmode
//	server.json      port, version and data directory
//
// and the lock file beside it, DIR.lock, which is never deleted. The server
// listens on 127.0.0.1 only, asks for a scram-sha-256 password and has no unix
// socket. It lives in a session of its own and outlives its starter.
//
// PostgreSQL refuses to run as root. Root therefore gets a user namespace (on
// Linux) in which its files seem to belong to an ordinary user; where
// namespaces are not allowed the server runs as the user postgres or nobody,
// with its data in a directory of that user below /var/lib/platformctl.
package postgres
