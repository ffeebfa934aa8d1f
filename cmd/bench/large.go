package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// largeSize is how many resources the large platform has.
const largeSize = 10_000

// large makes a platform with many resources: copies of the seed's, under other
// names, in one commit of git.
func (w *world) large(ctx context.Context) error {
	w.many = filepath.Join(w.dir, "large")
	if _, err := w.ours(ctx, nil, "init", w.many); err != nil {
		return err
	}
	seeds := filepath.Join(w.dir, "home", "data", "platform", "resources", "local")
	for i := range largeSize {
		name := fmt.Sprintf("team-%04d-db-%05d", i/10, i)
		to := filepath.Join(w.many, "resources", "local", name)
		if err := os.MkdirAll(to, 0o700); err != nil {
			return err
		}
		for _, file := range []string{"main.tf.json", "terraform.tfvars.json", "resource.yaml"} {
			data, err := os.ReadFile(filepath.Join(seeds, seed, file))
			if err != nil {
				return err
			}
			data = bytes.ReplaceAll(data, []byte(": "+seed+"\n"), []byte(": "+name+"\n"))
			if err := os.WriteFile(filepath.Join(to, file), data, 0o600); err != nil {
				return err
			}
		}
	}
	for _, args := range [][]string{
		{"add", "--all"}, {"-c", "gc.auto=0", "-c", "user.name=bench", "-c", "user.email=bench@localhost", "commit", "-q", "-m", "many"}, {"gc", "-q"},
	} {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir, cmd.Env = w.many, w.env
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w\n%s", args[0], err, out)
		}
	}
	return nil
}

// list measures a listing of all resources.
func (w *world) list(ctx context.Context) (sample, error) {
	var out strings.Builder
	s, err := w.ours(ctx, &out, "--platform", w.many, "resource", "list", "-o", "name")
	if n := strings.Count(out.String(), "\n"); err == nil && n != largeSize {
		return sample{}, fmt.Errorf("%d resources are listed, not %d", n, largeSize)
	}
	return s, err
}
