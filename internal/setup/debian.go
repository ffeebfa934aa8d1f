package setup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/platformctl/platformctl/internal/durable"
)

// clusterConf is where Debian's packages look up whether to make and start a
// server when they are installed.
const clusterConf = "/etc/postgresql-common/createcluster.conf"

// fromDebian installs a package of the distribution, as root on Debian.
func (o Options) fromDebian(ctx context.Context, name string, install func(context.Context) error) error {
	if !o.Root {
		return fmt.Errorf("package %s of the distribution: only root can install it", name)
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("package %s of the distribution: only Debian's is known, and there is no apt-get", name)
	}
	o.Step("installing Debian's package " + name)
	err := apt(ctx, "update")
	if err == nil {
		err = install(ctx)
	}
	if err != nil {
		return fmt.Errorf("package %s of Debian: %w", name, err)
	}
	return nil
}

func (o Options) postgresFromDebian(ctx context.Context) error {
	return o.fromDebian(ctx, "postgresql", func(ctx context.Context) error { return installPostgres(ctx, clusterConf) })
}

func (o Options) compilerFromDebian(ctx context.Context) error {
	return o.fromDebian(ctx, "gcc", func(ctx context.Context) error {
		return apt(ctx, "install", "-y", "--no-install-recommends", "gcc", "libc6-dev")
	})
}

func (o Options) shellFromDebian(shell string) func(context.Context) error {
	return func(ctx context.Context) error {
		return o.fromDebian(ctx, shell, func(ctx context.Context) error {
			return apt(ctx, "install", "-y", "--no-install-recommends", shell)
		})
	}
}

// installPostgres installs the PostgreSQL programs and no server: the package
// would make one and start it on port 5432, unless conf says otherwise while it
// is installed. Afterwards conf is as the packages brought it.
func installPostgres(ctx context.Context, conf string) (err error) {
	if err := apt(ctx, "install", "-y", "--no-install-recommends", "postgresql-common"); err != nil {
		return err
	}
	before, err := os.ReadFile(conf)
	if err != nil {
		return fmt.Errorf("setting that prevents a server: %w", err)
	}
	without := slices.Concat(before, []byte("\ncreate_main_cluster = false\n"))
	if err := durable.WriteFile(conf, without, 0o644); err != nil {
		return fmt.Errorf("setting that prevents a server: %w", err)
	}
	defer func() { err = errors.Join(err, durable.WriteFile(conf, before, 0o644)) }()
	return apt(ctx, "install", "-y", "--no-install-recommends", "postgresql")
}

func apt(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	argv := append([]string{
		"apt-get", "-q",
		"-o", "Acquire::Retries=1",
		"-o", "Acquire::http::Timeout=20",
		"-o", "DPkg::Lock::Timeout=60",
	}, args...)
	return run(ctx, []string{"DEBIAN_FRONTEND=noninteractive"}, argv)
}

// run runs a command with additions to the environment. The error holds the
// last lines of what it wrote.
func run(ctx context.Context, env, argv []string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(cmd.Environ(), env...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // let dpkg finish what it has begun
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w%s", strings.Join(argv, " "), err, lastLines(out, 8))
	}
	return nil
}

// lastLines returns at most n last lines, indented, each after a newline.
func lastLines(out []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var b strings.Builder
	for _, line := range lines[max(0, len(lines)-n):] {
		if line != "" {
			b.WriteString("\n    " + line)
		}
	}
	return b.String()
}
