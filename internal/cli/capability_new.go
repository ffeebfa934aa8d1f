package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/durable"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/terraform"
	"github.com/platformctl/platformctl/internal/ui"
)

type newCapabilityOptions struct {
	name, source, version, typ, title string
	dryRun                            bool
}

func newCapabilityNewCmd(app *App) *cobra.Command {
	var opts newCapabilityOptions
	cmd := &cobra.Command{
		Use: "new NAME --from-module SOURCE", Short: "Make a capability of a Terraform module", Args: args("NAME"),
		Long: helpText("capability-new"),
		Example: `  platformctl capability new cache --from-module ./some-module
  platformctl capability new cache --from-module 'git::https://github.com/org/modules.git//redis?ref=v1.4.0'
  platformctl capability new bucket --from-module terraform-aws-modules/s3-bucket/aws --version 5.2.0 --dry-run`,
		RunE: func(cmd *cobra.Command, given []string) error {
			opts.name = given[0]
			return runCapabilityNew(cmd.Context(), app, opts)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.source, "from-module", "", "directory, git::ADDRESS?ref=TAG, or NAMESPACE/NAME/PROVIDER of a registry")
	flags.StringVar(&opts.version, "version", "", "exact version of a module from a registry")
	flags.StringVar(&opts.typ, "type", "", "name of its one type (default: NAME)")
	flags.StringVar(&opts.title, "title", "", "what to call it in prose (default: made from NAME)")
	flags.BoolVar(&opts.dryRun, "dry-run", false, "show the files and change nothing")
	_ = cmd.MarkFlagDirname("from-module")
	outputFlag(cmd, app)
	return cmd
}

// newCapabilityView is what `capability new` and `capability eject` answer.
type newCapabilityView struct {
	Name    string               `json:"name"`
	State   string               `json:"state"` // created, ejected, or planned (a dry run)
	Module  string               `json:"module,omitempty"`
	Digest  string               `json:"digest"`
	Files   []fileView           `json:"files"`
	Notes   []string             `json:"notes,omitempty"`
	Improve []capability.Finding `json:"improve"`
	Next    []string             `json:"next"`
}

// fileView is one file of a capability; Text is told in a dry run.
type fileView struct {
	Path string `json:"path"`
	Text string `json:"text,omitempty"`
}

func (o *newCapabilityOptions) check() error {
	if o.typ == "" {
		o.typ = o.name
	}
	for field, name := range map[string]string{"NAME": o.name, "--type": o.typ} {
		if !capability.ValidName(name) {
			return usagef("%s: %s is no name: 2 to 40 lower-case letters, digits and single dashes, a letter first and no dash last", field, quote(name))
		}
	}
	if o.title != "" {
		if err := platform.CheckText("--title", o.title); err != nil {
			return err
		}
	}
	if o.source == "" {
		return usagef("--from-module is missing: a directory, git::ADDRESS?ref=TAG, or NAMESPACE/NAME/PROVIDER of a registry with --version")
	}
	return nil
}

func runCapabilityNew(ctx context.Context, app *App, opts newCapabilityOptions) error {
	if err := opts.check(); err != nil {
		return err
	}
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	if err := s.refuseTaken(snapshot, opts.name); err != nil {
		return err
	}
	owner, err := request.OwnerRef(snapshot.Config())
	if err != nil {
		return err
	}
	scratch, remove, err := app.TempDir()
	if err != nil {
		return err
	}
	defer remove()
	m := &maker{session: s, engine: &engine{session: s, dryRun: true, unpinned: true}, scratch: scratch}
	m.draft = capability.Draft{Name: opts.name, Type: opts.typ, Title: opts.title, Owner: owner.String(), Version: opts.version}
	view, err := m.make(ctx, opts.source)
	if err != nil {
		return err
	}
	if opts.dryRun {
		view.State = "planned"
		if err := m.texts(&view); err != nil {
			return err
		}
		return app.print(view)
	}
	view.State = "created"
	files, err := treeFiles(os.DirFS(m.dir()))
	if err != nil {
		return err
	}
	err = s.addCapability(ctx, addition{verb: "created", name: opts.name, version: m.def.Spec.Version, digest: m.def.Digest(), files: files})
	if err != nil {
		return err
	}
	return app.print(view)
}

// refuseTaken refuses the name of a capability that there is.
func (s *session) refuseTaken(snapshot *store.Snapshot, name string) error {
	set, err := s.capabilities(snapshot)
	if err != nil {
		return err
	}
	builtin, err := s.app.builtin()
	if err != nil {
		return err
	}
	if slices.Contains(set.Names(), name) {
		return &capabilityExistsError{name: name, builtin: slices.Contains(builtin.Names(), name)}
	}
	return nil
}

// maker makes a capability of a module in a scratch directory, where it looks as
// it will in the platform.
type maker struct {
	session *session
	engine  *engine
	scratch string
	draft   capability.Draft
	def     *capability.Definition
	iface   capability.Interface
	notes   []string
}

func (m *maker) root() string { return filepath.Join(m.scratch, "capabilities") }
func (m *maker) dir() string  { return filepath.Join(m.root(), m.draft.Name) }

func (m *maker) make(ctx context.Context, source string) (newCapabilityView, error) {
	if err := m.module(ctx, source); err != nil {
		return newCapabilityView{}, err
	}
	if err := m.write(); err != nil {
		return newCapabilityView{}, err
	}
	if err := m.count(ctx); err != nil {
		return newCapabilityView{}, err
	}
	if err := m.write(); err != nil {
		return newCapabilityView{}, err
	}
	interfaces := map[string]capability.Interface{}
	for _, use := range m.def.Modules() {
		interfaces[use.Field] = m.iface
	}
	view := newCapabilityView{
		Name: m.draft.Name, Module: m.draft.Source, Digest: m.def.Digest(), Files: []fileView{}, Notes: m.notes,
		Improve: m.def.Lint(interfaces), Next: []string{m.request(), "platformctl capability lint " + m.draft.Name},
	}
	files, err := treeFiles(os.DirFS(m.dir()))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		view.Files = append(view.Files, fileView{Path: path.Join(platform.CapabilitiesDir, m.draft.Name, name)})
	}
	return view, err
}

// request is the command that asks for what was made.
func (m *maker) request() string {
	words := []string{"platformctl request", m.draft.Name, "--tier", capability.DraftTiers()[0], "--team TEAM"}
	for _, in := range m.def.Inputs(m.draft.Type) {
		if in.Required {
			words = append(words, "--set "+in.Name+"=...")
		}
	}
	return strings.Join(words, " ")
}

// module brings the module, and learns what it asks for and gives.
func (m *maker) module(ctx context.Context, source string) error {
	module := terraform.Module{Version: m.draft.Version}
	dir, local, err := m.session.app.moduleDir(source)
	switch {
	case err != nil:
		return err
	case local && m.draft.Version != "":
		return usagef("--version is for a module from a registry, and %s is a directory", quote(source))
	case local:
		m.draft.Source = "./modules/" + plainBase(dir)
		to := filepath.Join(m.dir(), "modules", plainBase(dir))
		if err := copyModule(dir, to); err != nil {
			return err
		}
		if err := copyLock(dir, m.dir()); err != nil {
			return err
		}
		module.Local = os.DirFS(to)
	default:
		if m.draft.Source, err = capability.RemoteSource(source, m.draft.Version); err != nil {
			return err
		}
	}
	module.Source = m.draft.Source
	if m.iface, err = m.engine.describe(ctx, module); err != nil {
		return &newModuleError{err}
	}
	if m.iface.Fetched {
		m.draft.Digest = m.iface.Digest
	}
	m.draft.Module = m.iface
	return nil
}

// write writes what is made beside the module, and reads it as requests will.
func (m *maker) write() error {
	files, err := m.draft.Files()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(m.dir(), 0o700); err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(m.dir(), name), data, 0o600); err != nil {
			return err
		}
	}
	m.def, err = capability.Load(os.DirFS(m.root()), m.draft.Name)
	return err
}

// count plans the tests, notes what they add, and keeps which providers they ran
// with. Where that cannot be had, the tests expect nothing.
func (m *maker) count(ctx context.Context) error {
	progress := m.session.app.progress()
	progress.Start("test", "planning its tests")
	plans := map[string]capability.PlanCounts{}
	for _, test := range m.def.Spec.Tests {
		trial, err := request.Try(ctx, m.engine, request.Tryout{Definition: m.def, Test: test, Dir: filepath.Join(m.scratch, "run")})
		if err != nil {
			progress.Fail("planning its tests")
			if ctx.Err() != nil {
				return ctx.Err()
			}
			m.notes = append(m.notes, "the tests could not be planned here, so they expect nothing: "+err.Error())
			return nil
		}
		if _, err := os.Stat(filepath.Join(m.dir(), capability.LockFile)); errors.Is(err, fs.ErrNotExist) && trial.Lock != nil {
			if err := os.WriteFile(filepath.Join(m.dir(), capability.LockFile), trial.Lock, 0o600); err != nil {
				return err
			}
		}
		if trial.Reason != nil && len(plans) == 0 {
			m.notes = append(m.notes, fmt.Sprintf("the tests were planned with %s mocked: %v", strings.Join(trial.Mocked, ", "), trial.Reason))
		}
		plans[test.Tier] = capability.PlanCounts(trial.Changes.Counts)
	}
	m.draft.Plans = plans
	progress.Done("planned its tests")
	return nil
}

// texts adds the content of the files that were not copied.
func (m *maker) texts(view *newCapabilityView) error {
	for i, file := range view.Files {
		name := strings.TrimPrefix(file.Path, path.Join(platform.CapabilitiesDir, m.draft.Name)+"/")
		if strings.HasPrefix(name, "modules/") {
			continue
		}
		text, err := durable.ReadFile(filepath.Join(m.dir(), filepath.FromSlash(name)), durable.Small)
		if err != nil {
			return err
		}
		view.Files[i].Text = string(text)
	}
	return nil
}

// Names is the answer to -o name.
func (v newCapabilityView) Names() []string { return []string{v.Name} }

// Text is the answer for people.
func (v newCapabilityView) Text(t *ui.Text) {
	switch v.State {
	case "planned":
		t.Heading("Would make the capability " + v.Name)
	case verbEjected:
		t.Heading("The capability " + v.Name + " is the platform's own now")
	default:
		t.Heading("Made the capability " + v.Name)
	}
	for _, file := range v.Files {
		t.Bullet(file.Path)
	}
	for _, file := range v.Files {
		if file.Text == "" {
			continue
		}
		t.Heading(file.Path)
		for line := range strings.SplitSeq(strings.TrimRight(file.Text, "\n"), "\n") {
			t.Literal(line)
		}
	}
	if len(v.Notes) > 0 {
		t.Heading("Note")
		bullets(t, v.Notes)
	}
	if len(v.Improve) > 0 {
		t.Heading("What a person should still improve")
		for _, f := range v.Improve {
			t.Bullet(findingText(f))
		}
	}
	t.Heading("Next")
	bullets(t, v.Next)
}
