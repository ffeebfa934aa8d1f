package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// crowdSize is how many processes ask at once.
const crowdSize = 32

// crowd has many processes ask for different databases at once, on a home where
// nothing has ever been asked for. Every one of them must get its own.
func (w *world) crowd(ctx context.Context, args ...string) (sample, error) {
	home, err := os.MkdirTemp(w.dir, "crowd-")
	if err != nil {
		return sample{}, err
	}
	env := append(slices.Clone(w.env), "PLATFORMCTL_HOME="+home)
	defer func() {
		stop := exec.CommandContext(context.WithoutCancel(ctx), w.platformctl, "local", "stop")
		stop.Env = env
		_ = stop.Run()
		_ = os.RemoveAll(home)
	}()
	walls, cpu, peak, err := w.atOnce(ctx, env, crowdSize, args)
	if err != nil {
		return sample{}, err
	}
	_, _, alone, err := w.atOnce(ctx, env, 1, append(args, "--name", "alone"))
	if err != nil {
		return sample{}, err
	}
	ledger, err := filepath.Glob(filepath.Join(home, "data", "platform", "ledger", "*", "*.ndjson"))
	if err != nil || len(ledger) != 1 {
		return sample{}, fmt.Errorf("the ledger has %d files: %w", len(ledger), errors.Join(err, os.ErrNotExist))
	}
	text, err := os.ReadFile(ledger[0])
	if err != nil {
		return sample{}, err
	}
	if n := strings.Count(string(text), `"platformctl.request.applied"`); n != crowdSize+1 {
		return sample{}, fmt.Errorf("%d requests are in the ledger, not %d", n, crowdSize+1)
	}
	return sample{
		wall: time.Duration(quantile(walls, 0.5)), cpu: cpu, memory: (peak - alone) / (crowdSize - 1),
	}, nil
}

// atOnce starts n requests and returns when each ended, their CPU time, and the
// most memory that they and the engines under them had at a time.
func (w *world) atOnce(ctx context.Context, env []string, n int, args []string) (walls []float64, cpu time.Duration, peak int64, err error) {
	var mu sync.Mutex
	var all sync.WaitGroup
	start := time.Now()
	for i := range n {
		all.Go(func() {
			cmd := exec.CommandContext(ctx, w.platformctl, slices.Concat([]string{
				"request", "database", "--type", "postgresql", "--tier", "development", "--team", fmt.Sprintf("team-%d", i), "--auto-approve", "-o", "name",
			}, args)...)
			cmd.Env, cmd.Dir = env, w.dir
			s, failed := timed(cmd)
			mu.Lock()
			defer mu.Unlock()
			walls, cpu, err = append(walls, float64(time.Since(start))), cpu+s.cpu, errors.Join(err, failed)
		})
	}
	ended := make(chan struct{})
	watched := make(chan int64)
	go func() { watched <- watch(ended) }()
	all.Wait()
	close(ended)
	return walls, cpu, <-watched, err
}

// watch returns the most memory that the descendants of this process had at a
// time, until ended: the proportional set size, in which what several share
// counts once. It is 0 where the system does not tell.
func watch(ended <-chan struct{}) int64 {
	var peak int64
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ended:
			return peak
		case <-ticker.C:
			peak = max(peak, below(os.Getpid()))
		}
	}
}

func below(pid int) int64 {
	var sum int64
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, task := range tasks {
		children, _ := os.ReadFile(task)
		for child := range strings.FieldsSeq(string(children)) {
			if n, err := strconv.Atoi(child); err == nil {
				sum += proportional(n) + below(n)
			}
		}
	}
	return sum
}

// proportional is the proportional set size of a process in bytes.
func proportional(pid int) int64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}
