package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/platformctl/platformctl/internal/terraform"
)

// engine looks for Terraform or OpenTofu where requests do.
func engine(ctx context.Context, m *machine) []Check {
	found, err := terraform.Find(ctx, m.Engine)
	if err == nil {
		return []Check{ok("%s %s, %s", found.Product, found.Version, found.Path)}
	}
	check := failure(err)
	if bad, is := errors.AsType[*terraform.NotExecutableError](err); is {
		info, statErr := os.Stat(bad.Path)
		name := filepath.Base(bad.Path)
		isEngine := strings.HasPrefix(name, "terraform") || strings.HasPrefix(name, "tofu") // else the variable is wrong, not the file
		if statErr == nil && isEngine && info.Mode().IsRegular() && info.Mode()&0o111 == 0 {
			check.Command = shell("chmod", "+x", bad.Path)
		}
	}
	return []Check{check}
}

// engineConfig tells of the variable that the engine would be given, were its
// file there.
func engineConfig(_ context.Context, m *machine) []Check {
	const variable = "TF_CLI_CONFIG_FILE"
	file := m.Getenv(variable)
	if file == "" {
		return []Check{skipped("%s is not set", variable)}
	}
	if _, err := os.Stat(file); err != nil {
		return []Check{warning("%s names %q, which cannot be read, and is left out", variable, file).
			mend("correct the variable, or unset it", "unset "+variable)}
	}
	return []Check{ok("%s is %s", variable, file)}
}
