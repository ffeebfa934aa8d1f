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
			return app.print(newVersionView(app.Build))
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

// Build says what a binary was built from. What is empty is taken from what Go
// stamped into it: the version of the module in `go install` builds, the commit
// in builds within a checkout.
type Build struct {
	Version string // a tag, or what comes after one
	Commit  string // in full
	Date    string // of the commit, RFC 3339
}

func newVersionView(build Build) versionView {
	if info, ok := debug.ReadBuildInfo(); ok {
		build = build.or(info)
	}
	return versionView{
		Version: build.Version, Commit: build.Commit, Date: build.Date,
		Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
}

// or fills in what is empty. A binary whose maker named the version but no
// commit gets none from elsewhere: the two might not belong together.
func (b Build) or(info *debug.BuildInfo) Build {
	if b.Version != "" {
		return b
	}
	b.Version = info.Main.Version
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.time":
			b.Date = setting.Value
		}
	}
	return b
}

// Names is the answer to -o name.
func (v versionView) Names() []string { return []string{v.Version} }

// Text is the answer for people.
func (v versionView) Text(t *ui.Text) {
	from := ""
	if v.Commit != "" {
		from = fmt.Sprintf("commit %.12s of %s, ", v.Commit, v.Date)
	}
	t.Paragraph(fmt.Sprintf("platformctl %s (%s%s, %s)", v.Version, from, v.Go, v.Platform))
}
