package main

import (
	"slices"
	"time"
)

// sample is one run of a whole process tree.
type sample struct {
	wall, cpu time.Duration
}

// series are the samples of one job, by round.
type series []sample

// The two things that are measured.
const (
	wall = "wall"
	cpu  = "CPU"
)

// values are one of the two measures, in milliseconds.
func (s series) values(what string) []float64 {
	out := make([]float64, len(s))
	for i, one := range s {
		d := one.wall
		if what == cpu {
			d = one.cpu
		}
		out[i] = float64(d) / float64(time.Millisecond)
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

// goal is a ratio of two jobs that must not be exceeded.
type goal struct {
	ours, base string
	what       string
	limit      float64
}

// ratio is that of the medians; its spread is that of the rounds, in each of
// which both sides ran within the same second or two.
func (g goal) ratio(all map[string]series) spread {
	ours, base := all[g.ours].values(g.what), all[g.base].values(g.what)
	rounds := make([]float64, len(ours))
	for i := range ours {
		rounds[i] = ours[i] / base[i]
	}
	s := spreadOf(rounds)
	s.median = quantile(ours, 0.5) / quantile(base, 0.5)
	return s
}
