package cli

import (
	"cmp"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/platformctl/platformctl/internal/ui"
)

// Page is the help of one command or topic, as data.
type Page struct {
	Name    string // "platformctl resource show", or the name of a topic
	Topic   bool
	Short   string
	Long    string // lines that begin with spaces are to be kept as they are
	Usage   string // a command's line with its arguments; of a topic, the command that shows it
	Example string // one command a line
	Flags   []Flag // without those that every command takes, which the first page has
	Below   []string
}

// Flag is one flag of a command.
type Flag struct {
	Name, Shorthand string // without hyphens
	Placeholder     string // of its value; empty for a switch
	Usage           string
}

// Reference returns the help of all commands in the order of a tree, the root
// first, then that of the topics. It depends on nothing but the code.
func Reference() []Page {
	root := newRootCmd(&App{
		IO: ui.Streams{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, Getenv: func(string) string { return "" },
	})
	root.InitDefaultVersionFlag()
	pages := commandPages(nil, root)
	for _, topic := range helpTopics {
		pages = append(pages, Page{
			Name: topic[0], Topic: true, Short: topic[1], Long: helpText(topic[0]), Usage: "platformctl help " + topic[0],
		})
	}
	return pages
}

func commandPages(pages []Page, cmd *cobra.Command) []Page {
	page := Page{Name: cmd.CommandPath(), Short: cmd.Short, Long: cmp.Or(cmd.Long, cmd.Short+"."), Usage: strings.TrimSuffix(cmd.UseLine(), " [flags]"), Example: cmd.Example}
	if cmd.HasSubCommands() {
		page.Usage = cmd.CommandPath() + " COMMAND"
	}
	cmd.InitDefaultHelpFlag()
	cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" && cmd.HasParent() {
			return
		}
		placeholder, usage := pflag.UnquoteUsage(f)
		page.Flags = append(page.Flags, Flag{Name: f.Name, Shorthand: f.Shorthand, Placeholder: placeholder, Usage: usage})
	})
	at := len(pages)
	pages = append(pages, page)
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			pages[at].Below = append(pages[at].Below, sub.CommandPath())
			pages = commandPages(pages, sub)
		}
	}
	return pages
}
