package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/terraform"
	"github.com/platformctl/platformctl/internal/ui"
)

func newCapabilityLintCmd(app *App) *cobra.Command {
	var strict bool
	cmd := &cobra.Command{
		Use: "lint [NAME | DIR]...", Short: "Say what is wrong with a capability, and what could be better",
		Long: helpText("capability-lint"),
		Example: `  platformctl capability lint cache
  platformctl capability lint ./capabilities/cache --strict`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return runCapabilityLint(cmd.Context(), app, given, strict)
		},
		ValidArgsFunction: app.complete(completeCapabilities),
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "do not pass with warnings either")
	outputFlag(cmd, app)
	return cmd
}

// lintView is what `capability lint` answers.
type lintView struct {
	Capabilities []lintedView `json:"capabilities"`
}

// lintedView is what is said of one capability.
type lintedView struct {
	Name     string               `json:"name"`
	Dir      string               `json:"dir,omitempty"`
	Errors   int                  `json:"errors"`
	Warnings int                  `json:"warnings"`
	Findings []capability.Finding `json:"findings"`
}

func runCapabilityLint(ctx context.Context, app *App, given []string, strict bool) error {
	all, err := app.locateCapabilities(ctx, given)
	if err != nil {
		return err
	}
	e, err := app.bareEngine()
	if err != nil {
		return err
	}
	view := lintView{Capabilities: []lintedView{}}
	bad := 0
	for _, at := range all {
		linted := lintedView{Name: at.name, Dir: at.where}
		if linted.Findings, err = e.lint(ctx, at); err != nil {
			return err
		}
		for _, f := range linted.Findings {
			if f.Severity == capability.SeverityError {
				linted.Errors++
			} else {
				linted.Warnings++
			}
		}
		if linted.Errors > 0 || strict && linted.Warnings > 0 {
			bad++
		}
		view.Capabilities = append(view.Capabilities, linted)
	}
	if err := app.print(view); err != nil {
		return err
	}
	if bad > 0 {
		return &checkError{fmt.Sprintf("%d of %d capabilities did not pass", bad, len(all))}
	}
	return nil
}

// bareEngine drives Terraform for what is in no platform's record.
func (app *App) bareEngine() (*engine, error) {
	s, err := app.outside()
	if err != nil {
		return nil, err
	}
	return &engine{session: s, dryRun: true}, nil
}

// lint holds a capability against its format and its modules.
func (e *engine) lint(ctx context.Context, at located) ([]capability.Finding, error) {
	def, err := at.load()
	if err != nil {
		findings, ok := capability.Broken(at.files, at.dir, err)
		if !ok {
			return nil, err
		}
		return findings, nil
	}
	interfaces := map[string]capability.Interface{}
	failed := []capability.Finding{}
	for _, use := range def.Modules() {
		is, err := e.describe(ctx, terraform.Module{Source: use.Source, Version: use.Version, Local: use.Local})
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			failed = append(failed, capability.Finding{Severity: capability.SeverityError, Field: use.Field, Problem: err.Error()})
			continue
		}
		interfaces[use.Field] = is
	}
	return append(failed, def.Lint(interfaces)...), nil
}

// Names are the names of the capabilities.
func (v lintView) Names() []string {
	names := make([]string, len(v.Capabilities))
	for i, c := range v.Capabilities {
		names[i] = c.Name
	}
	return names
}

// Text is the answer for people.
func (v lintView) Text(t *ui.Text) {
	for _, c := range v.Capabilities {
		if len(c.Findings) == 0 {
			t.Heading(c.Name + ": nothing to say")
			continue
		}
		t.Heading(fmt.Sprintf("%s: %s, %s", c.Name, count(c.Errors, "error"), count(c.Warnings, "warning")))
		for _, f := range c.Findings {
			t.Bullet(string(f.Severity) + ": " + findingText(f))
		}
	}
}

// findingText is one finding on a line.
func findingText(f capability.Finding) string {
	text := f.Problem
	if f.Field != "" {
		text = f.Field + ": " + text
	}
	if f.Line > 0 {
		text = fmt.Sprintf("%s:%d: %s", capability.FileName, f.Line, text)
	}
	if f.Mend != "" {
		text += " (" + f.Mend + ")"
	}
	return text
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
