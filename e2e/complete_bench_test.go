package e2e

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// longestCompletion is what a person does not notice at the press of a key.
const longestCompletion = 100 * time.Millisecond

// BenchmarkComplete asks for completions as a shell does, one process each, in
// an empty platform and in one with 10,000 resources. It fails when half of the
// answers take longer than a person should wait.
func BenchmarkComplete(b *testing.B) {
	home := b.TempDir()
	env := append(os.Environ(), "HOME="+home, "PLATFORMCTL_HOME="+filepath.Join(home, "pctl"))
	full := filepath.Join(home, "full")
	manyResources(b, env, full, 10_000)
	for name, words := range map[string][]string{
		"tiers":              {"request", "database", "--tier", ""},
		"inputs":             {"request", "database", "--type", "postgresql", "--set", ""},
		"tiers_of_10000":     {"--platform", full, "request", "database", "--tier", ""},
		"resources_of_10000": {"--platform", full, "resource", "show", ""},
		"one_of_10000":       {"--platform", full, "resource", "show", "team-9876"},
		"catalog_of_10000":   {"--platform", full, "catalog", "show", ""},
		"types_of_10000":     {"--platform", full, "catalog", "list", "--type", ""},
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				cmd := exec.CommandContext(b.Context(), binary, append([]string{"__complete"}, words...)...)
				cmd.Env, cmd.Dir = env, home
				start := time.Now()
				out, err := cmd.Output()
				took = append(took, time.Since(start))
				if err != nil || len(strings.Fields(string(out))) < 2 {
					b.Fatalf("%v: %s", err, out)
				}
			}
			slices.Sort(took)
			median := took[len(took)/2]
			b.ReportMetric(float64(median.Microseconds())/1000, "ms(median)")
			if median > longestCompletion {
				b.Errorf("%v, the goal is %v", median, longestCompletion)
			}
		})
	}
}

// manyResources makes a platform with n resources in dir, as git packs it.
func manyResources(b *testing.B, env []string, dir string, n int) {
	b.Helper()
	run := func(stdin []byte, argv ...string) {
		cmd := exec.CommandContext(b.Context(), argv[0], argv[1:]...)
		cmd.Env, cmd.Stdin = env, bytes.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %v\n%s", argv, err, out)
		}
	}
	run(nil, binary, "init", dir)
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nx\nfrom refs/heads/main^0\n", time.Now().Unix())
	put := func(name, data string) {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", name, len(data), data)
	}
	for i := range n {
		name := fmt.Sprintf("team-%04d-postgresql", i)
		sum := sha256.Sum256([]byte(name))
		put(fmt.Sprintf("catalog/default/resource/%x/%s.yaml", sum[:1], name),
			"apiVersion: backstage.io/v1alpha1\nkind: Resource\nmetadata:\n  name: "+name+"\n  title: \"Managed database: "+name+
				"\"\nspec:\n  owner: group:default/platform\n  type: database\n")
		put("resources/local/"+name+"/main.tf.json", "{}\n")
		put("resources/local/"+name+"/terraform.tfvars.json", "{}\n")
		put("resources/local/"+name+"/resource.yaml", "apiVersion: platformctl.io/v1\nkind: Resource\nmetadata:\n  name: "+name+
			"\nspec:\n  capability: database/postgresql@1.0.0\n  digest: sha256:00\n  tier: production\n  environment: local\n  team: platform\n"+
			"  request: 01ARZ3NDEKTSV4RRFFQ69G5FAV\n  created: 2026-01-02T03:04:05Z\n  updated: 2026-01-02T03:04:05Z\n")
	}
	run(in.Bytes(), "git", "-C", dir, "fast-import", "--quiet", "--force")
	run(nil, "git", "-C", dir, "gc", "-q")
	run(nil, "git", "-C", dir, "reset", "-q", "--hard", "main")
}
