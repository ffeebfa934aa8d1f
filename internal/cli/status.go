package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/ui"
)

func newStatusCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Where am I: the platform, my team's things, what is unfinished", Args: args(),
		Example: "  platformctl status\n  platformctl status --platform ./platform -o json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runStatus(cmd.Context(), app) },
	}
	outputFlag(cmd, app)
	return cmd
}

// statusView is what `status` answers.
type statusView struct {
	Platform   statusPlatform `json:"platform"`
	Team       string         `json:"team,omitempty"`
	Resources  []resourceRow  `json:"resources"`
	Unfinished []resourceRow  `json:"unfinished"`
	Servers    []localServer  `json:"servers"`
	Next       []string       `json:"next"`
}

// statusPlatform says which platform a command would work on, and why that one.
type statusPlatform struct {
	Name         string   `json:"name"`
	Exists       bool     `json:"exists"`
	Location     string   `json:"location"`
	From         string   `json:"from"`
	Commit       string   `json:"commit,omitempty"`
	Environments []string `json:"environments"`
}

func runStatus(ctx context.Context, app *App) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	if err := s.warnOfEdits(ctx); err != nil {
		return err
	}
	view, err := s.status(ctx)
	if err != nil {
		return err
	}
	return app.print(view)
}

func (s *session) status(ctx context.Context) (statusView, error) {
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return statusView{}, err
	}
	team, err := s.team()
	if err != nil {
		return statusView{}, err
	}
	cfg := snapshot.Config()
	view := statusView{
		Platform: statusPlatform{
			Name: cfg.Metadata.Name, Exists: s.store != nil, Location: s.location.String(), From: s.location.From,
			Commit: snapshot.Hash(),
		},
		Team: team, Resources: []resourceRow{}, Unfinished: []resourceRow{},
	}
	for _, env := range cfg.Spec.Environments {
		view.Platform.Environments = append(view.Platform.Environments, env.Name)
	}
	rows, err := s.resourceRows(ctx)
	if err != nil {
		return statusView{}, err
	}
	for _, row := range rows {
		if row.State == "unfinished" {
			view.Unfinished = append(view.Unfinished, row)
		} else if view.Team == "" || row.Team == view.Team {
			view.Resources = append(view.Resources, row)
		}
	}
	local, err := s.localServers(ctx)
	if err != nil {
		return statusView{}, err
	}
	view.Servers = local.Servers
	view.Next = s.app.commands(view.next())
	return view, nil
}

// next is the command that most probably comes next.
func (v statusView) next() []string {
	switch {
	case len(v.Unfinished) > 0:
		return []string{"platformctl resource resume " + v.Unfinished[0].Name}
	case len(v.Resources) > 0:
		return []string{"platformctl resource show " + v.Resources[0].Name, "platformctl capability list"}
	}
	return []string{"platformctl request database --type postgresql --tier development --team TEAM"}
}

// Names is the answer to -o name: what --platform takes.
func (v statusView) Names() []string { return []string{v.Platform.Location} }

// Text is the answer for people.
func (v statusView) Text(t *ui.Text) {
	t.Heading("Platform " + v.Platform.Name)
	location := v.Platform.Location
	if !v.Platform.Exists {
		location += " (not there yet: the first request makes it)"
	}
	t.Pair("Location", location)
	t.Pair("Chosen by", v.Platform.From)
	t.Pair("Environments", strings.Join(v.Platform.Environments, ", "))
	for _, s := range v.Servers {
		state := string(s.State)
		if s.Port != 0 {
			state += fmt.Sprintf(" on %s:%d", s.Host, s.Port)
		}
		t.Pair("Local "+s.Kind, state)
	}
	if v.Team != "" {
		t.Pair("Team", v.Team)
	}
	if len(v.Unfinished) > 0 {
		t.Heading("Unfinished")
		t.Table(resourceList{}.Header(), resourceList{Resources: v.Unfinished}.Rows())
	}
	if len(v.Resources) > 0 {
		t.Heading("Resources")
		t.Table(resourceList{}.Header(), resourceList{Resources: v.Resources}.Rows())
	}
	t.Heading("Next")
	bullets(t, v.Next)
}
