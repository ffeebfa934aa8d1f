package cli

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/platform"
)

func newCapabilityEjectCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "eject NAME", Short: "Copy a built-in capability into the platform, to change it there", Args: args("NAME"),
		Long: "Copies the files of a built-in capability into capabilities/NAME of the platform, in one commit.\n" +
			"From then on the copy counts; resources made with the built-in one stay as they are.",
		Example: "  platformctl capability eject database\n  platformctl capability eject database -o json",
		RunE: func(cmd *cobra.Command, given []string) error {
			return runCapabilityEject(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeBuiltin),
	}
	outputFlag(cmd, app)
	return cmd
}

func runCapabilityEject(ctx context.Context, app *App, name string) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	own, err := snapshot.FS(platform.CapabilitiesDir)
	if err != nil {
		return err
	}
	if _, err := fs.Stat(own, name); fs.ValidPath(name) && !errors.Is(err, fs.ErrNotExist) {
		return &capabilityExistsError{name: name, ejected: true}
	}
	builtin, err := app.builtin()
	if err != nil {
		return err
	}
	def, err := builtin.Get(name)
	if err != nil {
		return err
	}
	files, err := treeFiles(def.Files())
	if err != nil {
		return err
	}
	if err := s.addCapability(ctx, addition{verbEjected, name, def.Spec.Version, def.Digest(), files}); err != nil {
		return err
	}
	view := newCapabilityView{
		Name: name, State: verbEjected, Digest: def.Digest(), Files: []fileView{}, Improve: []capability.Finding{},
		Next: []string{
			"$EDITOR " + shellWord(path.Join(s.location.String(), platform.CapabilitiesDir, name, capability.FileName)),
			"platformctl capability lint " + name, "platformctl capability test " + name,
		},
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		view.Files = append(view.Files, fileView{Path: path.Join(platform.CapabilitiesDir, name, file)})
	}
	return app.print(view)
}

// builtin are the capabilities that come with the binary.
func (app *App) builtin() (capability.Set, error) {
	files, err := fs.Sub(app.Catalog, "capabilities")
	if err != nil {
		return capability.Set{}, err
	}
	return capability.LoadAll(files, nil)
}

func completeBuiltin(_ context.Context, a *asked) []cobra.Completion {
	set, err := a.app.builtin()
	if err != nil {
		return nil
	}
	return set.Names()
}
