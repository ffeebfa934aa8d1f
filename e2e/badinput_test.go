package e2e

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/platformctl/platformctl/internal/cli"
)

func TestProto(t *testing.T) {
	for _, v := range []string{"", "../../x", "a\x00b", "a\x1b[2J", "-rf", "App", "postgres", strings.Repeat("a", 10_000_000), "x:y/z", "yes", "group:App"} {
		for _, args := range [][]string{
			{"request", v, "--type", "postgresql", "--tier", "development", "--team", "shop", "--auto-approve"},
			{"request", "database", "--type=" + v, "--tier", "development", "--team", "shop", "--auto-approve"},
			{"request", "database", "--tier=" + v, "--team", "shop", "--auto-approve"},
			{"request", "database", "--tier=development", "--team=" + v, "--auto-approve"},
			{"request", "database", "--tier=development", "--team=shop", "--name=" + v, "--auto-approve"},
			{"request", "database", "--tier=development", "--team=shop", "--env=" + v, "--auto-approve"},
			{"request", "database", "--tier=development", "--team=shop", "--for=" + v, "--auto-approve"},
			{"team", "add", v},
			{"team", "show", v},
			{"init", "p", "--name=" + v},
			{"resource", "show", v},
			{"catalog", "show", v},
			{"capability", "show", v},
			{"help", v},
		} {
			dir := t.TempDir()
			env := map[string]string{"HOME": dir, "PLATFORMCTL_HOME": filepath.Join(dir, "pctl"), "PATH": "/usr/bin"}
			app := cli.System(t.Context(), "test")
			var out, errs bytes.Buffer
			app.IO.In, app.IO.Out, app.IO.Err = strings.NewReader(""), &out, &errs
			app.IO.InTTY, app.IO.OutTTY, app.IO.ErrTTY, app.IO.Color = false, false, false, false
			app.Getenv = func(k string) string { return env[k] }
			app.Dir = dir
			start := time.Now()
			code := cli.Main(t.Context(), args, app)
			short := fmt.Sprintf("%.150q", args)
			fmt.Printf("%d %v %s\n   OUT %.100q\n   ERR[%d] %.300q\n", code, time.Since(start).Round(100*time.Microsecond), short, out.String(), errs.Len(), errs.String())
		}
	}
}
