package platform

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ours makes dir a platform.
func ours(t *testing.T, dir string) string {
	t.Helper()
	return write(t, dir, head+"spec: {environments: [{name: local, target: local}]}\n")
}

// write makes dir with a platform.yaml of the given text.
func write(t *testing.T, dir, text string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func testHome(t *testing.T) Home {
	t.Helper()
	root := t.TempDir()
	home, err := HomeFrom(func(key string) string { return map[string]string{"PLATFORMCTL_HOME": root}[key] })
	if err != nil {
		t.Fatal(err)
	}
	if err := MakeHome(home); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestLocateOrder(t *testing.T) {
	home := testHome(t)
	tree := t.TempDir()
	up := ours(t, filepath.Join(tree, "acme"))
	work := filepath.Join(up, "a", "b")
	if err := os.MkdirAll(work, 0o700); err != nil {
		t.Fatal(err)
	}
	outside := t.TempDir()
	env := map[string]string{"PLATFORMCTL_PLATFORM": "https://git.example.org/env"}
	getenv := func(key string) string { return env[key] }
	settings := Settings{Platform: "/srv/settings"}
	check := func(o LocateOptions, want Location, wantFound bool) {
		t.Helper()
		o.Getenv, o.Home, o.Settings = getenv, home, settings
		got, found, err := Locate(o)
		if err != nil || got != want || found != wantFound {
			t.Errorf("Locate() = %+v, %v, %v, want %+v, %v", got, found, err, want, wantFound)
		}
	}
	check(LocateOptions{Flag: "../x", WorkDir: work}, Location{Dir: filepath.Join(up, "a", "x"), From: FromFlag}, true)
	check(LocateOptions{WorkDir: work}, Location{URL: "https://git.example.org/env", From: FromEnvironment}, true)
	delete(env, "PLATFORMCTL_PLATFORM")
	check(LocateOptions{WorkDir: work}, Location{Dir: up, From: FromDirectory}, true)
	check(LocateOptions{WorkDir: up}, Location{Dir: up, From: FromDirectory}, true)
	check(LocateOptions{WorkDir: outside}, Location{Dir: "/srv/settings", From: FromSettings}, true)
	settings = Settings{}
	standard := Location{Dir: filepath.Join(home.Data, "platform"), From: FromDefault}
	check(LocateOptions{WorkDir: outside}, standard, false)
	ours(t, standard.Dir)
	check(LocateOptions{WorkDir: outside}, standard, true)
}

func TestLocateErrors(t *testing.T) {
	home := testHome(t)
	getenv := func(string) string { return "ext::sh" }
	for name, o := range map[string]LocateOptions{
		"flag":        {Flag: "-x", Getenv: func(string) string { return "" }},
		"environment": {Getenv: getenv},
	} {
		o.WorkDir, o.Home = t.TempDir(), home
		_, found, err := Locate(o)
		if _, ok := errors.AsType[*LocationError](err); !ok || found {
			t.Errorf("%s: Locate() = %v, %v, want a LocationError", name, found, err)
		}
	}
}

// A platform.yaml of another tool is passed over; one of ours is found even
// when it is broken, so that its owner hears of it.
func TestLocatePassesOver(t *testing.T) {
	tests := map[string]struct {
		text string
		want bool
	}{
		"ours":                {"apiVersion: platformctl.io/v1\nkind: Platform\n", true},
		"ours, quoted":        {"kind: 'Platform' # it\r\napiVersion: \"platformctl.io/v1\"\r\n", true},
		"ours, newer":         {"apiVersion: platformctl.io/v9\nkind: Platform\n", true},
		"ours, broken":        {"apiVersion: platformctl.io/v1\nkind: Platform\n\t- [\n", true},
		"ours, mistyped":      {"apiVersion: platformctl.io/v1\nkind: Plattform\n", true},
		"of another tool":     {"apiVersion: platform.example.org/v1\nkind: Platform\n", false},
		"without apiVersion":  {"name: platformctl.io/v1\nkind: Platform\n", false},
		"nested":              {"x:\n  apiVersion: platformctl.io/v1\n  kind: Platform\n", false},
		"empty":               {"", false},
		"not ours, but large": {strings.Repeat("# filler\n", 200_000), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			outer := ours(t, filepath.Join(t.TempDir(), "outer"))
			inner := write(t, filepath.Join(outer, "inner"), tt.text)
			want := outer
			if tt.want {
				want = inner
			}
			got, err := upward(inner)
			if err != nil || got != want {
				t.Errorf("upward() = %q, %v, want %q", got, err, want)
			}
		})
	}
	t.Run("directory", func(t *testing.T) {
		outer := ours(t, filepath.Join(t.TempDir(), "outer"))
		inner := filepath.Join(outer, "inner")
		if err := os.MkdirAll(filepath.Join(inner, ConfigFile), 0o700); err != nil {
			t.Fatal(err)
		}
		if got, err := upward(inner); err != nil || got != outer {
			t.Errorf("upward() = %q, %v, want %q", got, err, outer)
		}
	})
}

// A platform whose file was emptied, mistyped or deleted is still the one that
// is meant: the request must not go to another one.
func TestLocateSpoiledFile(t *testing.T) {
	for name, spoil := range map[string]func(file string) error{
		"emptied":  func(file string) error { return os.WriteFile(file, nil, 0o600) },
		"mistyped": func(file string) error { return os.WriteFile(file, []byte("apiVersoin: x\n"), 0o600) },
		"deleted":  os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			dir := ours(t, filepath.Join(t.TempDir(), "platform"))
			if err := os.MkdirAll(filepath.Join(dir, ".git", "platformctl"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := spoil(filepath.Join(dir, ConfigFile)); err != nil {
				t.Fatal(err)
			}
			if got, err := upward(dir); err != nil || got != dir {
				t.Errorf("upward() = %q, %v, want %q", got, err, dir)
			}
		})
	}
}

// T21, F57: what somebody else could have planted is not used unless named.
func TestLocateUntrusted(t *testing.T) {
	tests := map[string]func(dir string) error{
		"file open to all":      func(dir string) error { return os.Chmod(filepath.Join(dir, ConfigFile), 0o666) },
		"directory open to all": func(dir string) error { return os.Chmod(dir, 0o777) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			dir := ours(t, filepath.Join(t.TempDir(), "acme"))
			if err := spoil(dir); err != nil {
				t.Fatal(err)
			}
			options := LocateOptions{WorkDir: dir, Home: testHome(t), Getenv: func(string) string { return "" }}
			_, found, err := Locate(options)
			if untrusted, ok := errors.AsType[*UntrustedError](err); !ok || found || untrusted.Problem != "can be written by everybody" {
				t.Errorf("Locate() = %v, %v, want an UntrustedError", found, err)
			}
			options.Flag = dir
			if loc, found, err := Locate(options); err != nil || !found || loc.Dir != dir {
				t.Errorf("named: Locate() = %+v, %v, %v", loc, found, err)
			}
		})
	}
}

func TestPlanted(t *testing.T) {
	dir := t.TempDir()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	me := os.Geteuid()
	if got := planted(info, me); got != "" {
		t.Errorf("planted() of my own = %q", got)
	}
	if me != 0 {
		if got := planted(info, me+1); !strings.HasPrefix(got, "belongs to another user") {
			t.Errorf("planted() of another's = %q", got)
		}
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if info, err = os.Stat(dir); err != nil {
		t.Fatal(err)
	}
	if got := planted(info, me); got != "" {
		t.Errorf("planted() of a sticky directory = %q", got)
	}
}
