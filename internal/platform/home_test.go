package platform

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHomeFrom(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		want Home
	}{
		"one variable": {
			map[string]string{"PLATFORMCTL_HOME": "/p", "HOME": "/home/ann", "XDG_DATA_HOME": "/x"},
			Home{"/p/config", "/p/data", "/p/state", "/p/cache"},
		},
		"home": {
			map[string]string{"HOME": "/home/ann"},
			Home{
				"/home/ann/.config/platformctl", "/home/ann/.local/share/platformctl",
				"/home/ann/.local/state/platformctl", "/home/ann/.cache/platformctl",
			},
		},
		"XDG": {
			map[string]string{"XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/k"},
			Home{"/c/platformctl", "/d/platformctl", "/s/platformctl", "/k/platformctl"},
		},
		"relative XDG does not count": {
			map[string]string{"HOME": "/home/ann", "XDG_CONFIG_HOME": "c", "XDG_DATA_HOME": "/d", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/k"},
			Home{"/home/ann/.config/platformctl", "/d/platformctl", "/s/platformctl", "/k/platformctl"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := HomeFrom(func(key string) string { return tt.env[key] })
			if err != nil || got != tt.want {
				t.Errorf("HomeFrom() = %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
	for name, env := range map[string]map[string]string{
		"nothing": {}, "relative home": {"HOME": "ann"}, "relative variable": {"PLATFORMCTL_HOME": "p", "HOME": "/home/ann"},
		"home for what XDG leaves out": {"XDG_CONFIG_HOME": "/c"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := HomeFrom(func(key string) string { return env[key] })
			if _, ok := errors.AsType[*HomeError](err); !ok || got != (Home{}) {
				t.Errorf("HomeFrom() = %+v, %v, want a HomeError", got, err)
			}
		})
	}
}

func homeIn(root string) Home {
	return Home{filepath.Join(root, "config"), filepath.Join(root, "data"), filepath.Join(root, "state"), filepath.Join(root, "cache")}
}

func TestMakeHome(t *testing.T) {
	home := homeIn(filepath.Join(t.TempDir(), "a", "b"))
	for range 2 {
		if err := MakeHome(home); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{home.Config, home.Data, home.State, home.Cache, filepath.Dir(home.Data)} {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: mode %v, %v, want 0700", dir, info.Mode(), err)
		}
	}
}

// F57: directories that another user could change are refused.
func TestMakeHomeRefuses(t *testing.T) {
	tests := map[string]struct {
		spoil   func(root string, home Home) error
		path    string
		problem string
	}{
		"open to all":      {func(_ string, h Home) error { return os.Chmod(h.State, 0o777) }, "state", "can be written by other users"},
		"open to group":    {func(_ string, h Home) error { return os.Chmod(h.Data, 0o770) }, "data", "can be written by other users"},
		"sticky":           {func(_ string, h Home) error { return os.Chmod(h.Data, 0o777|fs.ModeSticky) }, "data", "can be written by other users"},
		"parent open":      {func(root string, _ Home) error { return os.Chmod(root, 0o777) }, "", "can be written by other users"},
		"parent of group":  {func(root string, _ Home) error { return os.Chmod(root, 0o770) }, "", "can be written by other users"},
		"file in its way":  {func(_ string, h Home) error { return replaceByFile(h.Cache) }, "cache", "is not a directory"},
		"link to nowhere":  {func(_ string, h Home) error { return replaceByLink(h.Cache, "nowhere") }, "cache", "cannot be read"},
		"link to open dir": {func(_ string, h Home) error { return replaceByLink(h.Cache, "/tmp") }, "cache", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "home")
			home := homeIn(root)
			if err := MakeHome(home); err != nil {
				t.Fatal(err)
			}
			if err := tt.spoil(root, home); err != nil {
				t.Fatal(err)
			}
			homeErr, ok := errors.AsType[*HomeError](MakeHome(home))
			if !ok || homeErr.Path != filepath.Join(root, tt.path) || !strings.HasPrefix(homeErr.Problem, tt.problem) {
				t.Errorf("MakeHome() = %#v, want a HomeError for %q: %s", homeErr, tt.path, tt.problem)
			}
			if err := CheckHome(home); name != "link to nowhere" && (err == nil || err.Error() != homeErr.Error()) {
				t.Errorf("CheckHome() = %v, want what MakeHome says", err)
			}
		})
	}
}

// What is refused is refused before anything is made.
func TestMakeHomeMakesNothing(t *testing.T) {
	for name, spoil := range map[string]func(root string) error{
		"open":   func(root string) error { return errors.Join(os.Mkdir(root, 0o700), os.Chmod(root, 0o777)) },
		"a file": func(root string) error { return os.WriteFile(root, nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "home")
			if err := spoil(root); err != nil {
				t.Fatal(err)
			}
			homeErr, ok := errors.AsType[*HomeError](MakeHome(homeIn(root)))
			if !ok || homeErr.Path != root {
				t.Errorf("MakeHome() = %v, want a HomeError for %q", homeErr, root)
			}
			if entries, err := os.ReadDir(root); err == nil && len(entries) > 0 {
				t.Errorf("there is %v", entries)
			}
		})
	}
	if err := CheckHome(homeIn(filepath.Join(t.TempDir(), "none"))); err != nil {
		t.Errorf("CheckHome() of nothing = %v", err)
	}
}

func replaceByFile(path string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.WriteFile(path, nil, 0o600)
}

func replaceByLink(path, target string) error {
	if err := os.Remove(path); err != nil {
		return err
	}
	return os.Symlink(target, path)
}

func TestUnsafe(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	owner := ownerOf(info)
	if owner != os.Geteuid() {
		t.Errorf("ownerOf() = %d, want %d", owner, os.Geteuid())
	}
	for _, private := range []bool{true, false} {
		if got := unsafe(info, owner, private); got != "" {
			t.Errorf("unsafe() of my own = %q", got)
		}
	}
	if got := unsafe(info, owner+1, true); !strings.HasPrefix(got, "belongs to another user") {
		t.Errorf("unsafe() of another's = %q", got)
	}
}

// Nothing can be made where nothing can be written; the reason stays known.
func TestMakeHomeReadOnly(t *testing.T) {
	err := MakeHome(homeIn("/proc/platformctl"))
	homeErr, ok := errors.AsType[*HomeError](err)
	if !ok || homeErr.Err == nil || homeErr.Path != "/proc/platformctl/config" {
		t.Fatalf("MakeHome() = %v, want a HomeError with its cause", err)
	}
	if !strings.Contains(err.Error(), homeErr.Err.Error()) || !errors.Is(err, homeErr.Err) {
		t.Errorf("error = %v", err)
	}
}

// A directory that this user may not write; root may write any but those of a
// file system that is mounted so.
func TestWritable(t *testing.T) {
	dir := t.TempDir()
	if err := writable(dir); err != nil {
		t.Errorf("writable() of my own = %v", err)
	}
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if err := writable(dir); os.Geteuid() != 0 && !errors.Is(err, fs.ErrPermission) {
		t.Errorf("writable() = %v, want fs.ErrPermission", err)
	}
}

func TestPaths(t *testing.T) {
	loc := Location{URL: "https://git.example.org/acme.git"}
	p := PathsOf(homeIn("/p"), loc)
	id := loc.ID()
	want := []string{
		"/p/data/platforms/" + id, "/p/state/platforms/" + id, "/p/cache/platforms/" + id,
		"/p/data/platforms/" + id + "/platform.git", "/p/data/platforms/" + id + "/secrets",
		"/p/data/platforms/" + id + "/identity", "/p/data/platforms/" + id + "/local/postgresql",
		"/p/state/platforms/" + id + "/runs/local/db", "/p/state/platforms/" + id + "/requests",
		"/p/state/platforms/" + id + "/events", "/p/state/platforms/" + id + "/locks",
	}
	got := []string{
		p.Data, p.State, p.Cache, p.Clone(), p.Secrets(), p.Identity(), p.Local("postgresql"),
		p.Runs("local", "db"), p.Requests(), p.Events(), p.Locks(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestLayout(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 30, 0, 0, time.FixedZone("", 3600)) // still December in UTC
	for got, want := range map[string]string{
		ResourceDir("local", "checkout-db"):           "resources/local/checkout-db",
		RequestPath("01K3ABCDEFGHJKMNPQRSTVWXYZ", at): "requests/2025/12/01K3ABCDEFGHJKMNPQRSTVWXYZ.yaml",
		LedgerPath("w-4f2a", at):                      "ledger/w-4f2a/2025-12.ndjson",
	} {
		if got != want {
			t.Errorf("path = %q, want %q", got, want)
		}
	}
}

func TestEntityPath(t *testing.T) {
	const want = "catalog/default/resource/2a/orders-db.yaml"
	for _, name := range []string{"orders-db", "Orders-DB"} {
		got, err := EntityPath("Resource", "default", name)
		if err != nil || got != want {
			t.Errorf("EntityPath(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
	for name, ref := range map[string][3]string{
		"B2_dot_dot":         {"resource", "default", ".."},
		"B3_path_up":         {"resource", "default", "../../x"},
		"B3_namespace_up":    {"resource", "..", "x"},
		"B3_kind_up":         {"..", "default", "x"},
		"B3_slash":           {"resource", "default", "a/b"},
		"B13_git":            {"resource", "default", ".git"},
		"B9_newline":         {"resource", "default", "a\n"},
		"B1_empty":           {"resource", "default", ""},
		"B1_empty_kind":      {"", "default", "a"},
		"B1_empty_namespace": {"resource", "", "a"},
		"B10_64_bytes":       {"resource", "default", strings.Repeat("a", 64)},
		"B14_not_ascii":      {"resource", "default", "caf\u00e9"},
		"B18_kelvin":         {"resource", "default", "\u212a\xff"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := EntityPath(ref[0], ref[1], ref[2])
			if _, ok := errors.AsType[*NameError](err); !ok || got != "" {
				t.Errorf("EntityPath(%q) = %q, %v, want a NameError", ref, got, err)
			}
		})
	}
}
