//go:build !unix

package postgres

import "context"

// supported tells whether servers can be run on this system. They need what
// only unix has: sessions, signals and users.
const supported = false

// bringUp starts nothing: Locate has refused already.
func (s *Server) bringUp(context.Context, *record, string) error { return ErrUnsupported }

// lives finds no server, as none was ever started.
func lives(context.Context, int, string) bool { return false }

// stop has nothing to end.
func stop(context.Context, string) error { return nil }

// endOrphans has nothing to end either.
func endOrphans(context.Context, string) error { return nil }

// Namespace is about what root meets on Unix.
func (s *Server) Namespace(context.Context) error { return nil }
