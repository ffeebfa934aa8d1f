package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/ui"
)

func newEnvironmentCmd(app *App) *cobra.Command {
	cmd := group("environment", "Where things run: list, show, check",
		newEnvironmentListCmd(app), newEnvironmentShowCmd(app), newEnvironmentCheckCmd(app))
	cmd.Aliases = []string{"env"}
	return cmd
}

func newEnvironmentListCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the environments", Args: args(), Aliases: []string{"ls"},
		Example: `  platformctl environment list
  platformctl environment list -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runEnvironmentList(cmd.Context(), app) },
	}
	outputFlag(cmd, app)
	return cmd
}

// environmentView is an environment as platform.yaml has it. Where a password is
// to be found is no secret; the password is not known here.
type environmentView struct {
	Name          string                  `json:"name"`
	Target        string                  `json:"target"`
	Served        bool                    `json:"served"` // this binary can provide things there
	Default       bool                    `json:"default"`
	Production    bool                    `json:"production"`
	Tiers         []string                `json:"tiers"` // none: every tier
	Server        *serverView             `json:"server,omitempty"`
	Values        map[string]any          `json:"values,omitempty"`
	Observability *platform.Observability `json:"observability,omitempty"`
	Resources     int                     `json:"resources"`
}

// serverView is an existing server and how it is reached.
type serverView struct {
	Kind        string `json:"kind"`
	Host        string `json:"host"`
	Port        int    `json:"port"`
	User        string `json:"user"`
	Database    string `json:"database"`
	Password    string `json:"password"` // where it is to be found
	SSLMode     string `json:"sslmode"`
	SSLRootCert string `json:"sslrootcert,omitempty"`
}

func newEnvironmentView(cfg platform.Config, env platform.Environment) environmentView {
	view := environmentView{
		Name: env.Name, Target: env.Target, Served: slices.Contains(servedTargets(), env.Target),
		Default: env.Name == cfg.DefaultEnvironment().Name, Production: env.Production,
		Tiers: append([]string{}, env.Tiers...), Values: env.Values, Observability: env.Observability,
	}
	if env.Servers == nil || env.Servers.PostgreSQL == nil {
		return view
	}
	server := env.Servers.PostgreSQL
	view.Server = &serverView{
		Kind: needPostgreSQL, Host: server.Host, Port: server.Port, User: server.User, Database: server.Database,
		Password: "none", SSLMode: server.SSLMode, SSLRootCert: server.SSLRootCert,
	}
	switch {
	case server.PasswordEnv != "":
		view.Server.Password = "variable " + server.PasswordEnv
	case server.PasswordFile != "":
		view.Server.Password = "file " + server.PasswordFile
	}
	return view
}

type environmentList struct {
	Environments []environmentView `json:"environments"`
}

func runEnvironmentList(ctx context.Context, app *App) error {
	list, err := app.environments(ctx)
	if err != nil {
		return err
	}
	return app.print(environmentList{list})
}

// environments are those of the platform, with how many resources each has.
func (app *App) environments(ctx context.Context) ([]environmentView, error) {
	s, err := app.open(ctx)
	if err != nil {
		return nil, err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.warnOfEdits(ctx); err != nil {
		return nil, err
	}
	resources, err := s.index().Resources(ctx)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, r := range resources {
		count[r.Environment]++
	}
	var list []environmentView
	for _, env := range snapshot.Config().Spec.Environments {
		view := newEnvironmentView(snapshot.Config(), env)
		view.Resources = count[env.Name]
		list = append(list, view)
	}
	return list, nil
}

// Header names the columns.
func (l environmentList) Header() []string {
	return []string{"Name", "Target", "Tiers", "Server", "Resources"}
}

// Rows are the environments.
func (l environmentList) Rows() [][]string {
	rows := make([][]string, len(l.Environments))
	for i, e := range l.Environments {
		rows[i] = []string{e.Name, e.target(), e.tiers(), e.Server.address(), strconv.Itoa(e.Resources)}
	}
	return rows
}

// Names are the names of the environments.
func (l environmentList) Names() []string {
	names := make([]string, len(l.Environments))
	for i, e := range l.Environments {
		names[i] = e.Name
	}
	return names
}

func (v environmentView) target() string {
	if !v.Served {
		return v.Target + " (not served by this version)"
	}
	return v.Target
}

func (v environmentView) tiers() string {
	if len(v.Tiers) == 0 {
		return "every"
	}
	return strings.Join(v.Tiers, ", ")
}

func (v *serverView) address() string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", v.Host, v.Port)
}

func newEnvironmentShowCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show an environment: its target, tiers and server", Args: args("NAME"),
		Example: `  platformctl environment show local
  platformctl environment show staging -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return runEnvironmentShow(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeEnvironments),
	}
	outputFlag(cmd, app)
	return cmd
}

func runEnvironmentShow(ctx context.Context, app *App, name string) error {
	list, err := app.environments(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(e environmentView) bool { return e.Name == name })
	if i < 0 {
		return &platform.UnknownError{What: "environment", Name: name, Known: environmentList{list}.Names()}
	}
	return app.print(list[i])
}

// Names is the answer to -o name.
func (v environmentView) Names() []string { return []string{v.Name} }

// Text is the answer for people.
func (v environmentView) Text(t *ui.Text) {
	t.Heading(v.Name)
	t.Pair("Target", v.target())
	t.Pair("Tiers", v.tiers())
	t.Pair("Production", yesNo(v.Production))
	t.Pair("Default", yesNo(v.Default))
	t.Pair("Resources", strconv.Itoa(v.Resources))
	if s := v.Server; s != nil {
		t.Pair("Server", fmt.Sprintf("%s at %s", s.Kind, s.address()))
		t.Pair("Administrator", fmt.Sprintf("%s, from database %s", s.User, s.Database))
		t.Pair("Password", s.Password)
		t.Pair("Encryption", s.SSLMode)
		if s.SSLRootCert != "" {
			t.Pair("Trusts", s.SSLRootCert)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.Values)) {
		t.Pair(name, inputText(v.Values[name]))
	}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}
