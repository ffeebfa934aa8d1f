package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/ui"
)

type destroyOptions struct {
	ask     request.DestroyAsk
	confirm string
}

func newResourceDestroyCmd(app *App) *cobra.Command {
	var opts destroyOptions
	cmd := &cobra.Command{
		Use: "destroy NAME", Short: "Destroy a resource with all its data", Args: args("NAME"),
		SuggestFor: []string{"delete", "rm", "remove"},
		Long:       helpText("resource-destroy"),
		Example: `  platformctl resource destroy checkout-service-postgresql
  platformctl resource destroy checkout-service-postgresql --dry-run
  platformctl resource destroy checkout-service-postgresql --allow-protected --confirm checkout-service-postgresql`,
		RunE: func(cmd *cobra.Command, given []string) error {
			opts.ask.Name = given[0]
			return runResourceDestroy(cmd.Context(), app, opts)
		},
		ValidArgsFunction: app.complete(completeResources),
	}
	flags := cmd.Flags()
	flags.BoolVar(&opts.ask.AllowProtected, "allow-protected", false, "also if its tier is protected")
	flags.BoolVar(&opts.ask.Detach, "detach", false, "take it out of what depends on it in the catalog")
	flags.BoolVar(&opts.ask.DryRun, "dry-run", false, "show what would happen and change nothing")
	flags.StringVar(&opts.confirm, "confirm", "", "the name once more, in place of the question")
	cmd.SetFlagErrorFunc(destroyFlagError)
	parallelFlag(cmd, app)
	outputFlag(cmd, app)
	return cmd
}

// destroyFlagError answers who tries the usual flags: none of them says what is
// to be lost.
func destroyFlagError(cmd *cobra.Command, err error) error {
	for _, tried := range []string{
		"unknown flag: --auto-approve", "unknown flag: --yes", "unknown flag: --force",
		"unknown shorthand flag: 'y'", "unknown shorthand flag: 'f'",
	} {
		if strings.HasPrefix(err.Error(), tried) {
			return &usageError{
				err:  fmt.Errorf("%s; what is destroyed is confirmed by its name: --confirm NAME", ui.Escape(cut(err.Error(), longestValue))),
				next: []string{cmd.CommandPath() + " --help"},
			}
		}
	}
	return flagError(cmd, err)
}

func runResourceDestroy(ctx context.Context, app *App, opts destroyOptions) error {
	if opts.confirm != "" && opts.confirm != opts.ask.Name {
		return usagef("--confirm %s is not the name of what is to be destroyed, %s", quote(opts.confirm), quote(opts.ask.Name))
	}
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	result, err := s.destroyOrAsk(ctx, opts)
	if err != nil {
		return err
	}
	return app.print(app.newDestroyView(result, opts))
}

// destroyOrAsk destroys the resource. Where nobody can confirm it, it is planned
// only: what is in the way is said, and then that the confirmation is missing.
func (s *session) destroyOrAsk(ctx context.Context, opts destroyOptions) (request.Destroyed, error) {
	ask := opts.ask
	asks := opts.confirm == "" && !ask.DryRun
	mute := asks && !s.app.canPrompt()
	ask.DryRun = ask.DryRun || mute
	service, err := s.service(ask.DryRun)
	if err != nil {
		return request.Destroyed{}, err
	}
	service.Confirm = nil
	if asks {
		service.Confirm = s.app.confirmDestroy
	}
	result, err := service.Destroy(ctx, ask)
	if err == nil && mute {
		err = usagef("nobody can be asked here to confirm it: give --confirm %s, or --dry-run to only see it", ask.Name)
	}
	return result, err
}

// confirmDestroy has the person type the name: an answer that the fingers do
// not know.
func (app *App) confirmDestroy(_ context.Context, plan request.Plan) error {
	typed, err := app.Prompt.Input("Type "+plan.Name+" to destroy it", "")
	if err != nil {
		return err
	}
	if typed = strings.TrimSpace(typed); typed == plan.Name {
		return nil
	}
	if typed != "" {
		app.note("%s is not %s", quote(typed), plan.Name)
	}
	return request.ErrDeclined
}

// destroyView is what `resource destroy` answers.
type destroyView struct {
	request.Destroyed
	Next []string `json:"next"`
}

func (app *App) newDestroyView(result request.Destroyed, opts destroyOptions) destroyView {
	view := destroyView{Destroyed: result, Next: []string{"platformctl status"}}
	if result.State == request.Planned {
		view.Next = []string{destroyCommand(result.Name, opts.ask)}
	}
	view.Next = app.commands(view.Next)
	return view
}

// destroyCommand is the command that destroys the resource.
func destroyCommand(name string, ask request.DestroyAsk) string {
	command := "platformctl resource destroy " + name
	if ask.AllowProtected {
		command += " --allow-protected"
	}
	if ask.Detach {
		command += " --detach"
	}
	return command
}

// Names is the answer to -o name.
func (v destroyView) Names() []string { return []string{v.Name} }

// Text is the answer for people.
func (v destroyView) Text(t *ui.Text) {
	switch {
	case v.State == request.Planned:
		t.Heading(fmt.Sprintf("%s would be destroyed: %d to destroy", v.Name, v.Counts.Destroy))
		if v.Offline {
			t.Paragraph("This is by Terraform's state alone: its server is not running, and a dry run starts none.")
		}
	case v.Registered:
		t.Heading(v.Name + " is destroyed")
	default:
		t.Heading("The request for " + v.Name + " is taken back")
	}
	t.Pair("What", fmt.Sprintf("%s, tier %s, in %s", v.Capability, v.Tier, v.Environment))
	t.Pair("Owner", v.Team)
	if v.Registered && v.State == request.Removed {
		t.Pair("History", "in the ledger, under request "+v.RequestID)
	}
	t.Heading("Next")
	bullets(t, v.Next)
}

// destroyPlanText is the plan of a destroy in the words of the person who asks:
// what is lost, who is left without it, what stays.
func destroyPlanText(t *ui.Text, plan request.Plan) {
	end := plan.Destroy
	verb := "You lose "
	switch {
	case plan.Resumes:
		verb = "An earlier destroy is finished: you lose "
	case !end.Registered:
		verb = "A request that did not end is taken back: "
	}
	t.Heading(verb + plan.Name)
	t.Pair("What", fmt.Sprintf("%s (%s), tier %s", plan.Title, plan.Capability, plan.Tier))
	t.Pair("Where", fmt.Sprintf("%s (target %s)", plan.Environment, plan.Target))
	t.Pair("Owner", plan.Team)
	switch {
	case end.Gone:
		t.Pair("Data", "gone already: its server was deleted")
	case end.Registered:
		t.Pair("Data", "all of it, for good; connections that are open are ended")
	default:
		t.Pair("Data", "all that the request has made, whether Terraform knows of it or not")
	}
	t.Pair("Secrets", strings.Join(end.Secrets, ", "))
	if len(end.Left) > 0 {
		t.Pair("Left", strings.Join(end.Left, ", ")+": others may use it")
	}
	if plan.Protected && end.Registered {
		t.Pair("Protection", "its tier is protected")
	}
	switch {
	case len(end.Dependents) == 0:
		t.Pair("Used by", "nothing in the catalog")
	case end.Detach:
		t.Pair("Used by", strings.Join(end.Dependents, ", ")+" (taken out of it)")
	default:
		t.Pair("Used by", strings.Join(end.Dependents, ", "))
	}
	t.Pair("What stays", "the team, the capability, and the story in requests and ledger")
	t.Heading(fmt.Sprintf("Changes: %d to destroy", plan.Counts.Destroy))
	for _, c := range plan.Changes {
		t.Bullet(c.Action + " " + c.Address)
	}
}
