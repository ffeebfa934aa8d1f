package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/request"
)

// explainDestroy covers how the destroy of a resource can end.
func explainDestroy(err error, e *explanation) bool {
	var (
		unfinished *request.UnfinishedError
		refused    *request.RefusedError
		noState    *request.NoStateError
		changed    *request.ChangedError
		lost       *request.LostError
	)
	isUnfinished := errors.As(err, &unfinished) && unfinished.Destroy
	switch {
	case errors.As(err, &refused) && refused.Destroy != nil:
		explainRefusedDestroy(refused, e)
	case isUnfinished:
		e.Hint = "the same command again, or resume, finishes it; a request keeps what is left and makes the rest again"
		if hint := obstacle(unfinished.Err); hint != "" {
			e.Hint = hint + "; then the same command again finishes it"
		}
		e.Next = []string{"platformctl resource resume " + unfinished.Name}
	case errors.As(err, &noState):
		e.Code = exitConflict
		e.Hint = "a request takes over what there is of it; then it can be destroyed. If the state lies elsewhere, put it back"
		e.Next = []string{fmt.Sprintf("platformctl request %s --name %s --auto-approve", noState.Capability, noState.Name)}
	case errors.As(err, &lost):
		e.Code = exitConflict
		e.Hint = "see whether platform.yaml names the server that has it; if somebody removed it there, a request makes it again, " +
			"empty, and then it can be destroyed"
		e.Next = []string{fmt.Sprintf("platformctl request %s --name %s --auto-approve", lost.Capability, lost.Name)}
	case errors.As(err, &changed):
		e.Code, e.Hint = exitConflict, "look at what it is now, then decide again"
		e.Next = []string{"platformctl resource show " + changed.Name}
	default:
		return false
	}
	if isUnfinished {
		e.Code = exitUnfinished
	}
	return true
}

// explainRefusedDestroy names the flags that let a destroy pass its gates.
func explainRefusedDestroy(refused *request.RefusedError, e *explanation) {
	by := func(gate string) bool {
		return slices.ContainsFunc(refused.Verdicts, func(v request.Verdict) bool { return v.Gate == gate })
	}
	ask := request.DestroyAsk{AllowProtected: refused.Destroy.AllowProtected, Detach: refused.Destroy.Detach}
	var hints []string
	if by(request.GateProtection) {
		ask.AllowProtected = true
		hints = append(hints, "if it is really to go, say so with --allow-protected")
	}
	if by(request.GateDependents) {
		ask.Detach = true
		hints = append(hints, "--detach takes it out of what depends on it")
	}
	e.Code, e.Hint = exitGate, strings.Join(hints, "; ")
	e.Next = []string{destroyCommand(refused.Name, ask)}
}
