package cli

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/platformctl/platformctl/internal/store"
)

// describing is how long a completion may take to describe what it offers: a
// shell waits for it at each press of a key. What was not read by then is
// offered without a description.
const describing = 30 * time.Millisecond

// asked is a word that a shell wants completed, and what is known about it.
type asked struct {
	*session
	snapshot *store.Snapshot
	cmd      *cobra.Command
	args     []string // arguments before the word
	prefix   string   // what is typed of the word
}

// flag is the value of a flag that stands before the word, "" without one.
func (a *asked) flag(name string) string {
	if f := a.cmd.Flag(name); f != nil && f.Changed {
		return f.Value.String()
	}
	return ""
}

// matches reports whether a value can be what is being typed.
func (a *asked) matches(value string) bool { return strings.HasPrefix(value, a.prefix) }

// completer lists the values that the word may be. The end of ctx says that
// descriptions are no longer worth their time.
type completer func(ctx context.Context, a *asked) []cobra.Completion

// complete completes the first argument of a command. What follows is no file.
func (app *App) complete(list completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(given) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return app.completions(cmd, given, prefix, list)
	}
}

// completeFlag completes the value of a flag.
func (app *App) completeFlag(list completer) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return app.completions(cmd, given, prefix, list)
	}
}

// completions opens the platform and lists. An error completes nothing: a shell
// has no place for it. A value that ends with = is not the end of the word.
func (app *App) completions(cmd *cobra.Command, given []string, prefix string, list completer) ([]cobra.Completion, cobra.ShellCompDirective) {
	s, err := app.open(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	snapshot, err := s.Snapshot(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), cmp.Or(app.describing, describing))
	defer cancel()
	a := &asked{session: s, snapshot: snapshot, cmd: cmd, args: given, prefix: prefix}
	directive := cobra.ShellCompDirectiveNoFileComp
	var values []cobra.Completion
	for _, completion := range list(ctx, a) {
		value, _, _ := strings.Cut(completion, "\t")
		if !a.matches(value) {
			continue
		}
		if strings.HasSuffix(value, "=") {
			directive |= cobra.ShellCompDirectiveNoSpace
		}
		values = append(values, completion)
	}
	return values, directive
}

// flagValues are the flags that mean the same wherever they stand.
func flagValues() map[string]completer {
	return map[string]completer{
		"type": completeTypes, "tier": completeTiers, "env": completeEnvironments,
		"team": completeTeams, "owner": completeOwners, "for": completeComponents, "set": completeInputs,
	}
}

// completeAll sees to it that every flag and argument of cmd and of the commands
// below it completes what it can be and no more. Unless they have a completion of
// their own, flags with a well-known name offer its values; a placeholder in
// their help that is DIR or FILE offers those; any other value is for the person
// to say, and no file.
func (app *App) completeAll(cmd *cobra.Command) {
	known := flagValues()
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.NoOptDefVal != "" {
			return // a switch
		}
		if _, has := cmd.GetFlagCompletionFunc(f.Name); has {
			return
		}
		placeholder, _ := pflag.UnquoteUsage(f)
		complete := completePath(placeholder)
		if list := known[f.Name]; list != nil {
			complete = app.completeFlag(list)
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, complete)
	})
	if cmd.ValidArgsFunction == nil && !cmd.HasSubCommands() {
		_, placeholder, _ := strings.Cut(cmd.Use, " ")
		cmd.ValidArgsFunction = completePath(strings.Trim(placeholder, "[]"))
	}
	for _, sub := range cmd.Commands() {
		app.completeAll(sub)
	}
}

// completePath completes what a placeholder in help stands for.
func completePath(placeholder string) cobra.CompletionFunc {
	directive := cobra.ShellCompDirectiveNoFileComp
	switch placeholder {
	case "DIR":
		directive = cobra.ShellCompDirectiveFilterDirs
	case "FILE":
		directive = cobra.ShellCompDirectiveDefault
	}
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, directive
	}
}

// completing reports whether args are a shell's question for completions.
func completing(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// completeRun completes the arguments of `resource run`: a resource, and after
// it whatever the command takes, which is not for us to know.
func (app *App) completeRun(cmd *cobra.Command, given []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(given) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return app.completions(cmd, given, prefix, completeResources)
}
