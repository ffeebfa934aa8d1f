package cli

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/ui"
)

type initOptions struct {
	name   string
	closed bool
}

func newInitCmd(app *App) *cobra.Command {
	var opts initOptions
	cmd := &cobra.Command{
		Use: "init [DIR]", Short: "Make a platform: a git repository with platform.yaml", Args: args("[DIR]"),
		Long:    helpText("init"),
		Example: "  platformctl init\n  platformctl init ./platform --name acme",
		RunE: func(cmd *cobra.Command, given []string) error {
			dir := "."
			if len(given) == 1 {
				dir = given[0]
			}
			return runInit(cmd.Context(), app, dir, opts)
		},
	}
	cmd.Flags().StringVar(&opts.name, "name", "", "name of the platform (default: that of the directory)")
	cmd.Flags().BoolVar(&opts.closed, "closed", false, "only teams that were added may ask for things")
	outputFlag(cmd, app)
	return cmd
}

// initView is what `init` answers.
type initView struct {
	Name  string   `json:"name"`
	Dir   string   `json:"dir"`
	State string   `json:"state"` // created or unchanged
	Next  []string `json:"next"`
}

func runInit(ctx context.Context, app *App, dir string, opts initOptions) error {
	if dir == "" {
		return usagef("DIR is empty")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(app.Dir, dir)
	}
	dir = filepath.Clean(dir)
	name := opts.name
	if name == "" {
		name = filepath.Base(dir)
		if platform.CheckName("name", name) != nil {
			name = defaultName
		}
	}
	if err := platform.CheckName("name", name); err != nil {
		return err
	}
	home, err := platform.HomeFrom(app.Getenv)
	if err != nil {
		return err
	}
	location, err := platform.ParseLocation(dir, app.Dir)
	if err != nil {
		return err
	}
	s := &session{app: app, home: home, location: location, paths: platform.PathsOf(home, location)}
	cfg := platform.DefaultConfig(name)
	if opts.closed {
		cfg.Spec.Teams = platform.TeamsClosed
	}
	view := initView{Name: name, Dir: dir, State: "created", Next: []string{
		"cd " + shellWord(dir), "platformctl request database --type postgresql --tier development --team TEAM",
	}}
	if opts.closed {
		view.Next[1] = "platformctl team add TEAM"
	}
	if err := platform.MakeHome(home); err != nil {
		return err
	}
	app.IO.Quiet = true // the answer says what was made
	err = s.create(ctx, cfg)
	if errors.Is(err, store.ErrExists) {
		if s.store, err = store.Open(ctx, s.options()); err != nil {
			return err
		}
		snapshot, err := s.Snapshot(ctx)
		if err != nil {
			return err
		}
		view.Name, view.State = snapshot.Config().Metadata.Name, "unchanged"
		return app.print(view)
	}
	if err != nil {
		return err
	}
	return app.print(view)
}

// Names is the answer to -o name.
func (v initView) Names() []string { return []string{v.Dir} }

// Text is the answer for people.
func (v initView) Text(t *ui.Text) {
	if v.State == "unchanged" {
		t.Heading("There is a platform " + v.Name + " in " + v.Dir + " already: nothing was changed")
	} else {
		t.Heading("Created the platform " + v.Name + " in " + v.Dir)
	}
	t.Heading("Next")
	bullets(t, v.Next)
}
