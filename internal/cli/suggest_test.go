package cli

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDidYouMean mistypes a word in each place where a known one belongs.
func TestDidYouMean(t *testing.T) {
	tests := map[string]struct{ args, want string }{
		"command":           {"requst database", "request"},
		"swapped letters":   {"stauts", "status"},
		"begun":             {"cap", "capability"},
		"other case":        {"Status", "status"},
		"shell":             {"completion zhs", "zsh"},
		"topic":             {"help envronment", "environment"},
		"help of a command": {"help resource shw", "show"},
		"format of a file":  {"help formats platfomr", "platform"},
		"flag":              {"request database --teir production", "--tier"},
		"flag of the root":  {"status --plaform x", "--platform"},
		"flag with a value": {"request database --teir=production", "--tier"},
		"flag, one hyphen":  {"request database -tier production", "--tier"},
		"output":            {"status -o jsn", "json"},
		"output, long":      {"status --output=yml", "yaml"},
		"capability":        {"request databse --dry-run", "database"},
		"capability shown":  {"capability show databse", "database"},
		"type":              {"request database --type postgres --tier production --team shop --dry-run", "postgresql"},
		"tier":              {"request database --tier prod --team shop --dry-run", "production"},
		"environment":       {"request database --tier production --team shop --env lcal --dry-run", "local"},
		"component":         {"request database --tier production --team shop --env local --for component:chekout --dry-run", "component:default/checkout"},
		"component's name":  {"request database --tier production --team shop --env local --for chekout --dry-run", "checkout"},
		"input":             {"request database --tier development --team shop --env local --dry-run --set extension=[]", "extensions"},
		"value of an input": {`request database --tier development --team shop --env local --name other --dry-run --set extensions=["pg_crypto"]`, "pgcrypto"},
		"another word":      {"resource delete shop-postgresql", "destroy"},
		"resource":          {"resource show shop-postgres1", "shop-postgresql"},
		"resource run":      {"resource run shp-postgresql -- true", "shop-postgresql"},
		"resource env":      {"resource env shop-postgresq1", "shop-postgresql"},
		"resource dir":      {"resource dir shoppostgresql", "shop-postgresql"},
		"resource resume":   {"resource resume shop-postgersql", "shop-postgresql"},
		"resource connect":  {"resource connect shop-pstgresql", "shop-postgresql"},
		"resources of":      {"resource list --team shpo", "shop"},
		"resources in":      {"resource list --env locl", "local"},
		"team":              {"team show shpo", "shop"},
		"kind":              {"catalog list --kind resuorce", "resource"},
		"reference":         {"catalog show group:shpo", "group:default/shop"},
		"bare name":         {"catalog show shop-postgresq1", "shop-postgresql"},
	}
	app, _, stderr := testPlatform(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			app.flags = globalFlags{}
			stderr.Reset()
			code := Main(t.Context(), strings.Fields(tt.args), app)
			if want := fmt.Sprintf("did you mean %q?", tt.want); code != exitUsage || !strings.Contains(stderr.String(), want) {
				t.Errorf("exit code %d, want %s:\n%s", code, want, stderr)
			}
		})
	}
}

// TestDidYouMeanEverySubcommand mistypes each command at its level.
func TestDidYouMeanEverySubcommand(t *testing.T) {
	app, _, stderr := testApp(t)
	leaves(newRootCmd(app), func(cmd *cobra.Command) {
		app.flags = globalFlags{}
		stderr.Reset()
		words := strings.Fields(cmd.CommandPath())[1:]
		name := words[len(words)-1]
		words[len(words)-1] = name[:1] + "x" + name[1:]
		code := Main(t.Context(), words, app)
		if want := fmt.Sprintf("did you mean %q?", name); code != exitUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%q: exit code %d, want %s:\n%s", words, code, want, stderr)
		}
	})
}

// TestDidYouMeanInFiles mistypes keys and values of the files that people write.
func TestDidYouMeanInFiles(t *testing.T) {
	const head = "apiVersion: platformctl.io/v1\nkind: Platform\nmetadata:\n  name: acme\nspec:\n"
	tests := map[string]struct{ file, text, want string }{
		"platform.yaml, key":          {"platform.yaml", head + "  ownr: group:default/x\n", "owner"},
		"platform.yaml, key of a key": {"platform.yaml", head + "  environments:\n  - {name: local, targt: local}\n", "target"},
		"capability.yaml, key":        {"capabilities/note/capability.yaml", "apiVersion: platformctl.io/v1\nkind: Capability\nmetdata: {}\n", "metadata"},
		"settings.yaml, key":          {"settings.yaml", "taem: shop\n", "team"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			app, _, stderr := testPlatform(t)
			home := filepath.Join(app.Dir, "pctl")
			if tt.file == "settings.yaml" {
				write(t, filepath.Join(home, "config", tt.file), tt.text)
			} else {
				shop := filepath.Join(home, "data", "platform")
				write(t, filepath.Join(shop, tt.file), tt.text)
				commit := exec.CommandContext(t.Context(), "git", "-c", "user.name=a", "-c", "user.email=b", "commit", "-qam", "mistyped")
				commit.Dir = shop
				if out, err := commit.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			code := Main(t.Context(), []string{"capability", "show", "note"}, app)
			if want := fmt.Sprintf("did you mean %q?", tt.want); code != exitUsage || !strings.Contains(stderr.String(), want) {
				t.Errorf("exit code %d, want %s:\n%s", code, want, stderr)
			}
		})
	}
}
