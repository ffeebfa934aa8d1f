package cli

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
)

func newResourceListCmd(app *App) *cobra.Command {
	var team, environment string
	cmd := &cobra.Command{
		Use: "list", Short: "List the resources of the platform", Args: args(), Aliases: []string{"ls"},
		Example: "  platformctl resource list\n  platformctl resource list --team checkout-service -o json\n  platformctl resource list -o name | xargs -n1 platformctl resource show",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runResourceList(cmd.Context(), app, team, environment)
		},
	}
	cmd.Flags().StringVar(&team, "team", "", "only those of this team")
	cmd.Flags().StringVar(&environment, "env", "", "only those in this environment")
	outputFlag(cmd, app)
	return cmd
}

// resourceRow is one resource in a list.
type resourceRow struct {
	Name        string `json:"name"`
	State       string `json:"state"` // ready, stopped, gone, unfinished, elsewhere
	Capability  string `json:"capability"`
	Tier        string `json:"tier"`
	Environment string `json:"environment"`
	Team        string `json:"team"`
	EntityRef   string `json:"entityRef"`
	RequestID   string `json:"requestId"`
	Updated     string `json:"updated,omitempty"`
	Machine     string `json:"machine,omitempty"`
	Unfinished  string `json:"unfinished,omitempty"` // what was cut short: request, destroy
}

type resourceList struct {
	Resources []resourceRow `json:"resources"`
}

func runResourceList(ctx context.Context, app *App, team, environment string) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	list, err := s.resourceRows(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		app.note("no resources yet; ask for one: platformctl request database --type postgresql --tier development --team TEAM")
	}
	list = slices.DeleteFunc(list, func(r resourceRow) bool {
		return team != "" && r.Team != team || environment != "" && r.Environment != environment
	})
	if len(list) == 0 {
		if err := s.knows(ctx, team, environment); err != nil {
			return err
		}
	}
	return app.print(resourceList{Resources: list})
}

// knows refuses names that nothing has: a list that is empty because of a typo
// would look like an answer.
func (s *session) knows(ctx context.Context, team, environment string) error {
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	if environment != "" {
		if _, err := snapshot.Config().Environment(environment); err != nil {
			return err
		}
	}
	if team == "" {
		return nil
	}
	groups, err := snapshot.EntityRefs(backstage.KindGroup)
	if err != nil {
		return err
	}
	var teams []string
	for _, ref := range groups {
		teams = append(teams, ref.Name)
	}
	if !slices.Contains(teams, strings.ToLower(team)) {
		return &platform.UnknownError{What: "team", Name: team, Known: teams}
	}
	return nil
}

// resourceRows are all resources, those with an unfinished request included.
func (s *session) resourceRows(ctx context.Context) ([]resourceRow, error) {
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	resources, err := s.index().Resources(ctx)
	if err != nil {
		return nil, err
	}
	unfinished, err := s.unfinished()
	if err != nil {
		return nil, err
	}
	here, err := s.stateHere(ctx)
	if err != nil {
		return nil, err
	}
	local := map[string]bool{}
	for _, env := range snapshot.Config().Spec.Environments {
		local[env.Name] = env.Target == platform.TargetLocal
	}
	rows := make([]resourceRow, 0, len(resources))
	for _, r := range resources {
		row := resourceRow{
			Name: r.Name, State: "ready", Capability: r.Capability, Tier: r.Tier, Environment: r.Environment,
			Team: r.Team, EntityRef: resourceRef(r.Name).String(), RequestID: r.Request,
			Updated: formatTime(r.Updated), Machine: r.Machine,
		}
		switch {
		case s.elsewhere(r.Name, r.Machine, r.Writer) != nil:
			row.State = "elsewhere"
		case local[r.Environment] && slices.Contains(r.Needs, needPostgreSQL):
			row.State = here
		}
		if u, open := unfinished[r.Name]; open {
			row.State, row.RequestID, row.Unfinished = "unfinished", u.RequestID, u.Verb()
			delete(unfinished, r.Name)
		}
		rows = append(rows, row)
	}
	for _, name := range slices.Sorted(maps.Keys(unfinished)) {
		u := unfinished[name]
		rows = append(rows, resourceRow{
			Name: name, State: "unfinished", Capability: u.Ask.Capability + "/" + u.Ask.Type, Tier: u.Ask.Tier,
			Environment: u.Ask.Environment, Team: u.Ask.Team, EntityRef: resourceRef(name).String(), RequestID: u.RequestID,
			Unfinished: u.Verb(),
		})
	}
	slices.SortFunc(rows, func(a, b resourceRow) int { return strings.Compare(a.Name, b.Name) })
	return rows, nil
}

// stateHere is the state of the resources on the local server: they are as ready
// as it is.
func (s *session) stateHere(ctx context.Context) (string, error) {
	status, err := s.server().Status(ctx)
	if err != nil {
		return "", err
	}
	switch status.State {
	case postgres.Running, postgres.Starting:
		return "ready", nil
	case postgres.Stopped:
		return "stopped", nil
	case postgres.Absent:
	}
	return "gone", nil
}

// Header names the columns.
func (l resourceList) Header() []string {
	return []string{"Name", "State", "Capability", "Tier", "Environment", "Team"}
}

// Rows are the resources.
func (l resourceList) Rows() [][]string {
	rows := make([][]string, len(l.Resources))
	for i, r := range l.Resources {
		rows[i] = []string{r.Name, r.stateText(), r.Capability, r.Tier, r.Environment, r.Team}
	}
	return rows
}

// stateText is the state for people.
func (r resourceRow) stateText() string {
	if r.Unfinished == "destroy" {
		return "unfinished destroy"
	}
	return r.State
}

// Names are the names of the resources.
func (l resourceList) Names() []string {
	names := make([]string, len(l.Resources))
	for i, r := range l.Resources {
		names[i] = r.Name
	}
	return names
}
