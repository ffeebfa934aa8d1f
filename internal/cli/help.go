package cli

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
)

//go:embed help/*.txt
var helpTexts embed.FS

// helpTopics are those that are no command, with what they are about.
var helpTopics = [][2]string{
	{"environment", "variables, directories, and which platform is meant"},
	{"exit-codes", "what the exit codes say"},
	{"formats", "the file formats and their JSON Schemas"},
}

// helpText is the long help of a command or topic; a missing one is a bug that
// the tests find.
func helpText(name string) string {
	text, err := helpTexts.ReadFile("help/" + name + ".txt")
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(text), "\n")
}

func newHelpCmd(app *App) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND | TOPIC]", Short: "Help about a command or a topic",
		Long: "Help about a command, or about a topic: environment, exit-codes, formats.",
		Example: `  platformctl help request
  platformctl help exit-codes
  platformctl help formats capability`,
		RunE: func(cmd *cobra.Command, given []string) error { return runHelp(app, cmd.Root(), given) },
		ValidArgsFunction: func(cmd *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return completeHelp(cmd.Root(), given), cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func runHelp(app *App, root *cobra.Command, given []string) error {
	if len(given) == 0 {
		return root.Help()
	}
	if given[0] == "formats" && len(given) == 2 {
		return printSchema(app, given[1])
	}
	cmd, rest, err := root.Find(given)
	if slices.ContainsFunc(helpTopics, func(t [2]string) bool { return t[0] == given[0] }) && len(given) == 1 {
		if err == nil && cmd != root && len(rest) == 0 { // a command of this name, which comes first
			if err := cmd.Help(); err != nil {
				return err
			}
			fmt.Fprintln(app.IO.Out)
		}
		_, err := fmt.Fprintln(app.IO.Out, helpText(given[0]))
		return err
	}
	if err != nil || cmd == root || len(rest) > 0 {
		known := helpNames(root)
		if err == nil && cmd.HasSubCommands() && cmd != root {
			known = helpNames(cmd)
		}
		return &usageError{
			err:  fmt.Errorf("no help on %s; %s", quote(strings.Join(given, " ")), suggest(given[len(given)-1], known)),
			next: []string{"platformctl help"},
		}
	}
	return cmd.Help()
}

// helpNames are the commands below cmd, and the topics when it is the root.
func helpNames(cmd *cobra.Command) []string {
	var names []string
	for _, completion := range completeHelp(cmd, nil) {
		name, _, _ := strings.Cut(completion, "\t")
		names = append(names, name)
	}
	return names
}

// completeHelp offers what help there is: topics and commands, and what is below
// those that stand before the word.
func completeHelp(from *cobra.Command, given []string) []cobra.Completion {
	if len(given) == 1 && given[0] == "formats" {
		return formatNames
	}
	at, rest, err := from, given, error(nil)
	if len(given) > 0 {
		at, rest, err = from.Find(given)
	}
	if err != nil || len(rest) > 0 {
		return nil
	}
	var list []cobra.Completion
	for _, cmd := range at.Commands() {
		if cmd.IsAvailableCommand() {
			list = append(list, cobra.CompletionWithDesc(cmd.Name(), cmd.Short))
		}
	}
	if !at.HasParent() {
		for _, topic := range helpTopics {
			if cmd, _, err := at.Find([]string{topic[0]}); err != nil || cmd == at { // else it is listed as a command
				list = append(list, cobra.CompletionWithDesc(topic[0], topic[1]))
			}
		}
	}
	return list
}

// formatNames are the file formats that there is a JSON Schema of.
var formatNames = []string{"capability", "platform"}

// printSchema prints the JSON Schema of a file format.
func printSchema(app *App, format string) error {
	schemas := map[string]func() []byte{"capability": capability.Schema, "platform": platform.Schema}
	schema, found := schemas[format]
	if !found {
		return usagef("there is no format %s; %s", quote(format), suggest(format, formatNames))
	}
	_, err := app.IO.Out.Write(schema())
	return err
}
