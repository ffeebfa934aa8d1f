package cli

import (
	"errors"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/terraform"
)

// explainCapability covers making a capability of a module, and modules that
// nobody has vouched for.
func explainCapability(err error, e *explanation) bool {
	var (
		exists   *capabilityExistsError
		draft    *capability.DraftError
		source   *capability.SourceError
		digest   *terraform.DigestError
		unlocked *terraform.UnlockedError
		made     *newModuleError
		module   *terraform.ModuleError
		run      *terraform.RunError
	)
	switch {
	case errors.As(err, &exists) && exists.ejected:
		e.Code = exitConflict
		e.Hint = "there is nothing to do: it lies in " + platform.CapabilitiesDir + "/" + exists.name + " of the platform; change it there"
		e.Next = []string{"platformctl capability show " + exists.name}
	case errors.As(err, &exists):
		e.Code, e.Hint = exitConflict, "choose another name, or change the one there is"
		e.Next = []string{"platformctl capability show " + exists.name}
		if exists.builtin {
			e.Next = append(e.Next, "platformctl capability eject "+exists.name)
		}
	case errors.As(err, &draft):
		e.Code, e.Hint = exitUsage, `give the variable a default, or have the module take the secret by reference: ephemeral "platformctl_secret"`
	case errors.As(err, &made) && errors.As(err, &module):
		e.Code, e.Hint = exitUsage, "a capability calls the module from a root module of its own: take out of it what does not fit there, or name another one"
	case errors.As(err, &made) && errors.As(err, &run):
		e.Hint = "see whether the address is right and this machine may read it: git and the registry are asked as Terraform asks them"
	case errors.As(err, &source):
		e.Code = exitUsage
		e.Hint = "a module is a directory, git::https://HOST/PATH.git//DIRECTORY?ref=TAG, or NAMESPACE/NAME/PROVIDER with --version"
	case errors.As(err, &digest):
		e.Code = exitUsage
		e.Hint = "if these are the files that somebody looked at, write the digest beside the module's source in capability.yaml: digest: " + digest.Got
	case errors.As(err, &unlocked):
		e.Code = exitUsage
		e.Hint = "put a " + capability.LockFile + " for them beside capability.yaml; platformctl capability lint says how"
	default:
		return false
	}
	return true
}
