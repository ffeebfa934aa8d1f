package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// job is one thing to measure, once in each round, or in every so many.
type job struct {
	name  string
	every int
	run   func(ctx context.Context, w *world, round int) (sample, error)
}

// Names of the jobs, as the report prints them.
const (
	jobHelp       = "platformctl --help"
	jobVersion    = "terraform version"
	jobFirst      = "platformctl request, new name"
	jobPlain      = "plain init, plan, show, apply, output"
	jobReattached = "reattached plan, show, apply"
	jobUnchanged  = "platformctl request, unchanged"
	jobPlan       = "reattached plan, no change"
	jobList       = "platformctl resource list, 10,000 resources"
	jobCrowd      = "32 requests at once, first use"
	jobUncapped   = "32 requests at once, first use, --parallel 32"
)

// jobs are in the order of a round.
var jobs = []job{
	{jobHelp, 1, func(ctx context.Context, w *world, _ int) (sample, error) {
		return w.ours(ctx, nil, "--help")
	}},
	{jobVersion, 1, func(ctx context.Context, w *world, _ int) (sample, error) {
		return w.theirs(ctx, nil, "version")
	}},
	{jobFirst, 1, func(ctx context.Context, w *world, round int) (sample, error) {
		return w.request(ctx, fmt.Sprintf("ours-%d", round), "applied")
	}},
	{jobPlain, 1, plain},
	{jobReattached, 1, func(ctx context.Context, w *world, round int) (sample, error) {
		dir, err := w.installed(fmt.Sprintf("reattached-%d", round))
		if err != nil {
			return sample{}, err
		}
		return w.reattached(ctx, "reattached", dir)
	}},
	{jobUnchanged, 1, func(ctx context.Context, w *world, _ int) (sample, error) {
		return w.request(ctx, seed, "unchanged")
	}},
	{jobPlan, 1, func(ctx context.Context, w *world, _ int) (sample, error) {
		return w.reattached(ctx, "unchanged", w.applied)
	}},
	{jobList, 1, func(ctx context.Context, w *world, _ int) (sample, error) { return w.list(ctx) }},
	{jobCrowd, 4, func(ctx context.Context, w *world, _ int) (sample, error) { return w.crowd(ctx) }},
	{jobUncapped, 4, func(ctx context.Context, w *world, _ int) (sample, error) {
		return w.crowd(ctx, "--parallel", "32")
	}},
}

// goals are what docs/benchmarks.md promises.
var goals = []goal{
	{jobHelp, jobVersion, wall, 0.40},
	{jobFirst, jobPlain, wall, 0.65},
	{jobFirst, jobPlain, cpu, 0.40},
	{jobFirst, jobReattached, wall, 1.30},
	{jobUnchanged, jobPlan, wall, 1.50},
	{jobList, "", wall, 150},
	{jobCrowd, jobUncapped, wall, 0.50},
	{jobCrowd, "", memory, 30},
}

// request measures a request for name and checks how it ended.
func (w *world) request(ctx context.Context, name, state string) (sample, error) {
	var out strings.Builder
	s, err := w.ours(ctx, &out, requestArgs(name)...)
	if err != nil {
		return sample{}, err
	}
	var result struct{ State string }
	if err := json.Unmarshal([]byte(out.String()), &result); err != nil {
		return sample{}, fmt.Errorf("answer of platformctl: %w", err)
	}
	if result.State != state {
		return sample{}, fmt.Errorf("request %q is %q, not %q", name, result.State, state)
	}
	return s, nil
}

func requestArgs(name string) []string {
	return []string{
		"request", "database", "--type", "postgresql", "--tier", "production",
		"--team", "bench", "--name", name, "--auto-approve", "-o", "json",
	}
}

func plain(ctx context.Context, w *world, round int) (sample, error) {
	name := fmt.Sprintf("plain-%d", round)
	dir, err := w.configuration(name)
	if err != nil {
		return sample{}, err
	}
	s, err := w.theirs(ctx, []string{"TF_CLI_CONFIG_FILE=" + w.mirrorConfig}, "plain", dir)
	if err != nil {
		return sample{}, err
	}
	outputs, err := os.ReadFile(filepath.Join(dir, "outputs.json"))
	if err != nil {
		return sample{}, err
	}
	if database := strings.ReplaceAll(name, "-", "_"); !strings.Contains(string(outputs), `"`+database+`"`) {
		return sample{}, fmt.Errorf("no output names the database %q", database)
	}
	return s, nil
}

// reattached measures a command of the baseline with a provider that runs
// already. The CPU time is that of both; the time to start it is not measured.
func (w *world) reattached(ctx context.Context, command, dir string) (sample, error) {
	p, err := w.startProvider(ctx)
	if err != nil {
		return sample{}, err
	}
	s, err := w.theirs(ctx, []string{"TF_REATTACH_PROVIDERS=" + p.reattach}, command, dir)
	s.cpu += p.stop()
	return s, err
}
