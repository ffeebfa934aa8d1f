package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/ui"
)

func newVersionCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "Show the version of platformctl", Args: args(),
		Example: "  platformctl version\n  platformctl version -o json",
		RunE: func(*cobra.Command, []string) error {
			return app.print(newVersionView(app.Version))
		},
	}
	outputFlag(cmd, app)
	return cmd
}

// versionView is what `version` answers.
type versionView struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func newVersionView(version string) versionView {
	view := versionView{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return view
	}
	if view.Version == "" {
		view.Version = info.Main.Version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			view.Commit = setting.Value
		case "vcs.time":
			view.Date = setting.Value
		}
	}
	return view
}

// Names is the answer to -o name.
func (v versionView) Names() []string { return []string{v.Version} }

// Text is the answer for people.
func (v versionView) Text(t *ui.Text) {
	t.Paragraph(fmt.Sprintf("platformctl %s (%s, %s)", v.Version, v.Go, v.Platform))
}
