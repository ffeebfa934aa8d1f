package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/terraform"
)

// place is the platform that a command here would be about.
type place struct {
	location platform.Location // zero when it cannot be told
	found    bool
	placeErr error
	paths    platform.Paths
	store    *store.Store // nil: there is none, or it cannot be read
	storeErr error
}

// open finds home, settings and platform as commands do, and goes on as far as
// it can.
func (m *machine) open(ctx context.Context) {
	if m.home, m.homeErr = platform.HomeFrom(m.Getenv); m.homeErr != nil {
		m.placeErr = m.homeErr
		return
	}
	m.settings, m.settingsErr = platform.ReadSettings(m.home)
	m.location, m.found, m.placeErr = platform.Locate(platform.LocateOptions{
		Flag: m.Platform, Getenv: m.Getenv, WorkDir: m.Dir, Home: m.home,
	})
	if m.placeErr != nil {
		m.location = platform.Location{}
		return
	}
	m.paths = platform.PathsOf(m.home, m.location)
	if m.found {
		m.store, m.storeErr = store.Open(ctx, store.Options{Location: m.location, Paths: m.paths, Now: m.Now})
	}
}

func thePlatform(ctx context.Context, m *machine) []Check {
	switch {
	case m.placeErr != nil && (m.homeErr != nil || m.settingsErr != nil):
		return []Check{skipped("which one is meant cannot be told before home and settings are in order")}
	case m.placeErr != nil:
		return []Check{failure(m.placeErr)}
	case m.storeErr != nil:
		return []Check{failure(m.storeErr)}
	case m.store == nil:
		return []Check{skipped("there is none yet; the first request makes it in %s", m.location)}
	}
	snapshot, err := m.store.Snapshot(ctx)
	if err != nil {
		return []Check{failure(err)}
	}
	return []Check{ok("%s in %s, chosen by %s, commit %.12s; all of it: platformctl verify",
		snapshot.Config().Metadata.Name, m.location, m.location.From, snapshot.Hash())}
}

// repository tells what stands in the way of the next change.
func repository(ctx context.Context, m *machine) []Check {
	if m.store == nil {
		return []Check{skipped("there is no platform to look at")}
	}
	var found []Check
	for _, err := range m.store.Obstacles(ctx) {
		found = append(found, m.obstacle(err))
	}
	if len(found) == 0 {
		return []Check{ok("nothing stands in the way of the next change")}
	}
	return found
}

func (m *machine) obstacle(err error) Check {
	var (
		locked *store.LockedError
		branch *store.BranchError
		busy   *store.BusyError
		dirty  *store.DirtyError
	)
	check := failure(err)
	switch {
	case errors.As(err, &locked):
		if pids := gitProcesses(m.location.Dir); len(pids) > 0 {
			return warning("%v: git runs there, process %s", err, strings.Join(pids, ", ")).
				mend("wait until it has ended", shell("ps", "-fp", strings.Join(pids, ",")))
		}
		check.Mend = "a git that was killed left it: remove the file, unless a git command is running there"
		check.Command = shell("rm", locked.Path)
	case errors.As(err, &branch):
		check.Command = shell("git", "-C", m.location.Dir, "switch", branch.Branch)
	case errors.As(err, &busy):
		check.Command = shell("git", "-C", m.location.Dir, "status")
	case errors.As(err, &dirty):
		const most = 5
		check.State = Warning
		if n := len(dirty.Paths); n > most {
			check.Detail = fmt.Sprintf("%d files of the record are edited and not committed: %s, ...", n, strings.Join(dirty.Paths[:most], ", "))
		}
		check.Mend = "a change of one of these files is refused: commit or undo what you edited"
		check.Command = shell("git", "-C", m.location.Dir, "status", "--short")
	}
	return check
}

// writers tells which processes are changing something. What they lock is free
// again when they end, however they end: no such lock can be stale.
func writers(_ context.Context, m *machine) []Check {
	if m.location.Dir == "" {
		return []Check{skipped("no platform to change")}
	}
	files := []string{
		filepath.Join(m.paths.Secrets(), ".lock"), m.paths.Local("postgresql") + ".lock", filepath.Join(m.home.Data, "platform.lock"),
	}
	if m.store != nil {
		files = append(files, m.store.LockFile())
	}
	resources, _ := os.ReadDir(m.paths.Locks()) // what is found is enough
	for _, r := range resources {
		files = append(files, filepath.Join(m.paths.Locks(), r.Name()))
	}
	holders, err := lockHolders(files)
	if err != nil {
		return []Check{skipped("who holds a lock is not told by this system")}
	}
	var found []Check
	for _, h := range holders {
		found = append(found, ok("process %s holds %s", h.process, h.file))
	}
	if len(found) == 0 {
		return []Check{ok("nobody is changing anything")}
	}
	return found
}

// requests lists those that were cut short.
func requests(_ context.Context, m *machine) []Check {
	if m.location.Dir == "" {
		return []Check{skipped("no platform to have any")}
	}
	open, err := request.ListUnfinished(m.paths.Requests())
	if err != nil {
		return []Check{failure(err)}
	}
	var found []Check
	for _, u := range open {
		damaged, isDamaged := errors.AsType[*request.DamagedError](u.Err)
		holders, _ := lockHolders([]string{filepath.Join(m.paths.Locks(), "resource-"+u.Name)}) // unknown: as if there was none
		switch {
		case isDamaged:
			check := failure(u.Err)
			check.Command = shell("mv", damaged.Path, damaged.Path+".damaged")
			found = append(found, check)
		case u.Err != nil:
			found = append(found, failure(u.Err))
		case len(holders) > 0:
			found = append(found, ok("%s is being worked on by process %s", u.Name, holders[0].process))
		default:
			text := fmt.Sprintf("the request for %s was cut short at the step %s, %s", u.Name, u.Step, stamp(u.Since))
			if u.Reason != "" {
				text += ": " + u.Reason
			}
			found = append(found, warning("%s", text).mend("finish it", "platformctl resource resume "+u.Name))
		}
	}
	if len(found) == 0 {
		return []Check{ok("none is unfinished")}
	}
	return found
}

// states looks at Terraform's state in each run directory.
func states(ctx context.Context, m *machine) []Check {
	if m.location.Dir == "" {
		return []Check{skipped("no platform to have any")}
	}
	runs := m.paths.Runs("", "")
	dirs, err := fs.Glob(os.DirFS(runs), "*/*") // not filepath.Glob: the home's name may look like a pattern
	if err != nil {
		return []Check{failure(err)}
	}
	var found []Check
	for _, dir := range dirs {
		if ctx.Err() != nil {
			break
		}
		dir = filepath.Join(runs, dir)
		_, err := terraform.Objects(dir)
		if err == nil {
			continue
		}
		check := failure(err)
		if damaged, is := errors.AsType[*terraform.StateDamagedError](err); is && damaged.Backup != "" {
			check.Command = shell("cp", damaged.Backup, damaged.Path)
		}
		found = append(found, check)
	}
	switch {
	case len(dirs) == 0:
		return []Check{skipped("there is none yet")}
	case len(found) == 0:
		return []Check{ok("whole in %d run directories", len(dirs))}
	}
	return found
}

// environments says which of them are not on this machine.
func environments(ctx context.Context, m *machine) []Check {
	if m.store == nil {
		return []Check{skipped("there is no platform to look at")}
	}
	snapshot, err := m.store.Snapshot(ctx)
	if err != nil {
		return []Check{failure(err)}
	}
	var elsewhere []string
	for _, env := range snapshot.Config().Spec.Environments {
		if env.Target != platform.TargetLocal {
			elsewhere = append(elsewhere, env.Name)
		}
	}
	if len(elsewhere) > 0 {
		return []Check{skipped("%s: not on this machine, and not tried from here", strings.Join(elsewhere, ", ")).
			mend("see whether what they stand on answers", "platformctl environment check")}
	}
	return []Check{ok("all are on this machine")}
}
