package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/doctor"
	"github.com/platformctl/platformctl/internal/ui"
)

func newDoctorCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "See whether this machine has what platformctl needs", Args: args(),
		Long:    helpText("doctor"),
		Example: "  platformctl doctor\n  platformctl doctor -o json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runDoctor(cmd.Context(), app) },
	}
	outputFlag(cmd, app)
	return cmd
}

// checksView is what `doctor` and `environment check` answer.
type checksView struct {
	Checks   []doctor.Check `json:"checks"`
	Failed   int            `json:"failed"`
	Warnings int            `json:"warnings"`
}

func runDoctor(ctx context.Context, app *App) error {
	executable, err := app.Executable()
	if err != nil {
		executable = "" // a check says that it is not known
	}
	checks, err := doctor.Run(ctx, doctor.Machine{
		Getenv: app.Getenv, Now: app.Now, Dir: app.Dir, Platform: app.flags.Platform,
		Executable: executable, Version: newVersionView(app.Build).Version,
		Engine: app.engineOptions(), PostgreSQL: app.postgresOptions(),
	})
	if err != nil {
		return err
	}
	return app.printChecks(checks)
}

// printChecks is the answer of a command that checks. When one failed, so does it.
func (app *App) printChecks(checks []doctor.Check) error {
	view := checksView{Checks: checks}
	for i := range checks {
		app.mend(&checks[i])
		switch checks[i].State {
		case doctor.Failed:
			view.Failed++
		case doctor.Warning:
			view.Warnings++
		case doctor.OK, doctor.Skipped:
		}
	}
	if err := app.print(view); err != nil {
		return err
	}
	switch view.Failed {
	case 0:
		return nil
	case 1:
		return &checkError{problem: "one check failed"}
	}
	return &checkError{problem: fmt.Sprintf("%d checks failed", view.Failed)}
}

// mend adds the hint that a command would give which meets the same error, where
// the check has none of its own.
func (app *App) mend(check *doctor.Check) {
	if check.Err != nil {
		e := app.explain(check.Err)
		if check.Mend == "" {
			check.Mend = e.Hint
		}
		if check.Command == "" && len(e.Next) > 0 {
			check.Command = e.Next[0]
		}
	}
	if check.Command != "" {
		check.Command = app.commands([]string{check.Command})[0]
	}
}

// Names are the checks that found something to mend.
func (v checksView) Names() []string {
	var names []string
	for _, check := range v.Checks {
		if check.State == doctor.Failed || check.State == doctor.Warning {
			names = append(names, check.Name)
		}
	}
	return names
}

// Text is the answer for people.
func (v checksView) Text(t *ui.Text) {
	group := ""
	for _, check := range v.Checks {
		if check.Group != group {
			group = check.Group
			t.Heading(strings.ToUpper(group[:1]) + group[1:])
		}
		detail := check.Detail
		if check.State != doctor.OK {
			detail = string(check.State) + ": " + detail
		}
		t.Pair(check.Name, detail)
	}
	for _, list := range []struct {
		title string
		state doctor.State
	}{{"Could be better", doctor.Warning}, {"Has to be mended", doctor.Failed}} {
		titled := false
		for _, check := range v.Checks {
			if check.State != list.state {
				continue
			}
			if !titled {
				t.Heading(list.title)
				titled = true
			}
			t.Bullet(strings.TrimSuffix(fmt.Sprintf("%s: %s", check.Name, check.Mend), ": "))
			if check.Command != "" {
				t.Literal("  " + check.Command)
			}
		}
	}
	t.Gap()
	switch {
	case v.Failed == 0 && v.Warnings == 0:
		t.Paragraph("everything is in order")
	case v.Failed == 0:
		t.Paragraph("everything that is needed is there")
	}
}
