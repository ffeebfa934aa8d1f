//go:build unix

package terraform_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/platformctl/platformctl/internal/provider"
	"github.com/platformctl/platformctl/internal/secret"
	"github.com/platformctl/platformctl/internal/terraform"
)

// benchRun is an applied run directory with our provider in this process.
func benchRun(b *testing.B) (e terraform.Engine, prepare func(), run terraform.Run, dir string) {
	b.Helper()
	e = engine(b)
	binary, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	dir = filepath.Join(b.TempDir(), "run")
	m := local("./secret", map[string]any{"ref": "team/db"}, "main.tf", secretModule)
	m.Own = map[string]any{"secrets": b.TempDir()}
	prepare = func() {
		if _, err := e.Prepare(b.Context(), dir, m, binary); err != nil {
			b.Fatal(err)
		}
	}
	secrets := secret.Overlay(nil)
	run.Reattach = func(ctx context.Context) (terraform.Reattach, func(), error) {
		return provider.InProcess(ctx, provider.Options{Secrets: secrets})
	}
	prepare()
	plan(b, e, dir, run)
	if _, err := e.Apply(b.Context(), dir, run); err != nil {
		b.Fatal(err)
	}
	return e, prepare, run, dir
}

func BenchmarkPrepareUnchanged(b *testing.B) {
	_, prepare, _, _ := benchRun(b)
	defer cpu(b)()
	for b.Loop() {
		prepare()
	}
}

func BenchmarkPrepareNew(b *testing.B) {
	_, prepare, _, dir := benchRun(b)
	defer cpu(b)()
	for b.Loop() {
		b.StopTimer()
		if err := os.RemoveAll(dir); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		prepare()
	}
}

func BenchmarkPlanNoChange(b *testing.B) {
	e, _, run, dir := benchRun(b)
	defer cpu(b)()
	for b.Loop() {
		if p := plan(b, e, dir, run); !p.Empty() {
			b.Fatalf("plan = %+v, want none", p)
		}
	}
}

func BenchmarkDestroyNothing(b *testing.B) {
	e, _, run, dir := benchRun(b)
	defer cpu(b)()
	for b.Loop() {
		if err := e.Destroy(b.Context(), dir, run); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVersion is what the engine costs before it does anything.
func BenchmarkVersion(b *testing.B) {
	e := engine(b)
	defer cpu(b)()
	for b.Loop() {
		if err := exec.CommandContext(b.Context(), e.Path, "version").Run(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindKnown(b *testing.B) {
	options := terraform.FindOptions{Getenv: getenv(), CacheDir: b.TempDir()}
	if _, err := terraform.Find(b.Context(), options); err != nil {
		b.Fatal(err)
	}
	defer cpu(b)()
	for b.Loop() {
		if _, err := terraform.Find(b.Context(), options); err != nil {
			b.Fatal(err)
		}
	}
}
