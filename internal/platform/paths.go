package platform

import "path/filepath"

// Paths are the directories of this machine that belong to one platform. The
// names that its methods take must keep [CheckName]; nothing here need exist.
type Paths struct {
	// Data is kept for good: secrets, local servers, the clone of a remote
	// platform. State is what runs and requests leave behind. Cache can be
	// deleted at any time.
	Data, State, Cache string
}

// PathsOf returns the directories of the platform at loc.
func PathsOf(home Home, loc Location) Paths {
	id := loc.ID()
	return Paths{
		Data:  filepath.Join(home.Data, "platforms", id),
		State: filepath.Join(home.State, "platforms", id),
		Cache: filepath.Join(home.Cache, "platforms", id),
	}
}

// Clone is the bare clone of a platform that is named by a URL.
func (p Paths) Clone() string { return filepath.Join(p.Data, "platform.git") }

// Secrets is where generated secrets are kept.
func (p Paths) Secrets() string { return filepath.Join(p.Data, "secrets") }

// Identity holds the salt of pseudonyms and whom they stand for.
func (p Paths) Identity() string { return filepath.Join(p.Data, "identity") }

// Local is the directory of the local server of a kind, such as postgresql.
func (p Paths) Local(kind string) string { return filepath.Join(p.Data, "local", kind) }

// Runs is the run directory of a resource: rendered Terraform and its state.
func (p Paths) Runs(environment, name string) string {
	return filepath.Join(p.State, "runs", environment, name)
}

// Requests holds the journals of requests.
func (p Paths) Requests() string { return filepath.Join(p.State, "requests") }

// Events holds the partitions of imported events.
func (p Paths) Events() string { return filepath.Join(p.State, "events") }

// Locks holds the files that are locked.
func (p Paths) Locks() string { return filepath.Join(p.State, "locks") }
