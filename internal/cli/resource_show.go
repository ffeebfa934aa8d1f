package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/ui"
)

func newResourceShowCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "show NAME", Short: "Show a resource: what it is, whose, how to use it", Args: args("NAME"),
		Example: "  platformctl resource show checkout-service-postgresql\n  platformctl resource show checkout-service-postgresql -o json",
		RunE: func(cmd *cobra.Command, given []string) error {
			return runResourceShow(cmd.Context(), app, given[0])
		},
		ValidArgsFunction: app.complete(completeResources),
	}
	outputFlag(cmd, app)
	return cmd
}

// resourceView is what `resource show` answers.
type resourceView struct {
	resourceRow
	For            string                 `json:"for,omitempty"`
	Inputs         map[string]any         `json:"inputs"`
	Outputs        map[string]any         `json:"outputs"`
	Secrets        map[string]string      `json:"secrets"`
	Responsibility request.Responsibility `json:"responsibility"`
	Created        string                 `json:"created"`
	Dir            string                 `json:"dir,omitempty"`
	Next           []string               `json:"next"`
}

func runResourceShow(ctx context.Context, app *App, name string) error {
	s, r, err := app.openResource(ctx, name)
	if err != nil {
		return err
	}
	rows, err := s.resourceRows(ctx)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(row resourceRow) bool { return row.Name == r.Name })
	if i < 0 { // it was removed this instant
		return &platform.UnknownError{What: "resource", Name: r.Name}
	}
	duties := r.Definition.Responsibility()
	view := resourceView{
		resourceRow: rows[i], For: r.Record.Spec.For, Inputs: r.Resolution.Inputs,
		Outputs: orEmpty(r.Outputs), Secrets: orEmpty(r.Secrets),
		Responsibility: request.Responsibility{Platform: duties.Platform, Team: duties.Team},
		Created:        formatTime(r.Record.Spec.Created),
	}
	switch view.State {
	case "elsewhere":
		view.Next = []string{"it lives on " + r.Record.Spec.Machine + ": use it there"}
	case "unfinished":
		view.Dir, view.Next = r.Dir, []string{"platformctl resource resume " + r.Name}
	default:
		view.Dir = r.Dir
		view.Next = []string{"platformctl resource env " + r.Name, "platformctl resource dir " + r.Name}
		if len(r.Resolution.Connect) > 0 {
			view.Next = append([]string{"platformctl resource connect " + r.Name}, view.Next...)
		}
	}
	view.Next = app.commands(view.Next)
	return app.print(view)
}

// Names is the answer to -o name.
func (v resourceView) Names() []string { return []string{v.Name} }

// Text is the answer for people.
func (v resourceView) Text(t *ui.Text) {
	t.Heading(v.Name + " (" + v.stateText() + ")")
	t.Pair("What", fmt.Sprintf("%s, tier %s, in %s", v.Capability, v.Tier, v.Environment))
	t.Pair("Owner", v.Team)
	t.Pair("Catalog", v.EntityRef)
	if v.For != "" {
		t.Pair("Used by", v.For)
	}
	t.Pair("Created", v.Created)
	t.Pair("Last request", v.RequestID)
	for _, name := range slices.Sorted(maps.Keys(v.Inputs)) {
		t.Pair(name, inputText(v.Inputs[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Outputs)) {
		t.Pair(name, fmt.Sprint(v.Outputs[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Secrets)) {
		t.Pair(name, "kept in the secret store on this machine")
	}
	describeTerms(t, v.Responsibility, nil)
	t.Heading("Next")
	bullets(t, v.Next)
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

func resourceRef(name string) backstage.Ref {
	return backstage.Ref{Kind: "resource", Namespace: "default", Name: name}
}
