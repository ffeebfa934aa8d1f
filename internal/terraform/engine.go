package terraform

import "context"

// MinVersion is the oldest engine that will do: write-only attributes came with it.
const MinVersion = "1.11.0"

// FindOptions says where to look for an engine and what its commands may see.
type FindOptions struct {
	// Getenv reads the caller's environment. Besides the variables that name an
	// engine, a short list (PATH, HOME, proxies, certificates ...) is handed to
	// every command.
	Getenv func(string) string
	// Env is added to the environment of every command, as "NAME=value", under
	// the rules of [Run].Env.
	Env []string
	// CacheDir keeps versions, hashes of provider binaries and downloaded
	// providers. Empty: nothing is kept.
	CacheDir string
	// ExtraDirs are searched after PATH.
	ExtraDirs []string
}

// Engine is a Terraform or OpenTofu executable that will do.
type Engine struct {
	Path    string // absolute
	Product string // "Terraform" or "OpenTofu"
	Version string // without a leading v

	env   map[string]string
	cache string
}

// Find returns the engine that $PLATFORMCTL_TERRAFORM names, and no other when
// that is set; else the first that will do of `terraform` in PATH, `tofu` in
// PATH, and either in ExtraDirs. When none will do, the error is about the first
// candidate (*NotExecutableError, *TooOldError), or *NotFoundError.
func Find(ctx context.Context, opts FindOptions) (Engine, error) {
	return Engine{}, &NotFoundError{}
}
