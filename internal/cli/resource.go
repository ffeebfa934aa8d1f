package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/terraform"
)

func newResourceCmd(app *App) *cobra.Command {
	return group("resource", "What was requested: list, show, use, resume, destroy",
		newResourceListCmd(app), newResourceShowCmd(app), newResourceDirCmd(app), newResourceEnvCmd(app),
		newResourceRunCmd(app), newResourceConnectCmd(app), newResourceResumeCmd(app),
		newResourceDestroyCmd(app))
}

// found is one resource of the record with what this machine knows of it.
type found struct {
	store.Resource
	Env        platform.Environment
	Definition *capability.Definition
	Resolution *capability.Resolution
	Dir        string            // run directory
	Outputs    map[string]any    // empty when it was made on another machine
	Secrets    map[string]string // name -> reference
}

// openResource opens the platform and finds a resource of it.
func (app *App) openResource(ctx context.Context, name string) (*session, *found, error) {
	s, err := app.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	r, err := s.resource(ctx, name)
	return s, r, err
}

// resource finds the resource whose name is name or begins with it.
func (s *session) resource(ctx context.Context, name string) (*found, error) {
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	match, exact, err := snapshot.ResourceByName(name)
	if err == nil && !exact {
		match, err = s.pick(ctx, snapshot, name)
	}
	if err != nil {
		return nil, s.unfinishedOr(name, err)
	}
	r := &found{Resource: match, Dir: s.paths.Runs(match.Environment, match.Name)}
	return r, s.describe(snapshot, r)
}

// unfinishedOr is err, unless a request for the resource was cut short before it
// came into the record.
func (s *session) unfinishedOr(name string, err error) error {
	open, listErr := s.unfinished()
	if u, found := open[name]; listErr == nil && found {
		return &request.UnfinishedError{
			Name: name, RequestID: u.RequestID, Step: u.Step, Destroy: u.Ask.Destroy != nil, Err: errors.New("it was cut short"),
		}
	}
	return err
}

// pick finds the only resource whose name begins with name.
func (s *session) pick(ctx context.Context, snapshot *store.Snapshot, name string) (store.Resource, error) {
	resources, err := s.index().Resources(ctx)
	if err != nil {
		return store.Resource{}, err
	}
	names := make([]string, len(resources))
	for i, r := range resources {
		names[i] = r.Name
	}
	full, err := pickName(names, name)
	if err != nil {
		return store.Resource{}, err
	}
	match, found, err := snapshot.ResourceByName(full)
	if err == nil && !found { // its files cannot be read
		err = &platform.UnknownError{What: "resource", Name: name, Known: names}
	}
	s.app.note("%s is short for %s", name, full)
	return match, err
}

// pickName chooses the name that begins with start.
func pickName(names []string, start string) (string, error) {
	var matches []string
	for _, name := range names {
		if name == start {
			return name, nil
		}
		if strings.HasPrefix(name, start) && start != "" {
			matches = append(matches, name)
		}
	}
	switch len(matches) {
	case 0:
		return "", &platform.UnknownError{What: "resource", Name: start, Known: names}
	case 1:
		return matches[0], nil
	}
	return "", usagef("%q is the beginning of several resources: %s", start, strings.Join(matches, ", "))
}

// describe resolves the definition of r again and reads its outputs. A definition
// or an environment that no longer fits is a *misfitError.
func (s *session) describe(snapshot *store.Snapshot, r *found) error {
	if err := s.understand(snapshot, r); err != nil {
		return &misfitError{name: r.Name, capability: capability.NameOf(r.Record.Spec.Capability), err: err}
	}
	raw, err := terraform.Outputs(r.Dir)
	if err != nil || len(raw) == 0 {
		return err
	}
	r.Outputs, r.Secrets, err = r.Resolution.Outputs(raw)
	return err
}

func (s *session) understand(snapshot *store.Snapshot, r *found) error {
	capabilities, err := s.capabilities(snapshot)
	if err != nil {
		return err
	}
	spec := r.Record.Spec
	if r.Definition, err = capabilities.Get(capability.NameOf(spec.Capability)); err != nil {
		return err
	}
	env, err := snapshot.Config().Environment(spec.Environment)
	if err != nil {
		return err
	}
	r.Env = env
	r.Resolution, err = r.Definition.Resolve(capability.Ask{
		Type: capability.TypeOf(spec.Capability), Tier: spec.Tier, Team: spec.Team, Name: r.Name,
		Environment: capability.Environment{Name: env.Name, Target: env.Target, Production: env.Production, Values: env.Values},
		Inputs:      spec.Inputs,
	})
	return err
}

// elsewhere says that a resource was made on another machine or from another
// home than this one; nil when it was made here.
func (s *session) elsewhere(name, machine, writer string) error {
	if machine != "" && machine != s.app.Hostname {
		return &request.ElsewhereError{Name: name, Machine: machine}
	}
	if writer == "" {
		return nil
	}
	if s.writer == "" { // once for a list of thousands
		var err error
		if s.writer, err = store.Writer(s.options(), false); err != nil {
			return err
		}
	}
	if s.writer != writer {
		return &request.ElsewhereError{Name: name, Machine: machine, User: true}
	}
	return nil
}

// environment is what connects to r, secrets included. The server on this machine
// that r lives on is started.
func (s *session) environment(ctx context.Context, r *found) (map[string]string, error) {
	if err := s.elsewhere(r.Name, r.Record.Spec.Machine, r.Record.Spec.Writer); err != nil {
		return nil, err
	}
	if len(r.Outputs) == 0 {
		return nil, s.unfinishedOr(r.Name, &notHereError{name: r.Name})
	}
	if err := s.startFor(ctx, r); err != nil {
		return nil, err
	}
	secrets, err := s.secrets()
	if err != nil {
		return nil, err
	}
	values := make(map[string]string, len(r.Secrets))
	for name, ref := range r.Secrets {
		if values[name], err = secrets.Get(ref); err != nil {
			return nil, fmt.Errorf("secret %q: %w", name, err)
		}
	}
	env, err := r.Resolution.Env(r.Outputs, values)
	if _, libpq := env["PGHOST"]; libpq {
		maps.Copy(env, s.clientEnvironment(r.Env))
	}
	return env, err
}

// useEnvironment is the environment for a child that uses r: ours and r's on top.
func (s *session) useEnvironment(ctx context.Context, r *found) ([]string, error) {
	env, err := s.environment(ctx, r)
	if err != nil {
		return nil, err
	}
	_, libpq := env["PGHOST"]
	merged := slices.DeleteFunc(slices.Clone(s.app.Environ()), func(pair string) bool {
		key, _, _ := strings.Cut(pair, "=")
		_, ours := env[key]
		// PGHOSTADDR, PGSERVICE and others of the caller would lead elsewhere.
		return ours || libpq && strings.HasPrefix(key, "PG")
	})
	for key, value := range env {
		merged = append(merged, key+"="+value)
	}
	return merged, nil
}

// startFor starts the local server that r lives on if it was stopped. A server
// that is gone, or that moved to another port, is not what r's outputs speak of.
func (s *session) startFor(ctx context.Context, r *found) error {
	if r.Env.Target != platform.TargetLocal || !slices.Contains(r.Record.Spec.Needs, needPostgreSQL) {
		return nil
	}
	capabilityName := capability.NameOf(r.Record.Spec.Capability)
	status, err := s.server().Status(ctx)
	if err != nil {
		return err
	}
	if status.State == postgres.Absent {
		return &goneError{name: r.Name, capability: capabilityName}
	}
	if status.State != postgres.Running {
		if err := (&localTarget{session: s}).Start(ctx, []string{needPostgreSQL}); err != nil {
			return err
		}
		if status, err = s.server().Status(ctx); err != nil {
			return err
		}
	}
	if have, ok := r.Outputs["port"]; ok && fmt.Sprint(have) != strconv.Itoa(status.Port) {
		return &movedError{name: r.Name, capability: capabilityName, have: have, now: status.Port}
	}
	return nil
}

// unfinished lists the requests that did not end, by resource name.
func (s *session) unfinished() (map[string]request.Unfinished, error) {
	list, err := request.ListUnfinished(s.paths.Requests())
	if err != nil {
		return nil, err
	}
	byName := make(map[string]request.Unfinished, len(list))
	for _, u := range list {
		byName[u.Name] = u
	}
	return byName, nil
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
