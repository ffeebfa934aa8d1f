package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryCommandHasAnExample takes each example as the command line that it
// is: command, flags, their values, and the number of arguments.
func TestEveryCommandHasAnExample(t *testing.T) {
	app, _, _ := testApp(t)
	root := newRootCmd(app)
	leaves(root, func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q", cmd.CommandPath(), cmd.Short)
		}
		if strings.Count(cmd.Example, "\n") == 0 {
			t.Errorf("%s has no two examples", cmd.CommandPath())
		}
		own := false
		for line := range strings.Lines(cmd.Example) {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: example %q is not indented by two spaces", cmd.CommandPath(), line)
			}
			for _, words := range invocations(line) {
				named, err := parse(t, words)
				if err != nil {
					t.Errorf("%s: example %q: %v", cmd.CommandPath(), line, err)
				}
				own = own || named == cmd.CommandPath()
			}
		}
		if !own {
			t.Errorf("%s: no example is about it:\n%s", cmd.CommandPath(), cmd.Example)
		}
	})
}

// invocations finds the platformctl commands in a line for a shell: words, up to
// what ends them there.
func invocations(line string) [][]string {
	var found [][]string
	parts := strings.Split(line, "platformctl ")
	for i, rest := range parts[1:] {
		var words []string
		word, quoted, begun := "", false, false
		flush := func() {
			if begun {
				words = append(words, word)
			}
			word, begun = "", false
		}
	scan:
		for _, r := range rest {
			switch {
			case r == '\'':
				quoted, begun = !quoted, true
			case quoted:
				word += string(r)
			case strings.ContainsRune("|>&;)", r):
				break scan
			case r == ' ' || r == '\n':
				flush()
			default:
				word, begun = word+string(r), true
			}
		}
		flush()
		if strings.HasSuffix(parts[i], "xargs -n1 ") {
			words = append(words, "checkout-service") // a line that the command before it prints
		}
		found = append(found, words)
	}
	return found
}

// parse takes a command line as far as a run of it would before doing anything,
// and returns the command that it names.
func parse(t *testing.T, words []string) (string, error) {
	t.Helper()
	app, _, _ := testApp(t)
	root := newRootCmd(app)
	strictFlags(root)
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(words)
	if err != nil {
		return "", err
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return cmd.CommandPath(), err
	}
	return cmd.CommandPath(), cmd.ValidateArgs(cmd.Flags().Args())
}

// TestHelpOfBoth shows the help of a command and the topic of the same name.
func TestHelpOfBoth(t *testing.T) {
	app, stdout, _ := testApp(t)
	root := newRootCmd(app)
	root.AddCommand(&cobra.Command{Use: helpTopics[1][0], Short: "A command", Run: func(*cobra.Command, []string) {}})
	if err := runHelp(app, root, []string{helpTopics[1][0]}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"A command", "130 cancelled"} {
		if !strings.Contains(stdout.String(), part) {
			t.Errorf("there is no %q in:\n%s", part, stdout)
		}
	}
	count := 0
	for _, name := range helpNames(root) {
		if name == helpTopics[1][0] {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%q is offered %d times", helpTopics[1][0], count)
	}
}
