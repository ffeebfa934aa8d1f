package terraform

import "io/fs"

// Module is what a run directory is made from.
type Module struct {
	// Source and Version say where the module is, as Terraform writes them.
	Source, Version string
	// Digest is "sha256:" and the hash of the module's files, when it is pinned.
	Digest string
	// Local holds the files when Source is a path, else it is nil and the module
	// is fetched.
	Local fs.FS
	// Variables are the module's input values: what encoding/json can write.
	Variables map[string]any
	// Providers configures other providers than ours, by the name (or
	// "name.alias") that the module gives them.
	Providers map[string]map[string]any
	// Outputs to hand through; nil means all.
	Outputs []string
	// Own configures our provider on this machine.
	Own map[string]any
	// Pinned asks for a Digest when anything is fetched, and then for a LockFile
	// when it brings providers: nothing runs that was not seen before.
	Pinned bool
	// LockFile is [Rendered].LockFile of an earlier Prepare: with it no other
	// provider and no other version is installed. It may be nil.
	LockFile []byte
}

// Rendered is what Prepare made.
type Rendered struct {
	// Main and Variables are main.tf.json and terraform.tfvars.json. There is
	// nothing of the machine in them.
	Main, Variables []byte
	// Digest of the module's files and of those it fetches: "sha256:...".
	Digest string
	// Needs are the services that our provider's resources in the module are
	// about, such as "postgresql"; sorted.
	Needs []string
	// VariablesDeclared and OutputsDeclared are the module's, sorted by name.
	VariablesDeclared []Variable
	OutputsDeclared   []string
	// LockFile pins the other providers; nil when there are none. Providers are
	// the names that the root module has for them, "name" or "name.alias", sorted.
	LockFile  []byte
	Providers []string
}
