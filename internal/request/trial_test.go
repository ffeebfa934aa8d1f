package request_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/request"
)

// planner answers as it is told and notes what it was asked.
type planner struct {
	planErr, mockErr error
	providers        []string
	module           request.Module
	offline          bool
	mocked           []string
}

func (p *planner) Prepare(_ context.Context, _ string, m request.Module) (request.Rendered, error) {
	p.module = m
	return request.Rendered{Providers: p.providers, Lock: []byte("lock")}, nil
}

func (p *planner) Plan(_ context.Context, _ string, run request.Run) (request.Changes, error) {
	p.offline = run.Offline
	return request.Changes{Counts: request.Counts{Add: 2}}, p.planErr
}

func (p *planner) Unreachable(err error) bool { return err.Error() == "no credentials" }

func (p *planner) Mock(_ context.Context, _ string, _ request.Run, providers []string) (request.Changes, error) {
	p.mocked = providers
	return request.Changes{Counts: request.Counts{Add: 3}}, p.mockErr
}

func TestTry(t *testing.T) {
	note, err := capability.Load(os.DirFS("../../e2e/testdata/capabilities"), "note")
	if err != nil {
		t.Fatal(err)
	}
	down := errors.New("no credentials")
	tests := map[string]struct {
		planner planner
		add     int
		mocked  bool
		fails   string
	}{
		"planned":          {planner{providers: []string{"aws"}}, 2, false, ""},
		"mocked":           {planner{providers: []string{"aws"}, planErr: down}, 3, true, ""},
		"nothing to mock":  {planner{planErr: down}, 0, false, "no credentials"},
		"wrong":            {planner{providers: []string{"aws"}, planErr: errors.New("missing argument")}, 0, false, "missing argument"},
		"wrong either way": {planner{providers: []string{"aws"}, planErr: down, mockErr: errors.New("unsupported argument")}, 0, false, "unsupported argument"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			trial, err := request.Try(t.Context(), &tt.planner, request.Tryout{Definition: note, Test: note.Spec.Tests[0], Dir: t.TempDir()})
			if tt.fails != "" {
				if err == nil || !strings.Contains(err.Error(), tt.fails) {
					t.Errorf("Try = %v, want %q", err, tt.fails)
				}
				return
			}
			if err != nil || trial.Changes.Add != tt.add || (trial.Mocked != nil) != tt.mocked || (trial.Reason != nil) != tt.mocked {
				t.Errorf("Try = %+v, %v", trial, err)
			}
			if !tt.planner.offline || tt.planner.module.Variables["name"] != "test-plain" || string(trial.Lock) != "lock" {
				t.Errorf("planned offline: %v, %+v", tt.planner.offline, tt.planner.module.Variables)
			}
		})
	}
	bad := capability.Test{Type: "plain", Tier: "draft", Environment: capability.TestEnvironment{Name: "x"}}
	if _, err := request.Try(t.Context(), &planner{}, request.Tryout{Definition: note, Test: bad, Dir: t.TempDir()}); err == nil {
		t.Error("a test without a required input was planned")
	}
}
