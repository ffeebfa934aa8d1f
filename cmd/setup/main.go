// Command setup finds what platformctl needs on this machine, brings what is
// missing, and prints what there is. It asks nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/platformctl/platformctl/internal/setup"
)

const terraformMend = `install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu
      (https://opentofu.org/docs/intro/install), 1.11 or newer, or name one: PLATFORMCTL_TERRAFORM=/path/to/terraform`

const postgresMend = `install PostgreSQL (Debian: apt-get install postgresql; RHEL: dnf install postgresql-server;
      macOS: brew install postgresql@17), or Node.js for npm, or name its programs: PLATFORMCTL_POSTGRES_BIN=/path/to/bin`

const compilerMend = "install gcc, and its C library's headers (Debian: apt-get install gcc libc6-dev)"

func main() {
	tests := flag.Bool("tests", false, "also what only the tests need: a C compiler for the race detector, shells for completion")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, *tests)
	stop()
	os.Exit(code)
}

// need is a tool to find or bring. Without an optional one, less is done.
type need struct {
	ensure   func(context.Context) (setup.Tool, error)
	mend     string
	optional bool
}

func run(ctx context.Context, tests bool) int {
	tools, err := setup.ToolsDir(os.Getenv)
	if err != nil {
		report("error", err, "set HOME or PLATFORMCTL_TOOLS")
		return 1
	}
	o := setup.Options{
		Getenv: os.Getenv,
		Tools:  tools,
		Root:   os.Geteuid() == 0,
		Step:   func(text string) { fmt.Println("    " + text) },
	}
	needs := []need{{o.Terraform, terraformMend, false}, {o.PostgreSQL, postgresMend, false}}
	if tests {
		needs = append(needs, need{o.Compiler, compilerMend, true})
		for _, shell := range []string{"zsh", "fish"} {
			needs = append(needs, need{
				func(ctx context.Context) (setup.Tool, error) { return o.Shell(ctx, shell) }, "install " + shell, true,
			})
		}
	}
	code := 0
	for _, n := range needs { // all of them, so that everything missing is said at once
		tool, err := n.ensure(ctx)
		switch {
		case ctx.Err() != nil:
			return 130
		case err != nil && n.optional:
			report("warning", err, n.mend)
		case err != nil:
			report("error", err, n.mend)
			code = 1
		default:
			fmt.Printf("    %s: %s\n", strings.TrimSpace(tool.Name+" "+tool.Version), tool.Path)
		}
	}
	return code
}

func report(severity string, err error, mend string) {
	fmt.Fprintf(os.Stderr, "%s: %v\nhint: %s\n", severity, err, mend)
}
