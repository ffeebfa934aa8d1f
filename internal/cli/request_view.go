package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/ui"
)

// requestView is what `request` and `resource resume` answer.
type requestView struct {
	request.Result
	Next []string `json:"next"`
}

func (app *App) newRequestView(result request.Result) requestView {
	if result.Outputs == nil {
		result.Outputs = map[string]any{}
	}
	if result.Secrets == nil {
		result.Secrets = map[string]string{}
	}
	view := requestView{Result: result}
	switch {
	case result.State == request.Planned:
		view.Next = []string{requestCommand(result)}
	case len(result.Connect) > 0:
		view.Next = []string{
			"platformctl resource connect " + result.Name,
			"platformctl resource run " + result.Name + " -- your-command",
			"platformctl resource env " + result.Name,
		}
	default:
		view.Next = []string{"platformctl resource show " + result.Name}
	}
	view.Next = app.commands(view.Next)
	return view
}

// requestCommand is the command that carries out what a dry run has shown.
func requestCommand(r request.Result) string {
	name, _, _ := strings.Cut(r.Capability, "/")
	words := []string{
		"platformctl request", name, "--type", r.Type, "--tier", r.Tier, "--team", r.Team, "--name", r.Name, "--env", r.Environment,
	}
	if r.For != "" {
		words = append(words, "--for", r.For)
	}
	for _, input := range slices.Sorted(maps.Keys(r.Given)) {
		value, isText := r.Given[input].(string)
		if !isText {
			raw, _ := json.Marshal(r.Given[input]) // it came from JSON
			value = string(raw)
		}
		words = append(words, "--set", shellWord(input+"="+value))
	}
	return strings.Join(words, " ")
}

// Names is the answer to -o name.
func (v requestView) Names() []string { return []string{v.Name} }

// Text is the answer for people.
func (v requestView) Text(t *ui.Text) {
	switch v.State {
	case request.Planned:
		verb := "made"
		if v.Exists {
			verb = "brought up to date"
		}
		t.Heading(fmt.Sprintf("%s would be %s: %s", v.Name, verb, countsText(v.Counts)))
	case request.Unchanged:
		t.Heading(v.Name + " is unchanged: it is what was asked for")
		if v.Offline {
			t.Paragraph("This is by the record alone: its server is not running, and a dry run starts none.")
		}
	default:
		t.Heading(fmt.Sprintf("%s is ready: %d added, %d changed, %d destroyed", v.Name, v.Counts.Add, v.Counts.Change, v.Counts.Destroy))
	}
	t.Pair("What", fmt.Sprintf("%s, tier %s, in %s", v.Capability, v.Tier, v.Environment))
	t.Pair("Owner", v.Team)
	t.Pair("Catalog", v.EntityRef)
	for _, name := range slices.Sorted(maps.Keys(v.Outputs)) {
		t.Pair(name, fmt.Sprint(v.Outputs[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(v.Secrets)) {
		t.Pair(name, "kept in the secret store on this machine")
	}
	if v.Expires != nil {
		t.Pair("Expires", expiryText(*v.Expires))
	}
	describeTerms(t, v.Responsibility, v.Cost)
	t.Heading("Next")
	bullets(t, v.Next)
}

// describeTerms says who does what and what it costs.
func describeTerms(t *ui.Text, r request.Responsibility, cost *request.Cost) {
	if cost != nil {
		t.Pair("Cost", costText(cost))
	}
	if len(r.Platform) > 0 {
		t.Heading("The platform team takes care of")
		bullets(t, r.Platform)
	}
	if len(r.Team) > 0 {
		t.Heading("Your team takes care of")
		bullets(t, r.Team)
	}
}

func countsText(c request.Counts) string {
	return fmt.Sprintf("%d to add, %d to change, %d to destroy", c.Add, c.Change, c.Destroy)
}

// planView is the plan of a request for people, before it is confirmed.
type planView struct{ request.Plan }

// showPlan tells on stderr what a request would do.
func (app *App) showPlan(plan request.Plan) {
	if app.IO.Quiet {
		return
	}
	streams := app.IO
	streams.Out, streams.OutTTY = app.IO.Err, app.IO.ErrTTY
	_ = streams.Print(ui.Table, planView{plan}) // a terminal that went away does not stop a request
}

// Text is the plan in the words of the person who asked: what, where, whose,
// who does what, at what cost; then the counts.
func (v planView) Text(t *ui.Text) {
	if v.Destroy != nil {
		destroyPlanText(t, v.Plan)
		return
	}
	verb := "You get "
	if v.Resumes {
		verb = "An earlier request is finished: you get "
	}
	t.Heading(verb + v.Name)
	t.Pair("What", fmt.Sprintf("%s (%s), tier %s", v.Title, v.Capability, v.Tier))
	t.Pair("Where", fmt.Sprintf("%s (target %s)", v.Environment, v.Target))
	owner := v.Team
	if v.NewTeam {
		owner += " (new: it is registered with this request)"
	}
	t.Pair("Owner", owner)
	for _, name := range slices.Sorted(maps.Keys(v.Inputs)) {
		t.Pair(name, inputText(v.Inputs[name]))
	}
	if v.Protected {
		t.Pair("Protection", "no request destroys it or a part of it")
	}
	if v.Expires != nil {
		t.Pair("Expires", expiryText(*v.Expires))
	}
	if v.Deprecated != "" {
		t.Pair("Deprecated", v.Deprecated)
	}
	if v.StateHoldsSecrets {
		t.Pair("Secrets", "Terraform's state of it holds secrets in the clear")
	}
	t.Pair("Cost", costText(v.Cost))
	t.Pair("Platform team", strings.Join(v.Responsibility.Platform, ", "))
	t.Pair("Your team", strings.Join(v.Responsibility.Team, ", "))
	t.Heading("Changes: " + countsText(v.Counts))
	for _, c := range v.Changes {
		t.Bullet(c.Action + " " + c.Address)
	}
}

func bullets(t *ui.Text, items []string) {
	for _, item := range items {
		t.Bullet(item)
	}
}

func costText(cost *request.Cost) string {
	switch {
	case cost == nil:
		return "not said"
	case cost.Monthly == 0:
		return "nothing"
	}
	return fmt.Sprintf("about %g %s a month", cost.Monthly, cost.Currency)
}

func expiryText(t time.Time) string {
	return t.UTC().Format("2006-01-02 15:04 UTC") + "; the platform team may remove it then"
}

// inputText shows an input: a list without Go's brackets.
func inputText(v any) string {
	list, ok := v.([]any)
	if !ok {
		return fmt.Sprint(v)
	}
	if len(list) == 0 {
		return "none"
	}
	parts := make([]string, len(list))
	for i, item := range list {
		parts[i] = fmt.Sprint(item)
	}
	return strings.Join(parts, ", ")
}

// parseRequestID returns the canonical form of a ULID given by the user.
func parseRequestID(id string) (string, error) {
	if id == "" {
		return "", nil
	}
	parsed, err := ulid.ParseStrict(id)
	if err != nil {
		return "", usagef("--request-id %s is no ULID: %w", quote(id), err)
	}
	return parsed.String(), nil
}
