//go:build unix

package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// supported tells whether servers can be run on this system.
const supported = true

// stop ends the processes of a data directory.
func stop(ctx context.Context, data string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	found, err := examine(ctx, data)
	if err != nil {
		return err
	}
	if found.State == Absent || found.State == Stopped {
		return endOrphans(ctx, data)
	}
	// SIGINT is PostgreSQL's fast shutdown.
	if err := syscall.Kill(found.PID, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop process %d: %w", found.PID, err)
	}
	for lives(ctx, found.PID, data) {
		if err := sleep(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("server process %d is still stopping: %w", found.PID, err)
		}
	}
	return nil
}

// endOrphans ends the server processes that a killed server left behind in its
// data directory: they hold the shared memory that the next one needs. The
// caller has made sure that no server lives.
func endOrphans(ctx context.Context, data string) error {
	for round := 0; ; round++ {
		orphans := processesIn(data)
		if len(orphans) == 0 {
			return nil
		}
		signal := syscall.SIGQUIT // PostgreSQL's word for: leave at once
		if round > 100 {
			signal = syscall.SIGKILL
		}
		for _, pid := range orphans {
			if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("end process %d of a former server: %w", pid, err)
			}
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("processes %v of a former server do not end: %w", orphans, err)
		}
	}
}

// sealDescriptors keeps the open files that this process inherited (pipes of
// make or of a test) from being inherited by the server, where they would stay
// open for as long as it lives. The function returned undoes it.
func sealDescriptors() (reopen func()) {
	var sealed []int
	for _, fd := range openDescriptors() {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			continue
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, flags|unix.FD_CLOEXEC); err == nil {
			sealed = append(sealed, fd)
		}
	}
	return func() {
		for _, fd := range sealed {
			_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0) // closed meanwhile: nothing to undo
		}
	}
}

// descriptorsIn reads a directory of descriptors, without the standard three.
func descriptorsIn(dir string) []int {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var fds []int
	for _, e := range entries {
		if fd, err := strconv.Atoi(e.Name()); err == nil && fd > 2 {
			fds = append(fds, fd)
		}
	}
	return fds
}

// full tells whether the disk of a directory has no room for even a log line.
func full(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && st.Bavail < 16 // blocks of mostly 4 KiB
}

// sleep waits, or returns why ctx ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
