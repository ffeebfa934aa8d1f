package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"syscall"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/strictyaml"
	"github.com/platformctl/platformctl/internal/terraform"
	"github.com/platformctl/platformctl/internal/ui"
)

// explain maps an error to its exit code, a hint and the next commands.
func (app *App) explain(err error) explanation {
	e := explanation{Error: err.Error(), Code: exitFailed}
	for _, rule := range []func(error, *explanation) bool{
		explainAnswer, explainDestroy, explainRequest, explainMoved, explainTarget, explainServer, explainCapability, explainRecord,
		explainInput, explainFile, explainPath, explainMachine, explainUsage,
	} {
		if rule(err, &e) {
			break
		}
	}
	if misfit, ok := errors.AsType[*misfitError](err); ok {
		e.Hint = strings.TrimPrefix(e.Hint+"; the resource itself is untouched: it can be used again once platform.yaml and capabilities/"+
			misfit.capability+" of the platform say what they said when it was made", "; ")
		e.Next = append(e.Next, "git log -- platform.yaml capabilities/"+misfit.capability)
	}
	e.Error = cut(e.Error, longestError)
	return e
}

const (
	longestError = 3000 // bytes; the list of all that is wrong with a file is long
	longestValue = 60   // of what was typed, in an error
)

// cut shortens s to at most n bytes and says so.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

// quote shows what was typed.
func quote(s string) string { return strconv.Quote(cut(s, longestValue)) }

// explainAnswer covers what went wrong after everything was done.
func explainAnswer(err error, e *explanation) bool {
	if answerLost(err) {
		e.Hint = "what was asked for is done; ask for the answer again: platformctl status"
		return true
	}
	if _, ok := errors.AsType[*ui.UnsupportedError](err); ok {
		e.Code = exitUsage
		return true
	}
	return false
}

// explainRequest covers how a request can end.
func explainRequest(err error, e *explanation) bool {
	var (
		unfinished *request.UnfinishedError
		conflict   *request.ConflictError
		elsewhere  *request.ElsewhereError
		refused    *request.RefusedError
		missing    *request.MissingError
		check      *checkError
		notHere    *notHereError
		moved      *movedError
		gone       *goneError
		used       *request.UsedIDError
		damaged    *request.DamagedError
	)
	switch {
	case errors.As(err, &moved):
		e.Code, e.Hint = exitConflict, "bring the resource up to date"
		e.Next = []string{fmt.Sprintf("platformctl request %s --name %s --auto-approve", moved.capability, moved.name)}
	case errors.As(err, &gone):
		e.Code, e.Hint = exitConflict, "a request makes it again, empty; destroy gives it up"
		e.Next = []string{
			fmt.Sprintf("platformctl request %s --name %s --auto-approve", gone.capability, gone.name),
			"platformctl resource destroy " + gone.name,
		}
	case errors.As(err, &used):
		e.Code, e.Hint = exitConflict, "leave --request-id out, or give a new one"
	case errors.As(err, &damaged):
		e.Code, e.Hint = exitConflict, "nothing is guessed from it: move it away, then ask for the resource again"
	case errors.As(err, &notHere):
		e.Code, e.Hint = exitConflict, "the same request, made here, makes it here"
		e.Next = []string{"platformctl resource show " + notHere.name}
	case errors.As(err, &unfinished):
		e.Code = exitUnfinished
		e.Hint = "what was done so far is kept; the same command again, or resume, finishes it, and one with other values takes its place"
		e.Next = []string{"platformctl resource resume " + unfinished.Name}
		if hint := obstacle(unfinished.Err); hint != "" {
			e.Hint = hint + "; then the same command again finishes it"
		}
	case errors.As(err, &conflict):
		e.Code = exitConflict
		e.Hint = "ask for another one under its own --name, or keep the one there is and leave these values as they are"
		e.Next = []string{"platformctl resource show " + conflict.Name}
	case errors.As(err, &elsewhere):
		e.Code, e.Hint = exitConflict, "run the command "+whereMade(elsewhere)+", or ask for another one under its own --name"
	case errors.As(err, &refused):
		e.Code = exitGate
		e.Next = []string{"platformctl resource show " + refused.Name}
	case errors.As(err, &missing):
		e.Code, e.Hint = exitUsage, "give it with --"+missing.Field
	case errors.As(err, &check):
		e.Code = exitGate
	case errors.Is(err, request.ErrDeclined), errors.Is(err, request.ErrCancelled), errors.Is(err, ui.ErrInterrupted),
		errors.Is(err, context.Canceled):
		e.Code, e.Error = exitCancelled, "cancelled: no resource was changed"
	default:
		return false
	}
	return true
}

func whereMade(e *request.ElsewhereError) string {
	if e.User {
		return "as the user who made it, with the same PLATFORMCTL_HOME"
	}
	return "on " + e.Machine
}

// obstacle is the hint on what kept a request from finishing, if there is one.
func obstacle(err error) string {
	var inner explanation
	for _, rule := range []func(error, *explanation) bool{explainServer, explainMoved, explainRecord, explainMachine} {
		if rule(err, &inner) {
			return inner.Hint
		}
	}
	return ""
}

// explainServer covers what a server answered, which Terraform hands on as text.
func explainServer(err error, e *explanation) bool {
	run, ok := errors.AsType[*terraform.RunError](err)
	if !ok {
		return false
	}
	for _, d := range run.Diagnostics {
		switch {
		case strings.Contains(d.Summary, provider.NotManaged):
			e.Code = exitConflict
			e.Hint = "it was left untouched; ask for the resource under another --name, or remove it from the server yourself"
		case strings.HasPrefix(d.Summary, provider.Unreachable):
			e.Hint = "see what is wrong with the server: platformctl environment check"
		case strings.HasPrefix(d.Summary, provider.AccessDenied):
			e.Hint = "see what is wrong with the server: platformctl environment check; if it is the local one, its administrator's password was changed behind our back: set it back, or give that server up: platformctl local reset"
		default:
			continue
		}
		return true
	}
	return false
}

// explainRecord covers the platform's repository and the files of this machine
// that belong to it.
func explainRecord(err error, e *explanation) bool {
	var (
		dirty  *store.DirtyError
		branch *store.BranchError
		busy   *store.BusyError
		locked *store.LockedError
		state  *terraform.StateDamagedError
		unsafe *secret.UnsafeError
		held   *secret.LockedError
		taken  *store.ReservedError
	)
	switch {
	case errors.As(err, &taken):
		e.Code = exitConflict
		e.Hint = "choose another --name, or wait for that request to end; once it has been given up for good, remove " + taken.Path
	case errors.As(err, &dirty):
		e.Code, e.Hint = exitConflict, "commit or undo your own changes to these files, then run the command again"
	case errors.As(err, &branch):
		e.Code, e.Hint = exitConflict, "switch the platform's directory back to its branch: git switch "+branch.Branch
	case errors.As(err, &busy):
		e.Code, e.Hint = exitConflict, "finish or abort it with git, then run the command again"
	case errors.As(err, &locked):
		e.Code, e.Hint = exitConflict, "if no git command is running there, remove the file and run the command again"
	case errors.As(err, &state):
		e.Code, e.Hint = exitConflict, "nothing is planned on a state that cannot be trusted"
		if state.Backup != "" {
			e.Hint += "; a whole copy is in " + state.Backup
		}
	case errors.As(err, &held):
		e.Hint = "another platformctl holds it: wait for it to end, then run the command again"
	case errors.As(err, &unsafe):
		e.Code, e.Hint = exitUsage, "nobody else may read it: chmod -R go= "+unsafe.Path
	case errors.Is(err, secret.ErrNoIdentity), errors.Is(err, secret.ErrWrongIdentity):
		e.Hint = "name the age identity that it was encrypted to in settings.yaml: platformctl help environment"
	case errors.Is(err, store.ErrNoPlatform):
		e.Code, e.Hint = exitUsage, "make one there: platformctl init DIR; or leave --platform out to use the default one"
	case errors.Is(err, store.ErrNotRepository):
		e.Code, e.Hint = exitUsage, "its history is gone: put .git back from a copy or a clone of it; or make a platform: platformctl init DIR"
	case errors.Is(err, store.ErrNotEmpty):
		e.Code, e.Hint = exitUsage, "choose another directory, or make this one a git repository first: git init"
	case errors.Is(err, store.ErrRemoteUnsupported):
		e.Code, e.Hint = exitUsage, "clone it and name the directory instead"
	default:
		return false
	}
	return true
}

// explainInput covers names and inputs that are wrong.
func explainInput(err error, e *explanation) bool {
	var (
		name      *platform.NameError
		unknown   *platform.UnknownError
		placement *platform.PlacementError
		location  *platform.LocationError
		capUnk    *capability.UnknownError
		input     *capability.InputError
		locked    *capability.LockedError
		match     *capability.MatchError
		ref       *backstage.RefError
		text      *platform.TextError
	)
	switch {
	case errors.As(err, &ref):
		e.Hint = "a reference is [kind:][namespace/]name, such as component:checkout"
	case errors.As(err, &name):
		e.Hint = "a name has 3 to 40 lower-case letters, digits and single hyphens, and begins with a letter: checkout-service"
		if name.Field == "name" { // it may have been made up of team and type
			e.Hint += "; give one with --name"
		}
	case errors.As(err, &unknown):
		e.Hint, e.Next = suggest(unknown.Name, unknown.Known), listCommand(unknown.What)
	case errors.As(err, &capUnk):
		e.Hint, e.Next = suggest(capUnk.Name, capUnk.Known), listCommand(capUnk.What)
	case errors.As(err, &input):
		wrong := input.Field
		if value, err := strconv.Unquote(input.Value); err == nil {
			wrong = value // the name was right, Known are the values
		}
		e.Hint = suggest(wrong, input.Known)
		if e.Hint == "" {
			e.Hint = "give it with --set " + input.Field + "=VALUE"
		}
		if asked, ok := errors.AsType[*askedError](err); ok {
			e.Next = []string{"platformctl capability show " + asked.capability}
		}
	case errors.As(err, &locked):
		e.Hint = fmt.Sprintf("tier %s sets %s; leave it out, or choose another tier", locked.Tier, locked.Field)
	case errors.As(err, &placement):
		e.Hint = "choose the environment with --env"
	case errors.As(err, &match), errors.As(err, &location), errors.As(err, &text):
	default:
		return false
	}
	e.Code = exitUsage
	return true
}

// explainFile covers files of a platform, of a capability and of the user that
// are wrong.
func explainFile(err error, e *explanation) bool {
	var (
		file      *strictyaml.Error
		config    *platform.ConfigError
		untrusted *platform.UntrustedError
		def       *capability.DefinitionError
		defFile   *capability.FileError
		expr      *capability.ExpressionError
		module    *terraform.ModuleError
		digest    *terraform.DigestError
		wiring    *terraform.InterfaceError
		problem   store.Problem
	)
	switch {
	case errors.As(err, &untrusted):
		e.Hint = "if you trust it, name it: --platform DIR"
	case errors.As(err, &config), errors.As(err, &def), errors.As(err, &expr), errors.As(err, &defFile):
		e.Hint = "the file formats: platformctl help formats"
	case errors.As(err, &module), errors.As(err, &digest), errors.As(err, &wiring):
		e.Hint = "the capability's definition and its module do not fit: its owner has to mend that"
	case errors.As(err, &file):
		if e.Hint = suggest(lastField(file.Field), file.Known); e.Hint == "" {
			e.Hint = "the file formats: platformctl help formats"
		}
	case errors.As(err, &problem):
		e.Hint = "mend the file in the platform's repository and commit it"
	default:
		return false
	}
	e.Code = exitUsage
	return true
}

// explainMachine covers what this machine lacks.
func explainMachine(err error, e *explanation) bool {
	var (
		noEngine  *terraform.NotFoundError
		oldEngine *terraform.TooOldError
		notExec   *terraform.NotExecutableError
		noServer  *postgres.NotFoundError
		port      *postgres.PortTakenError
		version   *postgres.VersionMismatchError
		home      *platform.HomeError
	)
	switch {
	case errors.As(err, &noEngine):
		e.Code, e.Hint = exitUsage, "install Terraform or OpenTofu 1.11 or newer, or name one with PLATFORMCTL_TERRAFORM"
	case errors.As(err, &oldEngine):
		e.Code, e.Hint = exitUsage, "install Terraform or OpenTofu 1.11 or newer, or name one with PLATFORMCTL_TERRAFORM"
	case errors.As(err, &notExec):
		e.Code, e.Hint = exitUsage, "make the file executable (chmod +x), or name another one with PLATFORMCTL_TERRAFORM"
	case errors.Is(err, postgres.ErrUnsupported):
		e.Code, e.Hint = exitUsage, "run platformctl where the servers can run: Linux, macOS, or WSL on Windows"
	case errors.As(err, &noServer):
		e.Code, e.Hint = exitUsage, "install PostgreSQL's server (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql), or name its bin directory with PLATFORMCTL_POSTGRES_BIN"
	case errors.As(err, &port):
		e.Hint = "stop what listens there, or let platformctl choose another port: platformctl local stop, then the same command again"
	case errors.As(err, &version):
		e.Hint = fmt.Sprintf("install PostgreSQL %d again, or give the data up with: platformctl local reset", version.Have)
	case errors.As(err, &home):
		e.Code, e.Hint = exitUsage, "name a directory of your own with PLATFORMCTL_HOME, as an absolute path, or mend the owner and mode of this one (chmod 700)"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Hint = "the disk is full: make room, then run the same command again"
	case errors.Is(err, syscall.EROFS):
		e.Code, e.Hint = exitUsage, "the file system is read-only: name a writable directory with PLATFORMCTL_HOME"
	case errors.Is(err, fs.ErrPermission):
		e.Code, e.Hint = exitUsage, "this user may not do that: mend the owner and mode of the path, or name another directory with PLATFORMCTL_HOME"
	default:
		return false
	}
	return true
}

// explainUsage covers the command line itself.
func explainUsage(err error, e *explanation) bool {
	if usage, ok := errors.AsType[*usageError](err); ok {
		e.Code, e.Next = exitUsage, usage.next
		return true
	}
	if errors.Is(err, ui.ErrNoInput) {
		e.Code, e.Hint = exitUsage, "the answer did not come: give the values as flags"
		return true
	}
	return false
}
