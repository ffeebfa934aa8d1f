package cli

import (
	"bytes"
	_ "embed"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// bashWords replaces what cobra's script for bash takes from the package
// bash-completion, which many machines lack.
//
//go:embed completion.bash
var bashWords string

func newCompletionCmd(app *App) *cobra.Command {
	cmd := group("completion", "The script that completes commands, flags and values in your shell",
		newShellCmd(app, "bash", bashCompletion),
		newShellCmd(app, "zsh", (*cobra.Command).GenZshCompletion),
		newShellCmd(app, "fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }),
		newShellCmd(app, "powershell", (*cobra.Command).GenPowerShellCompletionWithDesc))
	cmd.Long = helpText("completion")
	return cmd
}

func newShellCmd(app *App, shell string, generate func(*cobra.Command, io.Writer) error) *cobra.Command {
	return &cobra.Command{
		Use: shell, Short: "Print the script for " + shell, Args: args(),
		Long: helpText("completion-" + shell),
		Example: map[string]string{
			"bash":       "  source <(platformctl completion bash)\n  platformctl completion bash > ~/.local/share/bash-completion/completions/platformctl",
			"zsh":        "  source <(platformctl completion zsh)\n  platformctl completion zsh > ~/.zsh/completions/_platformctl",
			"fish":       "  platformctl completion fish | source\n  platformctl completion fish > ~/.config/fish/completions/platformctl.fish",
			"powershell": "  platformctl completion powershell | Out-String | Invoke-Expression\n  platformctl completion powershell >> $PROFILE",
		}[shell],
		RunE: func(cmd *cobra.Command, _ []string) error {
			var script bytes.Buffer
			if err := generate(cmd.Root(), &script); err != nil {
				return err
			}
			_, err := app.IO.Out.Write(script.Bytes())
			return err
		},
	}
}

// bashCompletion writes cobra's script with our own functions in place of those
// of bash-completion, which are used when they are there.
func bashCompletion(root *cobra.Command, w io.Writer) error {
	var script bytes.Buffer
	if err := root.GenBashCompletionV2(&script, true); err != nil {
		return err
	}
	_, err := io.WriteString(w, strings.NewReplacer(
		`_get_comp_words_by_ref "$@" cur prev words cword`, `__platformctl_words "$@"`,
		"_filedir", "__platformctl_filedir",
	).Replace(script.String())+bashWords)
	return err
}
