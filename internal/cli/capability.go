package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/ui"
)

func newCapabilityCmd(app *App) *cobra.Command {
	return group("capability", "What teams can ask for", newCapabilityListCmd(app), newCapabilityShowCmd(app),
		newCapabilityNewCmd(app), newCapabilityLintCmd(app), newCapabilityTestCmd(app), newCapabilityEjectCmd(app))
}

func newCapabilityListCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List the capabilities of the platform", Args: args(), Aliases: []string{"ls"},
		Example: "  platformctl capability list\n  platformctl capability list -o json",
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
	return app.print(list)
}

func (app *App) openCapabilities(ctx context.Context) (capability.Set, error) {
	s, err := app.open(ctx)
	if err != nil {
		return capability.Set{}, err
	}
	if err := s.warnOfEdits(ctx); err != nil {
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
		Example: "  platformctl capability show database\n  platformctl capability show database -o yaml",
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
	Inputs         map[string][]inputView    `json:"inputs"`   // by type
	TierSets       map[string][]tierView     `json:"tierSets"` // by type
	SLO            *capability.SLO           `json:"slo,omitempty"`
	Responsibility capability.Responsibility `json:"responsibility"`
	Cost           *capability.Cost          `json:"cost,omitempty"`
}

// inputView is one input of a capability.
type inputView struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Description string   `json:"description,omitempty"`
	Default     any      `json:"default,omitempty"`
	Required    bool     `json:"required"`
	Immutable   bool     `json:"immutable"`
	Enum        []any    `json:"enum,omitempty"` // of the value, or of the items of a list
	Minimum     *float64 `json:"minimum,omitempty"`
	Maximum     *float64 `json:"maximum,omitempty"`
}

// tierView is one tier of a type.
type tierView struct {
	Name      string         `json:"name"`
	Set       map[string]any `json:"set"`  // what the tier sets
	Lock      []string       `json:"lock"` // inputs that a team cannot set
	TTL       string         `json:"ttl,omitempty"`
	Protected bool           `json:"protected"`
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
		Inputs: map[string][]inputView{}, TierSets: map[string][]tierView{}, SLO: d.Spec.SLO, Responsibility: d.Responsibility(), Cost: d.Spec.Cost,
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
				Required: in.Required, Immutable: in.Immutable, Enum: enum, Minimum: in.Minimum, Maximum: in.Maximum,
			})
		}
		view.TierSets[typ] = tierViews(d, typ)
	}
	return app.print(view)
}

func tierViews(d *capability.Definition, typ string) []tierView {
	views := []tierView{}
	for _, name := range d.Tiers(typ) {
		tier := d.Spec.Types[typ].Tiers[name]
		view := tierView{
			Name: name, Set: orEmpty(tier.Set), Lock: append([]string{}, tier.Lock...), Protected: tier.Deletion.Protect,
		}
		if tier.TTL > 0 {
			view.TTL = tier.TTL.String()
		}
		views = append(views, view)
	}
	return views
}

// values says what an input may be.
func (in inputView) values() string {
	var parts []string
	if in.Required {
		parts = append(parts, "required")
	}
	if len(in.Enum) > 0 {
		parts = append(parts, inputText(in.Enum))
	}
	if in.Minimum != nil {
		parts = append(parts, fmt.Sprintf("from %g", *in.Minimum))
	}
	if in.Maximum != nil {
		parts = append(parts, fmt.Sprintf("to %g", *in.Maximum))
	}
	if in.Immutable {
		parts = append(parts, "cannot be changed")
	}
	return strings.Join(parts, "; ")
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
		for _, in := range v.Inputs[typ] {
			about := in.Type
			if in.Default != nil {
				about += ", default " + inputText(in.Default)
			}
			if values := in.values(); values != "" {
				about += " (" + values + ")"
			}
			if in.Description != "" {
				about += ": " + in.Description
			}
			t.Pair(in.Name, about)
		}
		t.Heading("Tiers of " + typ)
		for _, tier := range v.TierSets[typ] {
			t.Pair(tier.Name, tier.about())
		}
	}
	describeTerms(t, responsibilityOf(v.Responsibility), nil)
	t.Heading("Next")
	t.Bullet(v.request())
}

// request is a command that asks for the first type and tier, with all that it
// needs.
func (v capabilityView) request() string {
	typ := first(v.Types)
	set, tier := map[string]any{}, first(v.Tiers)
	if tiers := v.TierSets[typ]; len(tiers) > 0 {
		set, tier = tiers[0].Set, tiers[0].Name
	}
	words := []string{"platformctl request", v.Name, "--type", typ, "--tier", tier, "--team TEAM"}
	for _, in := range v.Inputs[typ] {
		if _, ok := set[in.Name]; in.Required && !ok {
			words = append(words, "--set", in.Name+"=...")
		}
	}
	return strings.Join(words, " ")
}

// about says what a tier does.
func (v tierView) about() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(v.Set)) {
		parts = append(parts, fmt.Sprintf("%s=%s", name, inputText(v.Set[name])))
	}
	if len(v.Lock) > 0 {
		parts = append(parts, "fixed: "+strings.Join(v.Lock, ", "))
	}
	if v.TTL != "" {
		parts = append(parts, "expires after "+v.TTL)
	}
	if v.Protected {
		parts = append(parts, "protected from being destroyed by a request")
	}
	return strings.Join(parts, "; ")
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
