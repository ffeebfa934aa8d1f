// Command platformctl is a self-service platform in one binary. Started by
// Terraform it is a Terraform provider.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/platformctl/platformctl/internal/cli"
	"github.com/platformctl/platformctl/internal/provider"
)

// Set by the linker, in builds that know better than what Go stamps.
var version, commit, date string

func main() {
	os.Exit(run())
}

func run() int {
	if strings.HasPrefix(filepath.Base(os.Args[0]), "terraform-provider-") {
		if err := provider.Serve(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	// A reader that goes away must not end a request in the middle: as long as
	// somebody is told of the signal, the write fails instead, and children
	// still get it.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return cli.Main(ctx, os.Args[1:], cli.System(ctx, cli.Build{Version: version, Commit: commit, Date: date}))
}
