//go:build unix && !linux

package postgres

import (
	"context"
	"errors"
)

// startOnDisk needs mount namespaces.
func startOnDisk(context.Context, *Server, string) error { return errors.ErrUnsupported }
