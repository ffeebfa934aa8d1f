package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/index"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/ui"
)

func newCatalogCmd(app *App) *cobra.Command {
	return group("catalog", "What there is: services, resources, teams, APIs", newCatalogListCmd(app), newCatalogShowCmd(app))
}

func newCatalogListCmd(app *App) *cobra.Command {
	var filter index.Filter
	cmd := &cobra.Command{
		Use: "list", Short: "List the entities of the catalog", Args: args(), Aliases: []string{"ls"},
		Example: "  platformctl catalog list\n  platformctl catalog list --kind resource --owner checkout-service",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runCatalogList(cmd.Context(), app, filter)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&filter.Kind, "kind", "", "only this kind: "+strings.Join(catalogKinds, ", "))
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(catalogKinds, cobra.ShellCompDirectiveNoFileComp))
	flags.StringVar(&filter.Owner, "owner", "", "only what this group or user owns")
	flags.StringVar(&filter.Type, "type", "", "only this type")
	flags.StringVar(&filter.Lifecycle, "lifecycle", "", "only this lifecycle")
	flags.StringVar(&filter.Tag, "tag", "", "only what carries this tag")
	for flag, field := range map[string]func(backstage.Entity) []string{
		"type":      func(e backstage.Entity) []string { return []string{e.SpecString("type")} },
		"lifecycle": func(e backstage.Entity) []string { return []string{e.SpecString("lifecycle")} },
		"tag":       func(e backstage.Entity) []string { return e.Metadata.Tags },
	} {
		_ = cmd.RegisterFlagCompletionFunc(flag, app.completeFlag(catalogField(field)))
	}
	outputFlag(cmd, app)
	return cmd
}

// catalogKinds are the kinds of Backstage's catalog.
var catalogKinds = []string{"component", "api", "resource", "system", "domain", "group", "user", "location", "template"}

// catalogList is what `catalog list` answers: the entities as Backstage gives them.
type catalogList struct {
	Entities []backstage.Entity `json:"entities"`
}

func runCatalogList(ctx context.Context, app *App, filter index.Filter) error {
	if filter.Kind != "" && !slices.Contains(catalogKinds, strings.ToLower(filter.Kind)) {
		return &platform.UnknownError{What: "kind", Name: filter.Kind, Known: catalogKinds}
	}
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	entities, err := index.New(s).List(ctx, filter)
	if err != nil {
		return err
	}
	if err := s.warnOfProblems(ctx); err != nil {
		return err
	}
	if entities == nil {
		entities = []backstage.Entity{}
	}
	return app.print(catalogList{Entities: entities})
}

// warnOfProblems tells of files of the record that could not be read: what they
// hold is missing from the answer.
func (s *session) warnOfProblems(ctx context.Context) error {
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	problems, err := snapshot.Problems()
	for _, problem := range problems {
		s.app.note("warning: %v", problem)
	}
	return err
}

// Header names the columns.
func (l catalogList) Header() []string {
	return []string{"Entity", "Type", "Owner", "Lifecycle", "Title"}
}

// Rows are the entities.
func (l catalogList) Rows() [][]string {
	rows := make([][]string, len(l.Entities))
	for i, e := range l.Entities {
		owner := ""
		if ref, ok := e.Owner(); ok {
			owner = ref.String()
		}
		rows[i] = []string{e.Ref().String(), e.SpecString("type"), owner, e.SpecString("lifecycle"), e.Metadata.Title}
	}
	return rows
}

// Names are the references of the entities.
func (l catalogList) Names() []string {
	names := make([]string, len(l.Entities))
	for i, e := range l.Entities {
		names[i] = e.Ref().String()
	}
	return names
}

func newCatalogShowCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show REF", Short: "Show an entity and what it is related to", Args: args("REF"),
		Example: `  platformctl catalog show resource:checkout-service-postgresql
  platformctl catalog show group:checkout-service -o yaml`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return runCatalogShow(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeEntities),
	}
	outputFlag(cmd, app)
	return cmd
}

// entityView is what `catalog show` answers: the entity as Backstage gives it,
// with its relations in both directions.
type entityView struct {
	entity    backstage.Entity
	relations []index.Relation
}

func runCatalogShow(ctx context.Context, app *App, name string) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	ix := index.New(s)
	ref, err := s.catalogRef(ctx, ix, name)
	if err != nil {
		return err
	}
	detail, err := ix.Show(ctx, ref)
	if err != nil {
		return err
	}
	return app.print(entityView{detail.Entity, detail.Relations})
}

// catalogRef reads a reference; a bare name will do when only one entity has it.
func (s *session) catalogRef(ctx context.Context, ix *index.Index, name string) (backstage.Ref, error) {
	entities, err := ix.List(ctx, index.Filter{})
	if err != nil {
		return backstage.Ref{}, err
	}
	var known, names, matches []string
	var match backstage.Ref
	for _, e := range entities {
		ref := e.Ref().String()
		known, names = append(known, ref), append(names, e.Metadata.Name)
		if strings.EqualFold(e.Metadata.Name, name) {
			matches, match = append(matches, ref), e.Ref()
		}
	}
	switch {
	case len(matches) == 1:
		return match, nil
	case len(matches) > 1:
		return backstage.Ref{}, usagef("%q is the name of several entities: %s", name, strings.Join(matches, ", "))
	case !strings.Contains(name, ":"):
		return backstage.Ref{}, &platform.UnknownError{What: "entity", Name: name, Known: names}
	}
	ref, err := backstage.ParseRef(name, backstage.Ref{Namespace: "default"})
	if err != nil {
		return backstage.Ref{}, usagef("%w", err)
	}
	if slices.Contains(known, ref.String()) {
		return ref, nil
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return backstage.Ref{}, err
	}
	if _, _, err := snapshot.Entity(ref); err != nil {
		return backstage.Ref{}, err // its file cannot be read
	}
	return backstage.Ref{}, &platform.UnknownError{What: "entity", Name: ref.String(), Known: known}
}

// MarshalJSON gives the form of Backstage's API.
func (v entityView) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(v.entity)
	if err != nil {
		return nil, err
	}
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, err
	}
	relations := make([]map[string]string, len(v.relations))
	for i, r := range v.relations {
		relations[i] = map[string]string{"type": r.Type, "targetRef": r.Target.String()}
	}
	object["relations"] = relations
	return json.Marshal(object)
}

// Names is the answer to -o name.
func (v entityView) Names() []string { return []string{v.entity.Ref().String()} }

// Text is the answer for people.
func (v entityView) Text(t *ui.Text) {
	e := v.entity
	t.Heading(e.Ref().String())
	for _, pair := range [][2]string{
		{"Title", e.Metadata.Title},
		{"Description", e.Metadata.Description},
		{"Type", e.SpecString("type")},
		{"Lifecycle", e.SpecString("lifecycle")},
		{"Tags", strings.Join(e.Metadata.Tags, ", ")},
	} {
		if pair[1] != "" {
			t.Pair(pair[0], pair[1])
		}
	}
	if len(e.Metadata.Annotations) > 0 {
		t.Heading("Annotations")
		for _, key := range slices.Sorted(maps.Keys(e.Metadata.Annotations)) {
			t.Pair(key, e.Metadata.Annotations[key])
		}
	}
	if len(v.relations) > 0 {
		t.Heading("Relations")
		for _, r := range v.relations {
			t.Bullet(fmt.Sprintf("%s %s", r.Type, r.Target))
		}
	}
}
