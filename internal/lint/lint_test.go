package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

const root = "../.."

// TestPlantedViolations runs the pinned golangci-lint with the repository's
// configuration over testdata/planted.txtar and compares what it reports with
// the "want" comments there, line by line.
func TestPlantedViolations(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum", ".golangci.yml"} {
		copyFile(t, filepath.Join(dir, name), filepath.Join(root, name))
	}
	want := plant(t, dir, filepath.Join("testdata", "planted.txtar"))
	got := report(t, dir)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("reported by golangci-lint (-want +got):\n%s", diff)
	}
}

// TestEveryPackageHasARule fails for a package that no depguard rule names: it
// could import anything.
func TestEveryPackageHasARule(t *testing.T) {
	config, err := os.ReadFile(filepath.Join(root, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := os.ReadDir(filepath.Join(root, "internal"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if d.IsDir() && !bytes.Contains(config, []byte(`"**/internal/`+d.Name()+`/`)) {
			t.Errorf("internal/%s: no rule in .golangci.yml says what it may import", d.Name())
		}
	}
}

var wantComment = regexp.MustCompile(`// want ([a-z ]+)$`)

// plant writes the archive's files below dir and returns the findings that
// their comments ask for.
func plant(t *testing.T, dir, archive string) []string {
	t.Helper()
	ar, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, f := range ar.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			if m := wantComment.FindStringSubmatch(line); m != nil {
				for linter := range strings.FieldsSeq(m[1]) {
					want = append(want, fmt.Sprintf("%s:%d: %s", f.Name, i+1, linter))
				}
			}
		}
	}
	if len(want) == 0 {
		t.Fatalf("%s plants nothing", archive)
	}
	slices.Sort(want)
	return want
}

// report lists what golangci-lint finds below dir as "file:line: linter".
func report(t *testing.T, dir string) []string {
	t.Helper()
	tool := exec.CommandContext(t.Context(), "go", "tool", "-n", "-modfile=tools/go.mod", "golangci-lint")
	tool.Dir = root
	path, err := tool.Output()
	if err != nil {
		t.Fatalf("the pinned golangci-lint: %v\n%s", err, stderr(err))
	}
	lint := exec.CommandContext(t.Context(), strings.TrimSpace(string(path)),
		"run", "--allow-parallel-runners", "--issues-exit-code=0", "--output.json.path=stdout", "--show-stats=false", "./...")
	lint.Dir = dir
	out, err := lint.Output()
	if err != nil {
		t.Fatalf("golangci-lint run: %v\n%s", err, stderr(err))
	}
	var result struct {
		Issues []struct {
			FromLinter, Text string
			Pos              struct {
				Filename string
				Line     int
			}
		}
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("golangci-lint's report: %v\n%s", err, out)
	}
	var got []string
	for _, issue := range result.Issues {
		if issue.FromLinter == "typecheck" {
			t.Fatalf("the planted tree does not compile: %s", issue.Text)
		}
		if strings.HasPrefix(issue.Text, "blank-imports:") {
			continue // the fixture imports for the arrow alone
		}
		got = append(got, fmt.Sprintf("%s:%d: %s", filepath.ToSlash(issue.Pos.Filename), issue.Pos.Line, issue.FromLinter))
	}
	slices.Sort(got)
	return slices.Compact(got)
}

func copyFile(t *testing.T, dst, src string) {
	t.Helper()
	data, err := os.ReadFile(src)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dst, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func stderr(err error) []byte {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Stderr
	}
	return nil
}
