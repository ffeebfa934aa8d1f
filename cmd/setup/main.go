// Command setup finds what platformctl needs on this machine, brings what is
// missing, and prints what there is. It asks nothing.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/platformctl/platformctl/internal/setup"
)

const terraformMend = `install Terraform (https://developer.hashicorp.com/terraform/install) or OpenTofu
      (https://opentofu.org/docs/intro/install), 1.11 or newer, or name one: PLATFORMCTL_TERRAFORM=/path/to/terraform`

const postgresMend = `install PostgreSQL (Debian: apt-get install postgresql; RHEL: dnf install postgresql-server;
      macOS: brew install postgresql@17), or Node.js for npm, or name its programs: PLATFORMCTL_POSTGRES_BIN=/path/to/bin`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx)
	stop()
	os.Exit(code)
}

func run(ctx context.Context) int {
	tools, err := setup.ToolsDir(os.Getenv)
	if err != nil {
		return fail(err, "set HOME or PLATFORMCTL_TOOLS")
	}
	o := setup.Options{
		Getenv: os.Getenv,
		Tools:  tools,
		Root:   os.Geteuid() == 0,
		Step:   func(text string) { fmt.Println("    " + text) },
	}
	// Both are tried, so that everything missing is said at once.
	code := 0
	for _, need := range []struct {
		ensure func(context.Context) (setup.Tool, error)
		mend   string
	}{{o.Terraform, terraformMend}, {o.PostgreSQL, postgresMend}} {
		tool, err := need.ensure(ctx)
		switch {
		case ctx.Err() != nil:
			return 130
		case err != nil:
			code = fail(err, need.mend)
		default:
			fmt.Printf("    %s %s: %s\n", tool.Name, tool.Version, tool.Path)
		}
	}
	return code
}

func fail(err error, mend string) int {
	fmt.Fprintf(os.Stderr, "error: %v\nhint: %s\n", err, mend)
	return 1
}
