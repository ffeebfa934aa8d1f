package terraform_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/platformctl/platformctl/internal/provider"
)

// TestMain makes the test binary a provider when the engine starts it.
func TestMain(m *testing.M) {
	if os.Getenv("TF_PLUGIN_MAGIC_COOKIE") != "" {
		if err := provider.Serve(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}
