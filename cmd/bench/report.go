package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// machine is what the figures depend on.
type machine struct {
	commit                string
	cores                 int
	processor, system     string
	golang                string
	terraform             string
	postgresql            string
	loadBefore, loadAfter string
}

func (w *world) machine(ctx context.Context) (machine, error) {
	m := machine{
		commit: w.commit, cores: runtime.NumCPU(), processor: processor(),
		system: runtime.GOOS + "/" + runtime.GOARCH,
	}
	build, err := buildinfo.ReadFile(w.platformctl)
	if err != nil {
		return m, err
	}
	m.golang = strings.TrimPrefix(build.GoVersion, "go")
	out, err := exec.CommandContext(ctx, w.terraform, "version", "-json").Output()
	if err != nil {
		return m, err
	}
	var engine struct {
		Version string `json:"terraform_version"`
	}
	if err := json.Unmarshal(out, &engine); err != nil {
		return m, err
	}
	m.terraform = engine.Version
	var status bytes.Buffer
	if _, err := w.ours(ctx, &status, "local", "status", "-o", "json"); err != nil {
		return m, err
	}
	var local struct {
		Servers []struct{ Version string }
	}
	if err := json.Unmarshal(status.Bytes(), &local); err != nil {
		return m, err
	}
	for _, s := range local.Servers {
		m.postgresql = s.Version
	}
	return m, nil
}

// processor is the name of the processor, where the system tells it in a file.
func processor() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unnamed processor"
}

// load is how many processes waited for a core in the last minute, where the
// system tells it in a file.
func load() string {
	data, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(data), " ")
	return one
}

// report is the part of docs/benchmarks.md that is measured.
func report(all map[string]series, goals []goal, m machine, at time.Time) string {
	var b strings.Builder
	rounds := 0
	for _, s := range all {
		rounds = max(rounds, len(s))
	}
	fmt.Fprintf(&b, "Measured on %s, commit %s, %d rounds after one that was left out.\n", at.Format("2006-01-02"), m.commit, rounds)
	fmt.Fprintf(&b, "%d cores (%s), %s, Go %s, Terraform %s, PostgreSQL %s.", m.cores, m.processor, m.system, m.golang, m.terraform, m.postgresql)
	if m.loadBefore != "" {
		fmt.Fprintf(&b, " Load before: %s, after: %s.", m.loadBefore, m.loadAfter)
	}
	b.WriteString("\n\n| goal | measured | at most | rounds | |\n|---|---|---|---|---|\n")
	for _, g := range goals {
		r := g.value(all)
		verdict := "reached"
		if r.median > g.limit {
			verdict = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %.2f | %.2f | %.2f to %.2f | %s |\n", g, r.median, g.limit, r.low, r.high, verdict)
	}
	b.WriteString("\n| job | wall, ms | | CPU, ms | |\n|---|---|---|---|---|\n")
	for _, j := range jobs {
		s, ok := all[j.name]
		if !ok {
			continue
		}
		w, c := spreadOf(s.values(wall)), spreadOf(s.values(cpu))
		fmt.Fprintf(&b, "| %s | %.0f | %.0f to %.0f | %.0f | %.0f to %.0f |\n", j.name, w.median, w.low, w.high, c.median, c.low, c.high)
	}
	return b.String()
}

const (
	beginMark = "<!-- measured: begin (make bench) -->\n"
	endMark   = "<!-- measured: end -->\n"
)

// writeBetween replaces what is between the markers of a file.
func writeBetween(path, text string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	out, err := between(string(data), text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(out), 0o644)
}

func between(page, text string) (string, error) {
	head, rest, begun := strings.Cut(page, beginMark)
	_, tail, ended := strings.Cut(rest, endMark)
	if !begun || !ended {
		return "", fmt.Errorf("no lines %q and %q", strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return head + beginMark + text + endMark + tail, nil
}
