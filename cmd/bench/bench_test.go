package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSpreadOf(t *testing.T) {
	tests := map[string]struct {
		values []float64
		want   spread
	}{
		"nothing":     {nil, spread{}},
		"one":         {[]float64{3}, spread{3, 3, 3}},
		"two":         {[]float64{4, 2}, spread{2.5, 3, 3.5}},
		"odd":         {[]float64{5, 1, 3, 2, 4}, spread{2, 3, 4}},
		"one strayed": {[]float64{1, 1, 1, 1, 1000}, spread{1, 1, 1}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, spreadOf(tt.values), cmp.AllowUnexported(spread{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// samples have the given wall times in milliseconds and a tenth of them as CPU time.
func samples(wall ...int) series {
	var s series
	for _, ms := range wall {
		d := time.Duration(ms) * time.Millisecond
		s = append(s, sample{wall: d, cpu: d / 10})
	}
	return s
}

func TestReport(t *testing.T) {
	all := map[string]series{
		jobHelp:    samples(10, 20, 30),
		jobVersion: samples(100, 50, 60),
	}
	all[jobVersion][0].memory = 90 << 20
	some := []goal{
		{jobHelp, jobVersion, wall, 0.4}, {jobVersion, jobHelp, cpu, 2.5}, {jobHelp, "", wall, 30}, {jobVersion, "", memory, 1},
	}
	m := machine{
		commit: "abc", cores: 2, processor: "P", system: "linux/amd64", golang: "1.26.0", terraform: "1.11.4",
		postgresql: "15.1", loadBefore: "0.10", loadAfter: "0.20",
	}
	want := `Measured on 2026-01-02, commit abc, 3 rounds after one that was left out.
2 cores (P), linux/amd64, Go 1.26.0, Terraform 1.11.4, PostgreSQL 15.1. Load before: 0.10, after: 0.20.

| goal | measured | at most | rounds | |
|---|---|---|---|---|
| platformctl --help / terraform version, wall | 0.33 | 0.40 | 0.25 to 0.45 | reached |
| terraform version / platformctl --help, CPU | 3.00 | 2.50 | 2.25 to 6.25 | **missed** |
| platformctl --help, wall, ms | 20.00 | 30.00 | 15.00 to 25.00 | reached |
| terraform version, MiB for each additional one | 0.00 | 1.00 | 0.00 to 45.00 | reached |

| job | wall, ms | | CPU, ms | |
|---|---|---|---|---|
| platformctl --help | 20 | 15 to 25 | 2 | 2 to 2 |
| terraform version | 60 | 55 to 80 | 6 | 6 to 8 |
`
	got := report(all, some, m, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBetween(t *testing.T) {
	page := "# Title\n" + beginMark + "old\n" + endMark + "rest\n"
	got, err := between(page, "new\n")
	if want := strings.Replace(page, "old", "new", 1); err != nil || got != want {
		t.Errorf("between = %q, %v, want %q", got, err, want)
	}
	for _, page := range []string{"", beginMark, endMark, endMark + beginMark} {
		if got, err := between(page, "new\n"); err == nil {
			t.Errorf("between(%q) = %q, want an error", page, got)
		}
	}
}
