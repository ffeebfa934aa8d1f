package postgres

import (
	"context"
	"os"
	"path/filepath"
)

// Diagnosis is what there is to know about a server without changing anything.
type Diagnosis struct {
	Status
	// Recorded is the port of the last start, 0 before the first. Taken says
	// that another program listens there while the server does not run.
	Recorded int
	Taken    bool
	// Killed says that the server did not end by itself; the next start
	// recovers it.
	Killed bool
	// Binaries is why no PostgreSQL here can run the data: a
	// *VersionMismatchError or a *NotFoundError. It is nil without data.
	Binaries error
}

// Diagnose looks at the server. Errors are those of Status.
func (s *Server) Diagnose(ctx context.Context) (Diagnosis, error) {
	status, err := s.Status(ctx)
	if err != nil {
		return Diagnosis{}, err
	}
	rec, err := s.readRecord()
	if err != nil {
		return Diagnosis{}, err
	}
	d := Diagnosis{Status: status, Recorded: rec.Port}
	switch status.State {
	case Absent, Starting, Running:
	case Stopped:
		_, pidFile := os.Stat(filepath.Join(rec.Data, "postmaster.pid"))
		d.Killed = pidFile == nil
		d.Taken = rec.Port != 0 && !free(ctx, rec.Port)
	}
	if status.State != Absent {
		_, d.Binaries = s.binaries(ctx, rec.Data)
	}
	return d, nil
}
