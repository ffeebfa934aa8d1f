// Command bench measures whole runs of platformctl against plain Terraform doing
// the same work, and writes the figures into a Markdown file. scripts/bench.sh
// runs it; the baseline's commands are in scripts/baseline.sh.
//
// The runs are interleaved: one of each in every round, so that what else the
// machine does meets them all. The first round warms caches and is left out.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// errMissed says that a goal was not reached. The figures are written anyway.
var errMissed = errors.New("a goal was missed")

type options struct {
	platformctl, terraform, baseline string
	commit, write                    string
	rounds                           int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	var o options
	flag.StringVar(&o.platformctl, "platformctl", "", "the binary to measure")
	flag.StringVar(&o.terraform, "terraform", "", "the Terraform or OpenTofu that both sides use")
	flag.StringVar(&o.baseline, "baseline", "scripts/baseline.sh", "the script with the baseline's commands")
	flag.StringVar(&o.commit, "commit", "unknown", "what was measured")
	flag.StringVar(&o.write, "write", "", "Markdown file to write the figures into, between its markers; else stdout")
	flag.IntVar(&o.rounds, "rounds", 20, "how many rounds count, after the one that warms up")
	flag.Parse()
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	for _, path := range []*string{&o.platformctl, &o.terraform, &o.baseline} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	w, err := newWorld(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close(ctx)) }()

	before := load()
	series, err := measure(ctx, w, o.rounds)
	if err != nil {
		return err
	}
	machine, err := w.machine(ctx)
	if err != nil {
		return err
	}
	machine.loadBefore, machine.loadAfter = before, load()
	text := report(series, goals, machine, time.Now().UTC())
	if o.write == "" {
		fmt.Print(text)
	} else if err := writeBetween(o.write, text); err != nil {
		return err
	}
	return verdict(series)
}

// measure runs every job once in each round, in the same order.
func measure(ctx context.Context, w *world, rounds int) (map[string]series, error) {
	all := map[string]series{}
	for round := range rounds + 1 {
		for _, j := range jobs {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if j.every > 1 && round%j.every != 0 {
				continue
			}
			s, err := j.run(ctx, w, round)
			if err != nil {
				return nil, fmt.Errorf("round %d, %s: %w", round, j.name, err)
			}
			if round > 0 {
				all[j.name] = append(all[j.name], s)
			}
		}
		fmt.Fprintf(os.Stderr, "    round %d of %d\n", round, rounds)
	}
	return all, nil
}

func verdict(all map[string]series) error {
	var missed error
	for _, g := range goals {
		if got := g.value(all); got.median > g.limit {
			fmt.Fprintf(os.Stderr, "missed: %s: %.2f, the goal is %.2f\n", g, got.median, g.limit)
			missed = errMissed
		}
	}
	return missed
}
