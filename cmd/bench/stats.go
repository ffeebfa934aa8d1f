package main

import (
	"fmt"
	"slices"
	"time"
)

// sample is one run of a whole process tree, or of several at once: then wall is
// the median of when they ended, and memory what each of them takes in bytes
// beyond the first.
type sample struct {
	wall, cpu time.Duration
	memory    int64
}

// series are the samples of one job, by round.
type series []sample

// What is measured.
const (
	wall   = "wall"
	cpu    = "CPU"
	memory = "memory"
)

// values are one of the measures, in milliseconds or MiB.
func (s series) values(what string) []float64 {
	out := make([]float64, len(s))
	for i, one := range s {
		switch what {
		case memory:
			out[i] = float64(one.memory) / (1 << 20)
		case cpu:
			out[i] = float64(one.cpu) / float64(time.Millisecond)
		default:
			out[i] = float64(one.wall) / float64(time.Millisecond)
		}
	}
	return out
}

// spread is the middle of some values and the half of them around it.
type spread struct {
	low, median, high float64
}

func spreadOf(values []float64) spread {
	return spread{quantile(values, 0.25), quantile(values, 0.5), quantile(values, 0.75)}
}

// quantile interpolates between the two values that are nearest.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// goal is a ratio of two jobs that must not be exceeded. Without a base it is a
// value of one job, in milliseconds or MiB.
type goal struct {
	ours, base string
	what       string
	limit      float64
}

// String names the goal in the report.
func (g goal) String() string {
	switch {
	case g.base != "":
		return fmt.Sprintf("%s / %s, %s", g.ours, g.base, g.what)
	case g.what == memory:
		return g.ours + ", MiB for each additional one"
	}
	return fmt.Sprintf("%s, %s, ms", g.ours, g.what)
}

// value is what was measured. A ratio is that of the medians; its spread is that
// of the rounds, in each of which both sides ran within the same second or two.
func (g goal) value(all map[string]series) spread {
	ours := all[g.ours].values(g.what)
	if g.base == "" {
		return spreadOf(ours)
	}
	base := all[g.base].values(g.what)
	rounds := make([]float64, len(ours))
	for i := range ours {
		rounds[i] = ours[i] / base[i]
	}
	s := spreadOf(rounds)
	s.median = quantile(ours, 0.5) / quantile(base, 0.5)
	return s
}
