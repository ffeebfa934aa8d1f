// Package e2e tells user stories with the built binary, real Terraform and a
// real PostgreSQL: one txtar script each, in testdata/stories. Those in local
// need the local target and run again as an unprivileged user; those in plain
// do not.
package e2e
