package terraform_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/platformctl/platformctl/internal/terraform"
)

// fake is a program that answers `version -json`, and counts its runs.
func fake(answer string) string {
	return "#!/bin/sh\necho \"$@\" >>\"$0.runs\"\n" + answer
}

func answer(version string, more string) string {
	return fake(`echo '{"terraform_version": "` + version + `", "provider_selections": {}` + more + `}'`)
}

const isTerraform = `, "terraform_outdated": false`

func TestFind(t *testing.T) {
	bin := map[string]string{ // by path below the temporary directory; "-" before a file that may not be run
		"a/terraform":      answer("1.11.0", isTerraform),
		"old/terraform":    answer("1.10.5", isTerraform),
		"beta/terraform":   answer("1.11.0-beta1", isTerraform),
		"text/terraform":   fake(`echo Terraform v0.11.14`),
		"broken/terraform": fake("echo no such thing >&2; exit 3"),
		"other/terraform":  fake("echo hello"),
		"json/terraform":   fake("echo '{}'"),
		"-plain/terraform": "text",
		"tofu/tofu":        answer("1.12.6", ""),
		"dir/terraform/x":  "",
	}
	tests := map[string]struct {
		path, extra, env string
		want             terraform.Engine
		wantErr          error
	}{
		"in PATH":                   {path: "none:a:tofu", want: terraform.Engine{Path: "a/terraform", Product: "Terraform", Version: "1.11.0"}},
		"OpenTofu in PATH":          {path: "tofu", want: terraform.Engine{Path: "tofu/tofu", Product: "OpenTofu", Version: "1.12.6"}},
		"Terraform before OpenTofu": {path: "tofu:a", want: terraform.Engine{Path: "a/terraform", Product: "Terraform", Version: "1.11.0"}},
		"later candidates":          {path: "old:broken:other:json:-plain:dir", extra: "none:tofu", want: terraform.Engine{Path: "tofu/tofu", Product: "OpenTofu", Version: "1.12.6"}},
		"named":                     {path: "tofu", env: "a/terraform", want: terraform.Engine{Path: "a/terraform", Product: "Terraform", Version: "1.11.0"}},
		"none":                      {path: "none", extra: "empty", wantErr: &terraform.NotFoundError{Searched: []string{"none/terraform", "none/tofu", "empty/terraform", "empty/tofu"}}},
		"named, too old, no other":  {path: "a", env: "old/terraform", wantErr: &terraform.TooOldError{Path: "old/terraform", Version: "1.10.5", Min: "1.11.0"}},
		"named, missing, no other":  {path: "a", env: "none/terraform", wantErr: &terraform.NotExecutableError{Path: "none/terraform", Reason: "no such file"}},
		"named, relative":           {path: "a", env: "./terraform", wantErr: &terraform.NotExecutableError{Path: "./terraform", Reason: "not an absolute path"}},
		"too old":                   {path: "old:broken", wantErr: &terraform.TooOldError{Path: "old/terraform", Version: "1.10.5", Min: "1.11.0"}},
		"before a release":          {path: "beta", wantErr: &terraform.TooOldError{Path: "beta/terraform", Version: "1.11.0-beta1", Min: "1.11.0"}},
		"before JSON":               {path: "text", wantErr: &terraform.TooOldError{Path: "text/terraform", Version: "0.11.14", Min: "1.11.0"}},
		"broken":                    {path: "broken:old", wantErr: &terraform.NotExecutableError{Path: "broken/terraform", Reason: "exit status 3 no such thing"}},
		"not an engine":             {path: "other", wantErr: &terraform.NotExecutableError{Path: "other/terraform", Reason: "unable to parse version: unexpected number of version matches 0 for hello"}},
		"no version":                {path: "json", wantErr: &terraform.NotExecutableError{Path: "json/terraform", Reason: `unable to parse version "": malformed version:`}},
		"not executable":            {path: "-plain", wantErr: &terraform.NotExecutableError{Path: "-plain/terraform", Reason: "not executable"}},
		"a directory":               {path: "dir", wantErr: &terraform.NotExecutableError{Path: "dir/terraform", Reason: "not a regular file"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, content := range bin {
				perm := os.FileMode(0o700)
				if strings.HasPrefix(file, "-") {
					perm = 0o600
				}
				write(t, filepath.Join(root, file), content, perm)
			}
			below := func(list string) []string {
				var out []string
				for _, dir := range filepath.SplitList(list) {
					out = append(out, filepath.Join(root, dir))
				}
				return out
			}
			named := tt.env
			if named != "" && !strings.HasPrefix(named, "./") {
				named = filepath.Join(root, named)
			}
			e, err := terraform.Find(t.Context(), terraform.FindOptions{
				Getenv:    getenv("PATH", strings.Join(append(below(tt.path), "relative"), ":"), "PLATFORMCTL_TERRAFORM", named),
				ExtraDirs: below(tt.extra),
			})
			// Everything in the temporary directory, seen from it.
			shorten := cmp.Transformer("shorten", func(s string) string { return strings.ReplaceAll(s, root+"/", "") })
			opts := cmp.Options{
				shorten, cmpopts.IgnoreUnexported(terraform.Engine{}, terraform.NotExecutableError{}),
			}
			if diff := cmp.Diff(tt.want, e, opts); diff != "" {
				t.Errorf("engine (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.wantErr, err, opts); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindRemembersVersions(t *testing.T) {
	root, cache := t.TempDir(), t.TempDir()
	path := filepath.Join(root, "terraform")
	write(t, path, answer("1.11.4", isTerraform), 0o700)
	find := func() (string, int) {
		t.Helper()
		e, err := terraform.Find(t.Context(), terraform.FindOptions{Getenv: getenv("PLATFORMCTL_TERRAFORM", path), CacheDir: cache})
		if err != nil {
			t.Fatal(err)
		}
		return e.Version, strings.Count(read(t, path+".runs"), "\n")
	}
	for range 2 {
		if v, runs := find(); v != "1.11.4" || runs != 1 {
			t.Fatalf("version %s after %d runs, want 1.11.4 after 1", v, runs)
		}
	}
	write(t, path, answer("1.12.0", isTerraform), 0o700)
	if err := os.Chtimes(path, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if v, runs := find(); v != "1.12.0" || runs != 2 {
		t.Errorf("version %s after %d runs, want 1.12.0 after 2", v, runs)
	}
	write(t, filepath.Join(cache, "terraform", "engines.json"), "{torn", 0o600)
	if v, runs := find(); v != "1.12.0" || runs != 3 {
		t.Errorf("version %s after %d runs, want 1.12.0 after 3", v, runs)
	}
}

func TestFindWithoutCache(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terraform")
	write(t, path, answer("1.11.4", isTerraform), 0o700)
	for name, cache := range map[string]string{"none": "", "cannot be made": filepath.Join(path, "cache")} {
		t.Run(name, func(t *testing.T) {
			e, err := terraform.Find(t.Context(), terraform.FindOptions{Getenv: getenv("PLATFORMCTL_TERRAFORM", path), CacheDir: cache})
			if err != nil || e.Version != "1.11.4" {
				t.Errorf("Find = %v, %v, want version 1.11.4", e.Version, err)
			}
		})
	}
}

// A program that never answers and leaves a child that holds its pipes open.
func TestFindCancelled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "terraform")
	write(t, path, fake("trap '' INT; sleep 7 & sleep 8"), 0o700)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err := terraform.Find(ctx, terraform.FindOptions{Getenv: getenv("PLATFORMCTL_TERRAFORM", path)})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Find = %v, want a deadline exceeded", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Find took %s", took)
	}
}

func TestFindRefusesEnv(t *testing.T) {
	for _, entry := range []string{"TF_LOG=trace", "TF_CLI_ARGS=-x", "TF_VAR_x=1", "LD_PRELOAD=x", "PATH=/x", "=x", "novalue"} {
		_, err := terraform.Find(t.Context(), terraform.FindOptions{Getenv: getenv(), Env: []string{entry}})
		if _, ok := errors.AsType[*terraform.EnvError](err); !ok {
			t.Errorf("Env %q: %v, want *EnvError", entry, err)
		}
	}
}
