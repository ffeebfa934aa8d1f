package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/ui"
)

func newResourceEnvCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "env NAME", Short: "Print what connects to a resource, password included", Args: args("NAME"),
		Long: helpText("resource-env"),
		Example: `  platformctl resource env checkout-service-postgresql
  eval "$(platformctl resource env checkout-service-postgresql)"`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return runResourceEnv(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeResources),
	}
	outputFlag(cmd, app)
	return cmd
}

// variablesView prints variables as a shell reads them, or as one JSON object.
type variablesView map[string]string

func runResourceEnv(ctx context.Context, app *App, name string) error {
	s, r, err := app.openResource(ctx, name)
	if err != nil {
		return err
	}
	env, err := s.environment(ctx, r)
	if err != nil {
		return err
	}
	if app.flags.Output != ui.Table {
		return app.print(variablesView(env))
	}
	for _, key := range slices.Sorted(maps.Keys(env)) {
		if _, err := fmt.Fprintf(app.IO.Out, "export %s=%s\n", key, app.exact(shellQuote(env[key]))); err != nil {
			return err
		}
	}
	return nil
}

// Names are the names of the variables.
func (v variablesView) Names() []string { return slices.Sorted(maps.Keys(v)) }

// shellWord quotes s for a POSIX shell if it has to be.
func shellWord(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@%", r)
	}) {
		return shellQuote(s)
	}
	return s
}

// shellQuote quotes s for a POSIX shell.
func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// childFlagError answers who gives flags of the child without a -- before them.
func childFlagError(cmd *cobra.Command, err error) error {
	if strings.HasPrefix(err.Error(), "unknown") {
		err = fmt.Errorf("%s; flags of the command stand behind --: platformctl resource run NAME -- COMMAND",
			ui.Escape(cut(err.Error(), longestValue)))
		return &usageError{err: err, next: []string{cmd.CommandPath() + " --help"}}
	}
	return flagError(cmd, err)
}

func newResourceRunCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "run NAME -- COMMAND [ARG...]", Short: "Run a command with a resource's connection in its environment",
		Example: `  platformctl resource run checkout-service-postgresql -- psql -tAc 'select current_user'
  platformctl resource run checkout-service-postgresql -- go test ./...`,
		Args: func(cmd *cobra.Command, given []string) error {
			if dash := cmd.ArgsLenAtDash(); dash == 0 || len(given) == 0 {
				return usagef("NAME is missing")
			}
			if len(given) < 2 {
				return usagef("COMMAND is missing: platformctl resource run %s -- COMMAND", given[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, given []string) error {
			return runResourceRun(cmd.Context(), app, given[0], given[1:])
		},
		ValidArgsFunction: app.completeRun,
	}
	cmd.SetFlagErrorFunc(childFlagError)
	return cmd
}

func newResourceConnectCmd(app *App) *cobra.Command {
	return &cobra.Command{
		Use: "connect NAME", Short: "Open a resource with its own client, such as psql", Args: args("NAME"),
		Example: "  platformctl resource connect checkout-service-postgresql\n  platformctl resource connect checkout",
		RunE: func(cmd *cobra.Command, given []string) error {
			return runResourceRun(cmd.Context(), app, given[0], nil)
		},
		ValidArgsFunction: app.complete(completeResources),
	}
}

// runResourceRun runs argv, or the capability's own client when there is none,
// with the connection in its environment and nowhere else.
func runResourceRun(ctx context.Context, app *App, name string, argv []string) error {
	s, r, err := app.openResource(ctx, name)
	if err != nil {
		return err
	}
	if len(argv) == 0 {
		if argv = r.Resolution.Connect; len(argv) == 0 {
			return usagef("%s has no client to connect with: use resource run %s -- COMMAND", r.Record.Spec.Capability, r.Name)
		}
	}
	if _, err := app.LookPath(argv[0]); err != nil {
		return &usageError{err: fmt.Errorf("command %s: %w", quote(argv[0]), errors.Unwrap(err))}
	}
	env, err := s.useEnvironment(ctx, r)
	if err != nil {
		return err
	}
	err = app.Exec(ctx, argv, env, app.IO)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if code := exit.ExitCode(); code >= 0 {
			return &childError{code: code}
		}
		return &childError{code: 128 + signalOf(exit)}
	}
	return err
}

func newResourceDirCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "dir NAME", Short: "Refresh and print the run directory, for Terraform by hand", Args: args("NAME"),
		Example: `  platformctl resource dir checkout-service-postgresql
  cd "$(platformctl resource dir checkout-service-postgresql)" && terraform plan`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return runResourceDir(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeResources),
	}
	outputFlag(cmd, app)
	return cmd
}

// dirView is what `resource dir` answers.
type dirView struct {
	Name string `json:"name"`
	Dir  string `json:"dir"`
}

// Names is the answer to -o name.
func (v dirView) Names() []string { return []string{v.Dir} }

func runResourceDir(ctx context.Context, app *App, name string) error {
	s, r, err := app.openResource(ctx, name)
	if err != nil {
		return err
	}
	if err := s.elsewhere(r.Name, r.Record.Spec.Machine, r.Record.Spec.Writer); err != nil {
		return err
	}
	service, err := s.service(false)
	if err != nil {
		return err
	}
	if err := service.Refresh(ctx, r.Name); err != nil {
		return err
	}
	if err := s.startFor(ctx, r); err != nil {
		return err
	}
	if app.flags.Output == ui.Table {
		_, err = fmt.Fprintln(app.IO.Out, app.exact(r.Dir))
		return err
	}
	return app.print(dirView{Name: r.Name, Dir: r.Dir})
}

func newResourceResumeCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "resume NAME", Short: "Finish a request or a destroy that was cut short", Args: args("NAME"),
		Example: "  platformctl resource resume checkout-service-postgresql\n  platformctl resource resume checkout-service-postgresql -o json",
		RunE: func(cmd *cobra.Command, given []string) error {
			return runResourceResume(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeUnfinished),
	}
	parallelFlag(cmd, app)
	outputFlag(cmd, app)
	return cmd
}

func runResourceResume(ctx context.Context, app *App, name string) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	open, err := s.unfinished()
	if err != nil {
		return err
	}
	u, found := open[name]
	if !found {
		r, err := s.resource(ctx, name)
		if err != nil {
			return err
		}
		app.note("nothing is unfinished for %s", r.Name)
		return runResourceShow(ctx, app, r.Name)
	}
	if u.Err != nil {
		return u.Err
	}
	service, err := s.service(false)
	if err != nil {
		return err
	}
	service.Confirm = nil // it was approved when it began
	if u.Ask.Destroy != nil {
		ended, err := service.Destroy(ctx, request.DestroyAsk{Name: name})
		if err != nil {
			return err
		}
		return app.print(app.newDestroyView(ended, destroyOptions{}))
	}
	result, err := service.Run(ctx, u.Ask)
	if err != nil {
		return err
	}
	return app.print(app.newRequestView(result))
}

// exact is text for a shell, which takes every byte as it is. A terminal does
// not get them: there nobody evaluates it.
func (app *App) exact(text string) string {
	if app.IO.OutTTY {
		return ui.EscapeLines(text)
	}
	return text
}
