package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/platformctl/platformctl/internal/ui"
)

// Main runs the command line args with app and returns the exit code.
func Main(ctx context.Context, args []string, app *App) int {
	root := newRootCmd(app)
	help := &watched{Writer: app.IO.Out}
	root.SetOut(help)
	if completing(args) {
		// Cobra parses what a shell asks twice, and writes each value by itself.
		out := bufio.NewWriter(help)
		defer func() { _ = out.Flush() }()
		root.SetOut(out)
	} else {
		strictFlags(root)
	}
	root.SetArgs(args)
	app.flags.Output = outputAsked(args)
	err := root.ExecuteContext(ctx)
	if err == nil && help.err != nil {
		err = &answerError{help.err}
	}
	if err != nil {
		return app.report(err)
	}
	return exitDone
}

// watched keeps the first error of writing, which cobra's help forgets.
type watched struct {
	io.Writer
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// outputAsked finds -o json among args before they are parsed, so that an error
// of parsing is reported in the form that was asked for.
func outputAsked(args []string) ui.Format {
	for i, arg := range args {
		if strings.HasPrefix(arg, "-q") && len(arg) < 20 { // letters may stand together
			arg = "-" + strings.TrimLeft(arg, "-q")
		}
		switch {
		case arg == "--":
			return ui.Table
		case arg == "-ojson", arg == "-o=json", arg == "--output=json",
			(arg == "-o" || arg == "--output") && i+1 < len(args) && args[i+1] == "json":
			return ui.JSON
		}
	}
	return ui.Table
}

func newRootCmd(app *App) *cobra.Command {
	root := &cobra.Command{
		Use:   "platformctl",
		Short: "A self-service platform in one binary",
		Long:  helpText("platformctl"),
		Example: `  platformctl request database --type postgresql --tier production --team checkout-service
  platformctl status`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(*cobra.Command, []string) error {
			app.IO.Quiet = app.IO.Quiet || app.flags.Quiet
			return nil
		},
	}
	root.Version = newVersionView(app.Build).Version
	root.SetOut(app.IO.Out)
	root.SetErr(app.IO.Err)
	root.SetIn(app.IO.In)
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SuggestionsMinimumDistance = 2

	flags := root.PersistentFlags()
	flags.StringVar(&app.flags.Platform, "platform", "", "`DIR` of the platform (default: found, see help environment)")
	flags.BoolVar(&app.flags.NoInput, "no-input", false, "never ask; a missing value is an error")
	flags.BoolVarP(&app.flags.Quiet, "quiet", "q", false, "no progress on stderr")

	root.AddGroup(
		&cobra.Group{ID: "use", Title: "Use the platform:"},
		&cobra.Group{ID: "run", Title: "Run the platform:"},
	)
	for _, cmd := range []*cobra.Command{
		newRequestCmd(app), newResourceCmd(app), newCatalogCmd(app), newStatusCmd(app),
	} {
		cmd.GroupID = "use"
		root.AddCommand(cmd)
	}
	for _, cmd := range []*cobra.Command{
		newInitCmd(app), newTeamCmd(app), newEnvironmentCmd(app), newCapabilityCmd(app), newLocalCmd(app), newVerifyCmd(app), newDoctorCmd(app),
	} {
		cmd.GroupID = "run"
		root.AddCommand(cmd)
	}
	root.AddCommand(newVersionCmd(app), newCompletionCmd(app))
	root.SetHelpCommand(newHelpCmd(app))
	app.completeAll(root)
	return root
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}

// unknownCommand refuses arguments of a command that only holds others.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	if slices.Contains(names, args[0]) {
		return &usageError{
			err:  fmt.Errorf("the command %q stands behind --: put it in front", args[0]),
			next: []string{cmd.CommandPath() + " " + args[0] + " --help"},
		}
	}
	hint := suggest(args[0], names)
	for _, sub := range cmd.Commands() {
		if slices.Contains(sub.SuggestFor, args[0]) { // another word for the same
			hint = fmt.Sprintf("did you mean %q?", sub.Name())
		}
	}
	err := fmt.Errorf("unknown command %s for %q", quote(args[0]), cmd.CommandPath())
	if strings.HasPrefix(hint, "did you mean") {
		err = fmt.Errorf("%w; %s", err, hint)
	}
	return &usageError{err: err, next: []string{cmd.CommandPath() + " --help"}}
}

// flagError names the flag or the value that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	// pflag puts what was typed into its errors as it is, with any line break.
	shown := errors.New(ui.Escape(cut(err.Error(), 4*longestValue)))
	usage := &usageError{err: shown, next: []string{cmd.CommandPath() + " --help"}}
	name, known := "", []string(nil)
	if flag, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name = "--" + flag.GetSpecifiedName()
		if letters := flag.GetSpecifiedShortnames(); len(letters) > 2 {
			name = "--" + letters // -tier is meant as --tier, not as -t -i -e -r
		}
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, "--"+f.Name) })
	}
	if format, ok := errors.AsType[*ui.FormatError](err); ok {
		name, known = format.Name, ui.Formats()
	}
	if hint := suggest(name, known); strings.HasPrefix(hint, "did you mean") {
		usage.err = fmt.Errorf("%w; %s", shown, hint)
	}
	return usage
}

// args checks the number of arguments and names them in the error.
func args(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		required := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.HasPrefix(n, "[") })
		usage := []string{cmd.CommandPath() + " --help"}
		if len(given) < len(required) {
			return &usageError{err: fmt.Errorf("%s is missing", required[len(given)]), next: usage}
		}
		if len(given) > len(names) {
			return &usageError{err: fmt.Errorf("unexpected argument %s", quote(given[len(names)])), next: usage}
		}
		return nil
	}
}

// outputFlag adds -o to a command that answers.
func outputFlag(cmd *cobra.Command, app *App) {
	if app.flags.Output == "" {
		app.flags.Output = ui.Table
	}
	cmd.Flags().VarP(&app.flags.Output, "output", "o", "table, json, yaml or name")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(
		[]cobra.Completion{"table", "json", "yaml", "name"}, cobra.ShellCompDirectiveNoFileComp))
}
