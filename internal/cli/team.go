package cli

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/index"
	"github.com/platformctl/platformctl/internal/ledger"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/ui"
)

func newTeamCmd(app *App) *cobra.Command {
	return group("team", "Who owns things", newTeamAddCmd(app), newTeamListCmd(app), newTeamShowCmd(app))
}

func newTeamAddCmd(app *App) *cobra.Command {
	var title string
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Register a team", Args: args("NAME"),
		Example: "  platformctl team add checkout-service\n  platformctl team add checkout-service --title 'Checkout'",
		RunE: func(cmd *cobra.Command, given []string) error {
			return runTeamAdd(cmd.Context(), app, given[0], title)
		},
	}
	cmd.Flags().StringVar(&title, "title", "", "what to call the team in prose")
	outputFlag(cmd, app)
	return cmd
}

// teamView is a team and what it owns.
type teamView struct {
	Name      string   `json:"name"`
	Title     string   `json:"title,omitempty"`
	EntityRef string   `json:"entityRef"`
	State     string   `json:"state,omitempty"` // added or unchanged, of `team add`
	Owns      []string `json:"owns"`
}

func runTeamAdd(ctx context.Context, app *App, name, title string) error {
	if err := platform.CheckName("team", name); err != nil {
		return err
	}
	if title != "" {
		if err := platform.CheckText("--title", title); err != nil {
			return err
		}
	}
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	if err := s.Ensure(ctx); err != nil {
		return err
	}
	for {
		view, err := s.addTeam(ctx, name, title)
		if errors.Is(err, errTeamMoved) {
			continue // somebody else wrote it this instant: look again
		}
		if err != nil {
			return err
		}
		return app.print(view)
	}
}

// errTeamMoved says that a team changed between reading and writing it.
var errTeamMoved = errors.New("the team has changed")

// addTeam registers a team, or gives it the title, unless that is so already.
func (s *session) addTeam(ctx context.Context, name, title string) (teamView, error) {
	team := request.TeamEntity(name, title)
	view := teamView{Name: name, Title: title, EntityRef: team.Ref().String(), State: "added", Owns: []string{}}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return view, err
	}
	have, found, err := snapshot.Entity(team.Ref())
	if err != nil {
		return view, err
	}
	event, before := "platformctl.team.registered", have
	if found {
		if view.Owns, err = s.owned(ctx, team.Ref()); err != nil {
			return view, err
		}
		if title == "" || have.Metadata.Title == title {
			view.State, view.Title = "unchanged", have.Metadata.Title
			return view, nil
		}
		team, view.State, event = have, "changed", "platformctl.team.changed"
		team.Metadata.Title = title
	}
	actor, err := s.actor(snapshot.Config().Spec.Identify)
	if err != nil {
		return view, err
	}
	now := s.app.Now().UTC()
	_, err = s.Commit(ctx, store.Change{
		Message: "team: register " + name, Time: now, Put: []backstage.Entity{team},
		Events: []ledger.Event{{ID: s.app.NewID(), Time: now, Actor: actor, Type: event, Subject: view.EntityRef}},
		Check: func(tip *store.Snapshot) error {
			now, _, err := tip.Entity(team.Ref())
			if err == nil && !reflect.DeepEqual(now, before) {
				err = errTeamMoved
			}
			return err
		},
	})
	return view, err
}

func newTeamListCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the teams", Args: args(), Aliases: []string{"ls"},
		Example: "  platformctl team list\n  platformctl team list -o name",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runTeamList(cmd.Context(), app) },
	}
	outputFlag(cmd, app)
	return cmd
}

type teamList struct {
	Teams []teamView `json:"teams"`
}

func runTeamList(ctx context.Context, app *App) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	ix := index.New(s)
	entities, err := ix.List(ctx, index.Filter{})
	if err != nil {
		return err
	}
	owned := map[string][]string{}
	for _, e := range entities {
		if owner, ok := e.Owner(); ok {
			owned[owner.String()] = append(owned[owner.String()], e.Ref().String())
		}
	}
	list := teamList{Teams: []teamView{}}
	for _, e := range entities {
		if e.Kind != backstage.KindGroup {
			continue
		}
		ref := e.Ref().String()
		view := teamView{Name: e.Metadata.Name, Title: e.Metadata.Title, EntityRef: ref, Owns: owned[ref]}
		if view.Owns == nil {
			view.Owns = []string{}
		}
		list.Teams = append(list.Teams, view)
	}
	return app.print(list)
}

func newTeamShowCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a team and what it owns", Args: args("NAME"),
		Example: "  platformctl team show checkout-service\n  platformctl team list -o name | xargs -n1 platformctl team show",
		RunE: func(cmd *cobra.Command, given []string) error {
			return runTeamShow(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeTeams),
	}
	outputFlag(cmd, app)
	return cmd
}

func runTeamShow(ctx context.Context, app *App, name string) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	ix := index.New(s)
	groups, err := ix.List(ctx, index.Filter{Kind: backstage.KindGroup})
	if err != nil {
		return err
	}
	var known []string
	for _, e := range groups {
		if !strings.EqualFold(e.Metadata.Name, name) {
			known = append(known, e.Metadata.Name)
			continue
		}
		view := teamView{Name: e.Metadata.Name, Title: e.Metadata.Title, EntityRef: e.Ref().String(), Owns: []string{}}
		if view.Owns, err = s.owned(ctx, e.Ref()); err != nil {
			return err
		}
		return app.print(view)
	}
	return &platform.UnknownError{What: "team", Name: name, Known: known}
}

// owned lists what a team owns.
func (s *session) owned(ctx context.Context, team backstage.Ref) ([]string, error) {
	detail, err := index.New(s).Show(ctx, team)
	owned := []string{}
	for _, r := range detail.Relations {
		if r.Type == backstage.OwnerOf {
			owned = append(owned, r.Target.String())
		}
	}
	return owned, err
}

// Header names the columns.
func (l teamList) Header() []string { return []string{"Name", "Title", "Owns"} }

// Rows are the teams.
func (l teamList) Rows() [][]string {
	rows := make([][]string, len(l.Teams))
	for i, t := range l.Teams {
		rows[i] = []string{t.Name, t.Title, strings.Join(t.Owns, ", ")}
	}
	return rows
}

// Names are the names of the teams.
func (l teamList) Names() []string {
	names := make([]string, len(l.Teams))
	for i, t := range l.Teams {
		names[i] = t.Name
	}
	return names
}

// Names is the answer to -o name.
func (v teamView) Names() []string { return []string{v.Name} }

// Text is the answer for people.
func (v teamView) Text(t *ui.Text) {
	heading := v.EntityRef
	if v.State != "" {
		heading += ": " + v.State
	}
	t.Heading(heading)
	if v.Title != "" {
		t.Pair("Title", v.Title)
	}
	if len(v.Owns) > 0 {
		t.Heading("Owns")
		bullets(t, v.Owns)
	}
}

// team is the team that asks when none is named, "" when that is left open.
func (s *session) team() (string, error) {
	const variable = "PLATFORMCTL_TEAM"
	if team := s.app.Getenv(variable); team != "" {
		return team, platform.CheckName(variable, team)
	}
	return s.settings.Team, nil
}
