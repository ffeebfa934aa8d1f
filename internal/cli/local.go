package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/index"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/ui"
)

func newLocalCmd(app *App) *cobra.Command {
	return group("local", "The servers that run on this machine for the platform",
		newLocalStatusCmd(app), newLocalStopCmd(app), newLocalResetCmd(app))
}

func newLocalStatusCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "Show the local servers", Args: args(),
		Example: "  platformctl local status\n  platformctl local status -o json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runLocalStatus(cmd.Context(), app) },
	}
	outputFlag(cmd, app)
	return cmd
}

// localServer is one server on this machine.
type localServer struct {
	Kind    string         `json:"kind"`
	State   postgres.State `json:"state"`
	Host    string         `json:"host,omitempty"`
	Port    int            `json:"port,omitempty"`
	PID     int            `json:"pid,omitempty"`
	Version string         `json:"version,omitempty"`
	DataDir string         `json:"dataDir"`
	Since   string         `json:"since,omitempty"`
}

type localView struct {
	Servers []localServer `json:"servers"`
}

func runLocalStatus(ctx context.Context, app *App) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	view, err := s.localServers(ctx)
	if err != nil {
		return err
	}
	return app.print(view)
}

func (s *session) localServers(ctx context.Context) (localView, error) {
	status, err := s.server().Status(ctx)
	if err != nil {
		return localView{}, err
	}
	server := localServer{
		Kind: needPostgreSQL, State: status.State, PID: status.PID, Version: status.Version, DataDir: status.DataDir,
	}
	if status.State == postgres.Running {
		server.Host, server.Port, server.Since = postgres.Host, status.Port, formatTime(status.Since)
	}
	return localView{Servers: []localServer{server}}, nil
}

// Header names the columns.
func (v localView) Header() []string {
	return []string{"Server", "State", "Address", "PID", "Version", "Since"}
}

// Rows are the servers.
func (v localView) Rows() [][]string {
	rows := make([][]string, len(v.Servers))
	for i, s := range v.Servers {
		address, pid := "", ""
		if s.Port != 0 {
			address, pid = fmt.Sprintf("%s:%d", s.Host, s.Port), strconv.Itoa(s.PID)
		}
		rows[i] = []string{s.Kind, string(s.State), address, pid, s.Version, s.Since}
	}
	return rows
}

// Names are the kinds of the servers.
func (v localView) Names() []string {
	names := make([]string, len(v.Servers))
	for i, s := range v.Servers {
		names[i] = s.Kind
	}
	return names
}

func newLocalStopCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "stop", Short: "Stop the local servers; their data stays", Args: args(),
		Example: "  platformctl local stop\n  platformctl local stop --platform ./platform",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runLocalStop(cmd.Context(), app) },
	}
	outputFlag(cmd, app)
	return cmd
}

func runLocalStop(ctx context.Context, app *App) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	before, err := s.server().Status(ctx)
	if err != nil {
		return err
	}
	if err := s.server().Stop(ctx); err != nil {
		return err
	}
	if before.PID != 0 {
		app.note("stopped; the next request, or the next use of a resource, starts it again")
	} else {
		app.note("nothing was running for the platform %s", s.location)
	}
	view, err := s.localServers(ctx)
	if err != nil {
		return err
	}
	return app.print(view)
}

func newLocalResetCmd(app *App) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "reset", Short: "Delete the local servers with all their data", Args: args(),
		Long:    helpText("local-reset"),
		Example: "  platformctl local reset\n  platformctl local reset --yes",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runLocalReset(cmd.Context(), app, yes) },
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	outputFlag(cmd, app)
	return cmd
}

func runLocalReset(ctx context.Context, app *App, yes bool) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	lost, err := s.livingHere(ctx)
	if err != nil {
		return err
	}
	if !yes {
		if !app.canPrompt() {
			return usagef("all data of the local servers would be deleted: give --yes to say so")
		}
		for _, r := range lost {
			app.note("all data of %s would be lost: %s, tier %s, of %s", r.Name, r.Capability, r.Tier, r.Team)
		}
		sure, err := app.Prompt.Confirm("Delete the local servers with all their data?", false)
		if err != nil {
			return err
		}
		if !sure {
			return request.ErrDeclined
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	if err := s.server().Reset(ctx); err != nil {
		return err
	}
	if len(lost) > 0 {
		app.note("deleted, with the data of %s; in the catalog it stays: a request makes one again, empty, and resource destroy takes it out", count(len(lost), "resource"))
	}
	view, err := s.localServers(ctx)
	if err != nil {
		return err
	}
	return app.print(view)
}

// livingHere are the resources on the servers that run on this machine.
func (s *session) livingHere(ctx context.Context) ([]index.Resource, error) {
	status, err := s.server().Status(ctx)
	if err != nil || status.State == postgres.Absent {
		return nil, err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	resources, err := s.index().Resources(ctx)
	return slices.DeleteFunc(slices.Clone(resources), func(r index.Resource) bool {
		env, err := snapshot.Config().Environment(r.Environment)
		return err != nil || env.Target != platform.TargetLocal || !slices.Contains(r.Needs, needPostgreSQL) ||
			s.elsewhere(r.Name, r.Machine, r.Writer) != nil
	}), err
}

var _ ui.Tabular = localView{}
