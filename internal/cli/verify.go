package cli

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/postgres"
	"github.com/platformctl/platformctl/internal/request"
	"github.com/platformctl/platformctl/internal/store"
	"github.com/platformctl/platformctl/internal/terraform"
	"github.com/platformctl/platformctl/internal/ui"
	"github.com/platformctl/platformctl/internal/verify"
)

func newVerifyCmd(app *App) *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Hold ledger, catalog, resources, state and servers against each other", Args: args(),
		Example: "  platformctl verify\n  platformctl verify -o json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runVerify(cmd.Context(), app) },
	}
	outputFlag(cmd, app)
	return cmd
}

// verifyView is what `verify` answers.
type verifyView struct{ verify.Report }

func runVerify(ctx context.Context, app *App) error {
	s, err := app.open(ctx)
	if err != nil {
		return err
	}
	snapshot, err := s.Snapshot(ctx)
	if err != nil {
		return err
	}
	machine, err := s.machine()
	if err != nil {
		return err
	}
	report, err := verify.Run(ctx, snapshot, machine)
	if err != nil {
		return err
	}
	if err := app.print(verifyView{report}); err != nil {
		return err
	}
	switch n := len(report.Problems); n {
	case 0:
	case 1:
		return &checkError{problem: "one thing does not agree"}
	default:
		return &checkError{problem: fmt.Sprintf("%d things do not agree", n)}
	}
	return nil
}

// machine gathers what only this machine knows of the platform.
func (s *session) machine() (verify.Machine, error) {
	open, err := s.unfinished()
	if err != nil {
		return verify.Machine{}, err
	}
	machine := verify.Machine{Live: s.compareLive, Unfinished: open}
	// Not filepath.Glob: the name of the home may look like a pattern.
	runs := s.paths.Runs("", "")
	states, err := fs.Glob(os.DirFS(runs), "*/*/terraform.tfstate")
	if err != nil {
		return verify.Machine{}, err
	}
	for _, file := range states {
		dir := filepath.Join(runs, filepath.Dir(filepath.FromSlash(file)))
		if objects, err := terraform.Objects(dir); err == nil && objects == 0 {
			continue
		}
		machine.States = append(machine.States, store.ResourceKey{
			Environment: filepath.Base(filepath.Dir(dir)), Name: filepath.Base(dir),
		})
	}
	return machine, nil
}

// compareLive plans the resource again without changing anything: a plan that
// is not empty says what differs from the record.
func (s *session) compareLive(ctx context.Context, r store.Resource) ([]string, error) {
	spec := r.Record.Spec
	if s.elsewhere(r.Name, spec.Machine, spec.Writer) != nil {
		return nil, verify.ErrSkipped
	}
	service, err := s.service(true)
	if err != nil {
		return nil, err
	}
	var plan request.Plan
	service.Step, service.Show = nil, func(p request.Plan) { plan = p }
	result, err := service.Run(ctx, request.Ask{
		Capability: capability.NameOf(spec.Capability), Name: r.Name, DryRun: true,
	})
	if err != nil {
		return nil, err
	}
	if result.Offline {
		status, err := s.server().Status(ctx)
		if err == nil && status.State == postgres.Absent {
			return []string{"its server is gone, with all data"}, nil
		}
		return nil, verify.ErrSkipped
	}
	if result.State == request.Unchanged {
		return s.missingSecrets(result), nil
	}
	changes := make([]string, len(plan.Changes))
	for i, c := range plan.Changes {
		changes[i] = c.Action + " " + c.Address
	}
	return []string{fmt.Sprintf("differs from the record: %s: %s", countsText(result.Counts), strings.Join(changes, ", "))}, nil
}

// missingSecrets names the secrets of a resource that are not in the store.
func (s *session) missingSecrets(result request.Result) []string {
	secrets, err := s.secrets()
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	for name, ref := range result.Secrets {
		if _, err := secrets.Get(ref); err != nil {
			problems = append(problems, fmt.Sprintf("secret %q: %v", name, err))
		}
	}
	return problems
}

// Names are the subjects of the problems.
func (v verifyView) Names() []string {
	names := make([]string, len(v.Problems))
	for i, p := range v.Problems {
		names[i] = p.Subject
	}
	return names
}

// Text is the answer for people.
func (v verifyView) Text(t *ui.Text) {
	count := map[string]int{}
	for _, p := range v.Problems {
		count[p.Area]++
	}
	rows := make([][]string, len(v.Checks))
	for i, c := range v.Checks {
		rows[i] = []string{c.Area, strconv.Itoa(c.Checked), strconv.Itoa(c.Skipped), strconv.Itoa(count[c.Area])}
	}
	t.Table([]string{"Area", "Checked", "Skipped", "Problems"}, rows)
	for _, list := range []struct {
		title    string
		problems []verify.Problem
	}{{"Warnings", v.Warnings}, {"Problems", v.Problems}} {
		if len(list.problems) > 0 {
			t.Heading(list.title)
		}
		for _, p := range list.problems {
			t.Bullet(fmt.Sprintf("%s: %s: %s", p.Area, p.Subject, p.Problem))
		}
	}
	if len(v.Problems) > 0 {
		return
	}
	t.Gap()
	skipped := 0
	for _, c := range v.Checks {
		skipped += c.Skipped
	}
	if skipped == 0 {
		t.Paragraph("everything agrees")
	} else {
		t.Paragraph(fmt.Sprintf("everything that was compared agrees; %d resources were not: their server is stopped or on another machine", skipped))
	}
}
