package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/ui"
)

func newCapabilityCmd(app *App) *cobra.Command {
	return group("capability", "What teams can ask for", newCapabilityListCmd(app), newCapabilityShowCmd(app))
}

func newCapabilityListCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the capabilities of the platform", Args: args(), Aliases: []string{"ls"},
		Example: "  platformctl capability list",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runCapabilityList(cmd.Context(), app) },
	}
	outputFlag(cmd, app)
	return cmd
}

// capabilityRow is one capability in a list.
type capabilityRow struct {
	Name      string   `json:"name"`
	Version   string   `json:"version,omitempty"`
	Lifecycle string   `json:"lifecycle,omitempty"`
	Types     []string `json:"types"`
	Tiers     []string `json:"tiers"`
	Owner     string   `json:"owner,omitempty"`
	Title     string   `json:"title,omitempty"`
	Own       bool     `json:"own"` // the organization's own, not built in
	Broken    string   `json:"broken,omitempty"`
}

type capabilityList struct {
	Capabilities []capabilityRow `json:"capabilities"`
}

func runCapabilityList(ctx context.Context, app *App) error {
	set, err := app.openCapabilities(ctx)
	if err != nil {
		return err
	}
	list := capabilityList{Capabilities: []capabilityRow{}}
	for _, entry := range set.Entries() {
		row := capabilityRow{Name: entry.Name, Own: entry.Own, Types: []string{}, Tiers: []string{}}
		if entry.Err != nil {
			row.Broken = entry.Err.Error()
			app.note("warning: capability %s is broken: %s", entry.Name, row.Broken)
		} else {
			row.fill(entry.Definition)
		}
		list.Capabilities = append(list.Capabilities, row)
	}
	return app.IO.Print(app.flags.Output, list)
}

func (app *App) openCapabilities(ctx context.Context) (capability.Set, error) {
	s, err := app.open(ctx)
	if err != nil {
		return capability.Set{}, err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return capability.Set{}, err
	}
	return s.capabilities(snapshot)
}

func (r *capabilityRow) fill(d *capability.Definition) {
	r.Version, r.Lifecycle, r.Owner, r.Title = d.Spec.Version, d.Spec.Lifecycle, d.Metadata.Owner, d.Title()
	r.Types = d.Types()
	seen := map[string]bool{}
	for _, typ := range r.Types {
		for _, tier := range d.Tiers(typ) {
			if !seen[tier] {
				seen[tier] = true
				r.Tiers = append(r.Tiers, tier)
			}
		}
	}
}

// Header names the columns.
func (l capabilityList) Header() []string {
	return []string{"Name", "Types", "Tiers", "Version", "Lifecycle", "Title"}
}

// Rows are the capabilities.
func (l capabilityList) Rows() [][]string {
	rows := make([][]string, len(l.Capabilities))
	for i, c := range l.Capabilities {
		lifecycle := c.Lifecycle
		if c.Broken != "" {
			lifecycle = "broken"
		}
		rows[i] = []string{c.Name, strings.Join(c.Types, ", "), strings.Join(c.Tiers, ", "), c.Version, lifecycle, c.Title}
	}
	return rows
}

// Names are the names of the capabilities.
func (l capabilityList) Names() []string {
	names := make([]string, len(l.Capabilities))
	for i, c := range l.Capabilities {
		names[i] = c.Name
	}
	return names
}

func newCapabilityShowCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show CAPABILITY", Short: "Show a capability: types, tiers, inputs, who does what", Args: args("CAPABILITY"),
		Example: "  platformctl capability show database",
		RunE: func(cmd *cobra.Command, given []string) error {
			return runCapabilityShow(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeCapabilities),
	}
	outputFlag(cmd, app)
	return cmd
}

// capabilityView is what `capability show` answers.
type capabilityView struct {
	capabilityRow
	Description    string                    `json:"description,omitempty"`
	Maturity       string                    `json:"maturity,omitempty"`
	Digest         string                    `json:"digest"`
	Inputs         map[string][]inputView    `json:"inputs"` // by type
	SLO            *capability.SLO           `json:"slo,omitempty"`
	Responsibility capability.Responsibility `json:"responsibility"`
	Cost           *capability.Cost          `json:"cost,omitempty"`
}

// inputView is one input of a capability.
type inputView struct {
	Name        string `json:"name"`
	Type        string `json:"type"`
	Description string `json:"description,omitempty"`
	Default     any    `json:"default,omitempty"`
	Required    bool   `json:"required"`
	Immutable   bool   `json:"immutable"`
	Enum        []any  `json:"enum,omitempty"`
}

func runCapabilityShow(ctx context.Context, app *App, name string) error {
	set, err := app.openCapabilities(ctx)
	if err != nil {
		return err
	}
	d, err := set.Get(name)
	if err != nil {
		return err
	}
	view := capabilityView{
		Description: d.Metadata.Description, Maturity: d.Spec.Maturity, Digest: d.Digest(),
		Inputs: map[string][]inputView{}, SLO: d.Spec.SLO, Responsibility: d.Responsibility(), Cost: d.Spec.Cost,
	}
	view.Name = d.Name()
	view.fill(d)
	for _, typ := range d.Types() {
		view.Inputs[typ] = []inputView{}
		for _, in := range d.Inputs(typ) {
			enum := in.Enum
			if len(enum) == 0 {
				enum = in.ItemEnum
			}
			view.Inputs[typ] = append(view.Inputs[typ], inputView{
				Name: in.Name, Type: in.Type, Description: in.Description, Default: in.Default,
				Required: in.Required, Immutable: in.Immutable, Enum: enum,
			})
		}
	}
	return app.IO.Print(app.flags.Output, view)
}

// Names is the answer to -o name.
func (v capabilityView) Names() []string { return []string{v.Name} }

// Text is the answer for people.
func (v capabilityView) Text(t *ui.Text) {
	t.Heading(fmt.Sprintf("%s: %s", v.Name, v.Title))
	if v.Description != "" {
		t.Paragraph(v.Description)
	}
	t.Pair("Version", fmt.Sprintf("%s (%s)", v.Version, v.Lifecycle))
	t.Pair("Owner", v.Owner)
	t.Pair("Types", strings.Join(v.Types, ", "))
	t.Pair("Tiers", strings.Join(v.Tiers, ", "))
	if v.SLO != nil {
		t.Pair("Ready within", fmt.Sprintf("%s (half of the requests), %s (95 %%)", v.SLO.Provisioning.P50, v.SLO.Provisioning.P95))
		t.Pair("Support", v.SLO.Support)
	}
	if v.Cost != nil {
		for _, tier := range v.Tiers {
			t.Pair("Cost of "+tier, fmt.Sprintf("about %g %s a month", v.Cost.Monthly[tier], v.Cost.Currency))
		}
	}
	for _, typ := range v.Types {
		t.Heading("Inputs of " + typ + " (--set name=value)")
		rows := [][]string{}
		for _, in := range v.Inputs[typ] {
			def := ""
			if in.Default != nil {
				def = inputText(in.Default)
			}
			rows = append(rows, []string{in.Name, in.Type, def, in.Description})
		}
		t.Table([]string{"Name", "Type", "Default", "Description"}, rows)
	}
	describeTerms(t, responsibilityOf(v.Responsibility), nil)
	t.Heading("Next")
	t.Bullet(fmt.Sprintf("platformctl request %s --type %s --tier %s --team TEAM", v.Name, first(v.Types), first(v.Tiers)))
}

func responsibilityOf(r capability.Responsibility) request.Responsibility {
	return request.Responsibility{Platform: r.Platform, Team: r.Team}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
