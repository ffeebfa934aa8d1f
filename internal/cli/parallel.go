package cli

import (
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/platformctl/platformctl/internal/request"
)

// parallel is the value of --parallel; 0 is the default.
type parallel int

const (
	mostParallel = 256
	// runsPerCore are as many runs as a core is kept busy with: half of the time
	// a run waits for a server or a disk.
	runsPerCore = 2
)

func (p *parallel) String() string { return strconv.Itoa(int(*p)) }

func (*parallel) Type() string { return "int" }

func (p *parallel) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > mostParallel {
		return fmt.Errorf("must be a whole number from 1 to %d", mostParallel)
	}
	*p = parallel(n)
	return nil
}

// parallelFlag adds --parallel to a command that runs Terraform.
func parallelFlag(cmd *cobra.Command, app *App) {
	cmd.Flags().Var(&app.flags.Parallel, "parallel",
		fmt.Sprintf("how many runs may be under way on this machine, this one included (default: %d for each core)", runsPerCore))
	cmd.Flags().Lookup("parallel").DefValue = "0" // left out of the help
}

// slots are those for runs of Terraform on this machine, over all platforms.
func (s *session) slots() request.Slots {
	count := int(s.app.flags.Parallel)
	if count == 0 {
		count = runsPerCore * s.app.Cores
	}
	return request.Slots{Dir: filepath.Join(s.home.State, "slots"), Count: count}
}
