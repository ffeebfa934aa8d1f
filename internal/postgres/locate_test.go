//go:build unix

package postgres

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// program writes a shell script.
func program(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// install makes a directory that looks like PostgreSQL of some version.
func install(t *testing.T, dir, version string) {
	t.Helper()
	program(t, filepath.Join(dir, "postgres"), "echo 'postgres (PostgreSQL) "+version+"'")
	program(t, filepath.Join(dir, "initdb"), "exit 1")
}

func TestLocate(t *testing.T) {
	root := resolve(t.TempDir())
	at := func(path string) string { return filepath.Join(root, path) }
	for _, version := range []string{"9.6", "13", "15", "16"} {
		install(t, at("debian/"+version+"/bin"), version+".2 (Debian "+version+".2-1)")
	}
	install(t, at("cellar/17.1/bin"), "17.1 (Homebrew)")
	install(t, at("extra"), "18beta1")
	install(t, at("old"), "12.9")
	if err := os.MkdirAll(at("path"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(at("cellar/17.1/bin/pg_ctl"), at("path/pg_ctl")); err != nil {
		t.Fatal(err)
	}
	program(t, at("cellar/17.1/bin/pg_ctl"), "exit 1")

	debian := at("debian/*/bin")
	tests := map[string]struct {
		env      map[string]string
		options  LocateOptions
		dir      string
		version  string
		searched []string
	}{
		"the variable wins": {
			env: map[string]string{BinVariable: at("extra"), "PATH": at("path")},
			dir: "extra", version: "18beta1",
		},
		"a link in PATH leads to the directory": {
			env:     map[string]string{"PATH": "relative::" + at("nowhere") + ":" + at("path")},
			options: LocateOptions{Patterns: []string{debian}},
			dir:     "cellar/17.1/bin", version: "17.1",
		},
		"the newest of a pattern": {
			options: LocateOptions{Patterns: []string{at("none*"), debian}, ExtraDirs: []string{at("extra")}},
			dir:     "debian/16/bin", version: "16.2",
		},
		"a directory of the caller": {
			options: LocateOptions{Patterns: []string{at("none*")}, ExtraDirs: []string{at("extra")}},
			dir:     "extra", version: "18beta1",
		},
		"a major version": {
			env:     map[string]string{BinVariable: at("extra"), "PATH": at("path")},
			options: LocateOptions{Patterns: []string{debian}, Major: 13},
			dir:     "debian/13/bin", version: "13.2",
		},
		"a major version that is nowhere": {
			env:      map[string]string{"PATH": at("path")},
			options:  LocateOptions{Patterns: []string{debian}, Major: 14},
			searched: []string{"PATH", debian},
		},
		"nothing anywhere": {
			options:  LocateOptions{Patterns: []string{at("none*")}, ExtraDirs: []string{at("nowhere")}},
			searched: []string{"PATH", at("none*"), at("nowhere")},
		},
		"the variable is wrong": {
			env:      map[string]string{BinVariable: at("nowhere"), "PATH": at("path")},
			searched: []string{at("nowhere")},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			tc.options.Getenv = func(name string) string { return tc.env[name] }
			got, err := Locate(t.Context(), tc.options)
			if notFound, ok := errors.AsType[*NotFoundError](err); ok {
				if diff := cmp.Diff(tc.searched, notFound.Searched); diff != "" {
					t.Errorf("Searched (-want +got):\n%s", diff)
				}
				return
			}
			if err != nil || got.Dir != at(tc.dir) || got.Version != tc.version || tc.searched != nil {
				t.Errorf("Locate() = %+v, %v, want %s in %s", got, err, tc.version, tc.dir)
			}
		})
	}
}

func TestLocateReportsWhatIsBroken(t *testing.T) {
	dir := resolve(t.TempDir())
	path := filepath.Join(dir, "postgres")
	tests := map[string]struct {
		prepare func(t *testing.T)
		is      error
		says    string
	}{
		"not executable": {
			prepare: func(t *testing.T) {
				t.Helper()
				install(t, dir, "15.1")
				if err := os.Chmod(path, 0o644); err != nil {
					t.Fatal(err)
				}
			},
			is: syscall.EACCES,
		},
		"of another machine": {
			prepare: func(t *testing.T) {
				t.Helper()
				install(t, dir, "15.1")
				if err := os.WriteFile(path, []byte("\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 60)), 0o755); err != nil {
					t.Fatal(err)
				}
			},
			is: syscall.ENOEXEC,
		},
		"fails": {
			prepare: func(t *testing.T) {
				t.Helper()
				install(t, dir, "15.1")
				program(t, path, "echo libpq.so.5: cannot open shared object file >&2; exit 127")
			},
			says: "libpq.so.5: cannot open",
		},
		"too old":         {prepare: func(t *testing.T) { t.Helper(); install(t, dir, "12.22") }, says: "12.22 is too old, at least 13"},
		"something else":  {prepare: func(t *testing.T) { t.Helper(); install(t, dir, "fifteen") }, says: "version is not understood"},
		"without initdb":  {prepare: func(t *testing.T) { t.Helper(); program(t, path, "") }, says: "no initdb"},
		"escapes in text": {prepare: func(t *testing.T) { t.Helper(); install(t, dir, "\x1b[2J") }, says: `\x1b[2J`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			tc.prepare(t)
			_, err := Locate(t.Context(), LocateOptions{Patterns: []string{}, ExtraDirs: []string{dir}})
			notFound, ok := errors.AsType[*NotFoundError](err)
			if !ok || len(notFound.Broken) != 1 || notFound.Broken[0].Path != path {
				t.Fatalf("Locate() = %v", err)
			}
			if tc.is != nil && !errors.Is(err, tc.is) || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("Locate() = %v, want %v %q", err, tc.is, tc.says)
			}
		})
	}
}

func TestLocateOnThisMachine(t *testing.T) {
	b, err := Locate(t.Context(), LocateOptions{Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	if b.Dir != resolve(b.Dir) || b.Major < MinMajor || !strings.HasPrefix(b.Version, "1") {
		t.Errorf("Locate() = %+v", b)
	}
}

func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{
		"postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n", "postgres (PostgreSQL) 18beta1", "postgres (PostgreSQL) 17devel",
		"postgres (PostgreSQL) 99999999999999999999", "postgres (EnterpriseDB) 1", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, out string) {
		b, err := parseVersion(out)
		if err == nil && (b.Major < 0 || !strings.Contains(out, b.Version)) {
			t.Errorf("parseVersion(%q) = %+v", out, b)
		}
	})
}

func FuzzParsePIDFile(f *testing.F) {
	f.Add("123\n/data\n1700000000\n20000\n\n127.0.0.1\n 1 2\nready   \n")
	f.Add("-5\n/data\n99999999999999999999\n-1\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, ready := parsePIDFile(text)
		if p.PID < 0 || p.Port < 0 || ready && !strings.Contains(text, "ready") {
			t.Errorf("parsePIDFile(%q) = %+v, %v", text, p, ready)
		}
	})
}
