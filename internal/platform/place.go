package platform

import (
	"context"
	"fmt"
	"strings"
)

// Ask is what is asked to be placed. Both fields may be empty.
type Ask struct {
	// Environment is the one asked for by name.
	Environment string
	// Tier is what the environment must serve.
	Tier string
}

// UnknownError says that there is no Name among the What that are Known.
type UnknownError struct {
	// What is a singular noun: environment, team, ...
	What  string
	Name  string
	Known []string
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown %s %s", e.What, show(e.Name))
}

// PlacementError says that a tier has no place, or more than one.
type PlacementError struct {
	Tier string
	// Environment is the one asked for that does not serve Tier; Tiers are
	// those that it serves. Empty when none was asked for.
	Environment string
	Tiers       []string
	// Candidates are the environments that serve Tier: none, or too many.
	Candidates []string
}

func (e *PlacementError) Error() string {
	switch {
	case e.Environment != "":
		return fmt.Sprintf("environment %s does not serve tier %s: it serves %s",
			show(e.Environment), show(e.Tier), strings.Join(e.Tiers, ", "))
	case len(e.Candidates) == 0:
		return "no environment serves tier " + show(e.Tier)
	case e.Tier == "":
		return "more than one environment to choose from: " + strings.Join(e.Candidates, ", ")
	}
	return fmt.Sprintf("more than one environment serves tier %s: %s", show(e.Tier), strings.Join(e.Candidates, ", "))
}

// Place chooses the environment for ask: the one it names, else the only one
// that serves its tier. Errors are [*UnknownError] and [*PlacementError].
//
// The context is for rules that have to look something up; today there are
// none.
func Place(_ context.Context, cfg Config, ask Ask) (Environment, error) {
	if ask.Environment != "" {
		env, err := cfg.Environment(ask.Environment)
		if err != nil {
			return Environment{}, err
		}
		if !env.Serves(ask.Tier) {
			return Environment{}, &PlacementError{Tier: ask.Tier, Environment: env.Name, Tiers: env.Tiers}
		}
		return env, nil
	}
	var candidates []Environment
	for _, env := range cfg.Spec.Environments {
		if env.Serves(ask.Tier) {
			candidates = append(candidates, env)
		}
	}
	if len(candidates) != 1 {
		return Environment{}, &PlacementError{Tier: ask.Tier, Candidates: environmentNames(candidates)}
	}
	return candidates[0], nil
}
