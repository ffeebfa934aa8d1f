// Command skips runs a command that prints test events (go test -json), shows
// them as `go test` does without -json, and fails when a test was skipped that
// the list does not explain.
//
//	go run ./cmd/skips -list e2e/skips.txt -- go test -json ./...
//
// A line of the list is a package below the module, a test, and the reason:
//
//	e2e TestStories/macos  needs a Mac
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	list := flag.String("list", "", "file of tests that may be skipped, with reasons")
	flag.Parse()
	err := run(ctx, *list, flag.Args())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, list string, argv []string) error {
	if len(argv) == 0 {
		return errors.New("no command given")
	}
	data, err := os.ReadFile(list)
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // no list: nothing may be skipped
		return err
	}
	allowed, err := parseList(data)
	if err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	// The tests clean up after themselves when they are asked to end.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	skipped, err := show(events, os.Stdout)
	if err != nil {
		_, _ = io.Copy(io.Discard, events) // let the command end by itself
	}
	if waited := cmd.Wait(); waited != nil {
		return fmt.Errorf("tests: %w", waited)
	}
	if err != nil {
		return err
	}
	return unexplained(skipped, allowed, list)
}
