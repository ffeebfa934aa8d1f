package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/ui"
)

type requestOptions struct {
	ask         request.Ask
	set         []string
	autoApprove bool
}

func newRequestCmd(app *App) *cobra.Command {
	var opts requestOptions
	cmd := &cobra.Command{
		Use:   "request CAPABILITY",
		Short: "Get a capability: a database, a cache, a queue",
		Long:  helpText("request"),
		Example: `  platformctl request database --type postgresql --tier production --team checkout-service
  platformctl request database --tier development --team checkout-service --set connectionLimit=20
  platformctl request database --type postgresql --tier production --team checkout-service --dry-run`,
		Args: args("CAPABILITY"),
		RunE: func(cmd *cobra.Command, given []string) error {
			opts.ask.Capability = given[0]
			return runRequest(cmd.Context(), app, opts)
		},
		ValidArgsFunction: app.complete(completeCapabilities),
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.ask.Type, "type", "", "type of the capability, such as postgresql")
	flags.StringVar(&opts.ask.Tier, "tier", "", "tier, such as development or production")
	flags.StringVar(&opts.ask.Team, "team", "", "team that will own it (default: $PLATFORMCTL_TEAM, your settings, the only team)")
	flags.StringVar(&opts.ask.Name, "name", "", "name of the resource (default: TEAM-TYPE)")
	flags.StringVar(&opts.ask.Environment, "env", "", "environment (default: the one that serves the tier)")
	flags.StringVar(&opts.ask.For, "for", "", "component that will use it, such as component:checkout")
	flags.StringArrayVar(&opts.set, "set", nil, "input as key=value; lists and objects as JSON (repeatable)")
	flags.BoolVar(&opts.ask.DryRun, "dry-run", false, "show what would happen and change nothing")
	flags.BoolVar(&opts.autoApprove, "auto-approve", false, "do not ask before applying; gates still apply")
	flags.StringVar(&opts.ask.RequestID, "request-id", "", "ULID of the request, to make retries by a machine safe")
	parallelFlag(cmd, app)
	outputFlag(cmd, app)
	return cmd
}

func runRequest(ctx context.Context, app *App, opts requestOptions) error {
	ask := opts.ask
	var err error
	if ask.RequestID, err = parseRequestID(ask.RequestID); err != nil {
		return err
	}
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	if ask.Team == "" {
		if ask.Team, err = s.team(); err != nil {
			return err
		}
	}
	if err := s.warnOfEdits(ctx); err != nil {
		return err
	}
	result, err := s.requestOrAsk(ctx, ask, opts)
	if err != nil {
		return &askedError{ask.Capability, err}
	}
	return app.print(app.newRequestView(result))
}

// requestOrAsk runs the request. Where nobody can approve it, it is planned only:
// what is wrong with it is said, and then that the approval is missing.
func (s *session) requestOrAsk(ctx context.Context, ask request.Ask, opts requestOptions) (request.Result, error) {
	if opts.autoApprove || ask.DryRun || s.app.canPrompt() {
		return s.request(ctx, ask, opts)
	}
	ask.DryRun = true
	result, err := s.request(ctx, ask, opts)
	if err == nil && (result.State != request.Unchanged || result.Offline) {
		err = usagef("nobody can be asked here to approve the plan: give --auto-approve, or --dry-run to only see it")
	}
	return result, err
}

// request runs the request, asking for what is missing if it can.
func (s *session) request(ctx context.Context, ask request.Ask, opts requestOptions) (request.Result, error) {
	service, err := s.service(ask.DryRun)
	if err != nil {
		return request.Result{}, err
	}
	if opts.autoApprove {
		service.Confirm = nil
	}
	for {
		attempt := ask
		if attempt.Inputs == nil && len(opts.set) > 0 {
			if attempt.Inputs, err = s.inputs(ctx, &attempt, opts.set); err != nil {
				return request.Result{}, err
			}
		}
		result, err := service.Run(ctx, attempt)
		if name, ok := errors.AsType[*platform.NameError](err); ok && name.Field == "team" && opts.ask.Team == "" && s.app.canPrompt() {
			s.app.note("%s", name.Error()) // it was mistyped at the question
			ask.Team = ""
			err = &request.MissingError{Field: "team"}
		}
		if place, ok := errors.AsType[*platform.PlacementError](err); ok && len(place.Candidates) > 1 {
			err = &request.MissingError{Field: "env", Choices: place.Candidates, Err: err}
		}
		var missing *request.MissingError
		if !errors.As(err, &missing) || !s.app.canPrompt() {
			return result, err
		}
		if err := s.app.askFor(missing, &ask); err != nil {
			return request.Result{}, err
		}
	}
}

// inputs reads --set by the schema of the capability's type.
func (s *session) inputs(ctx context.Context, ask *request.Ask, set []string) (map[string]any, error) {
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	capabilities, err := s.capabilities(snapshot)
	if err != nil {
		return nil, err
	}
	definition, err := capabilities.Get(ask.Capability)
	if err != nil {
		return nil, err
	}
	kind := ask.Type
	if types := definition.Types(); kind == "" && len(types) == 1 {
		kind = types[0]
	}
	if kind == "" {
		return nil, &request.MissingError{Field: "type", Choices: definition.Types()}
	}
	return capability.ParseSet(definition, kind, set)
}

// askFor asks the person for one missing value.
func (app *App) askFor(missing *request.MissingError, ask *request.Ask) error {
	field := map[string]*string{"type": &ask.Type, "tier": &ask.Tier, "team": &ask.Team, "env": &ask.Environment}[missing.Field]
	if field == nil {
		return missing
	}
	var err error
	if len(missing.Choices) > 0 && missing.Field != "team" {
		*field, err = app.Prompt.Select(missing.Field, missing.Choices, missing.Choices[0])
	} else {
		*field, err = app.Prompt.Input(missing.Field, "")
	}
	if err == nil && *field == "" {
		return missing
	}
	return err
}

// service puts a request service together for this session.
func (s *session) service(dryRun bool) (*request.Service, error) {
	secrets, err := s.secrets()
	if err != nil {
		return nil, err
	}
	progress := s.app.progress()
	return &request.Service{
		Record:       s,
		Capabilities: s.capabilities,
		Paths:        s.paths,
		Terraform:    &engine{session: s, dryRun: dryRun},
		Target:       func(env platform.Environment) (request.Target, error) { return s.target(env, dryRun) },
		Secrets:      secrets,
		Actor:        s.actor,
		Machine:      s.app.Hostname,
		Writer:       func(create bool) (string, error) { return store.Writer(s.options(), create) },
		Slots:        s.slots(),
		Gates:        []request.Gate{request.DeletionProtection, request.Dependents},
		Show:         func(plan request.Plan) { s.app.showPlan(plan) },
		Confirm:      s.app.confirmPlan,
		Step:         func(e request.Event) { showStep(progress, e) },
		Now:          s.app.Now,
		NewID:        s.app.NewID,
		TempDir:      s.app.TempDir,
	}, nil
}

func (app *App) confirmPlan(_ context.Context, plan request.Plan) error {
	yes, err := app.Prompt.Confirm(fmt.Sprintf("Apply this for %s?", plan.Name), false)
	if err != nil {
		return err
	}
	if !yes {
		return request.ErrDeclined
	}
	return nil
}

func showStep(progress *ui.Progress, e request.Event) {
	switch e.Phase {
	case "start":
		progress.Start(e.Step, e.Text)
	case "update":
		progress.Update(e.Text)
	case "done":
		progress.Done(e.Text)
	case "failed":
		progress.Fail(e.Text)
	case "note":
		progress.Note(e.Text)
	}
}

func (app *App) progress() *ui.Progress { return ui.NewProgress(app.IO, app.Now) }

func (app *App) canPrompt() bool { return ui.CanPrompt(app.IO, app.flags.NoInput) }
