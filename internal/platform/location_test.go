package platform

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseLocation(t *testing.T) {
	tests := map[string]struct {
		in   string
		want Location
	}{
		"https":            {"https://git.example.org/acme/platform.git", Location{URL: "https://git.example.org/acme/platform.git"}},
		"https with port":  {"https://git.example.org:8443/platform", Location{URL: "https://git.example.org:8443/platform"}},
		"host in capitals": {"HTTPS://Git.Example.org/Acme/", Location{URL: "https://git.example.org/Acme"}},
		"ssh":              {"ssh://git@git.example.org:2222/acme/platform", Location{URL: "ssh://git@git.example.org:2222/acme/platform"}},
		"ssh without user": {"ssh://git.example.org/acme", Location{URL: "ssh://git.example.org/acme"}},
		"ssh to IPv6":      {"ssh://git@[::1]:22/acme", Location{URL: "ssh://git@[::1]:22/acme"}},
		"scp form":         {"git@git.example.org:acme/platform.git", Location{URL: "git@git.example.org:acme/platform.git"}},
		"file":             {"file:///srv/platform.git", Location{URL: "file:///srv/platform.git"}},
		"absolute":         {"/srv/platform", Location{Dir: "/srv/platform"}},
		"not clean":        {"/srv/x/../platform/", Location{Dir: "/srv/platform"}},
		"relative":         {"platform", Location{Dir: "/home/ann/platform"}},
		"here":             {".", Location{Dir: "/home/ann"}},
		"up":               {"../platform", Location{Dir: "/home/platform"}},
		"with space":       {"my platform", Location{Dir: "/home/ann/my platform"}},
		"with colon":       {"./a:b", Location{Dir: "/home/ann/a:b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseLocation(tt.in, "/home/ann")
			if err != nil || got != tt.want {
				t.Errorf("ParseLocation(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
			}
			again, err := ParseLocation(got.String(), "/")
			if err != nil || again != got {
				t.Errorf("ParseLocation(%q) again = %+v, %v", got.String(), again, err)
			}
		})
	}
}

// The names of the cases begin with their number in docs/bad-input.md.
func TestParseLocationRefuses(t *testing.T) {
	tests := map[string]string{
		"B1_empty":                    "",
		"B1_space":                    " ",
		"B4_home":                     "~/platform",
		"B8_nul_byte":                 "plat\x00form",
		"B9_escape":                   "plat\x1bform",
		"B10_10_MB":                   strings.Repeat("a", 10_000_000),
		"B10_256_byte_part":           "x/" + strings.Repeat("a", 256),
		"B16_bidi":                    "plat\u202eform",
		"B16_line_separator":          "plat\u2028form",
		"B17_invalid_utf8":            "plat\xff",
		"B73_ext":                     "ext::sh -c 'touch X'",
		"B73_fd":                      "fd::17",
		"B73_hg":                      "hg::https://example.org/x",
		"B74_ssh_host_option":         "ssh://-oProxyCommand=x/repo",
		"B74_ssh_user_option":         "ssh://-oProxyCommand=x@host/repo",
		"B74_scp_option":              "-oProxyCommand=x:repo",
		"B74_scp_host_option":         "git@-oProxyCommand=x:repo",
		"B74_scp_path_option":         "git@host:--upload-pack=x",
		"B75_upload_pack":             "--upload-pack=x",
		"B75_path_option":             "ssh://host/--upload-pack=x",
		"B75_path_option_encoded":     "ssh://host/%2dupload",
		"B76_drive":                   `C:\x`,
		"B76_drive_slash":             "C:/x",
		"B76_share":                   `\\srv\s`,
		"B76_file_on_host":            "file://host/x",
		"B77_http":                    "http://example.org/x",
		"B77_git":                     "git://example.org/x",
		"B77_password":                "https://user:s3cret@example.org/x",
		"B77_token":                   "https://s3cret@example.org/x",
		"B77_ssh_password":            "ssh://git:s3cret@example.org/x",
		"B77_password_with_slash":     "https://user:s3cret/x@example.org/x",
		"B77_password_one_slash":      "https:/user:s3cret@example.org/x",
		"B77_password_no_scheme":      "user:s3cret@example.org:x",
		"B77_password_in_file":        "file://user:s3cret@/x",
		"B77_password_bad_port":       "https://user:s3cret@example.org:port/x",
		"B77_empty_password":          "https://user:@example.org/x",
		"B78_newline":                 "https://example.org/\nx",
		"B78_newline_encoded":         "https://example.org/%0ax",
		"B78_escape_encoded":          "https://example.org/%1b[2J",
		"B78_host_newline_encoded":    "https://example.org%0a.evil/x",
		"other_javascript":            "javascript:alert(1)",
		"other_scp_without_user":      "host:path",
		"other_scp_without_path":      "git@host:/",
		"other_query":                 "https://example.org/x?y",
		"other_fragment":              "https://example.org/x#y",
		"other_no_host":               "https:///x",
		"other_no_repository":         "https://example.org/",
		"other_s3":                    "s3://bucket/x",
		"other_invalid_utf8_encoded":  "https://example.org/%ff",
		"other_right_to_left_encoded": "https://example.org/%e2%80%ae",
	}
	for name, in := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseLocation(in, "/home/ann")
			locErr, ok := errors.AsType[*LocationError](err)
			if !ok {
				t.Fatalf("ParseLocation(%.80q) = %+v, %v, want a LocationError", in, got, err)
			}
			if problem := notPrintable(locErr.Error()); problem != "" || len(locErr.Error()) > 800 {
				t.Errorf("message is unsafe (%s) or long: %q", problem, locErr)
			}
			if strings.Contains(locErr.Error(), "s3cret") {
				t.Errorf("message shows the password: %v", locErr)
			}
		})
	}
}

func TestLocationErrorText(t *testing.T) {
	_, err := ParseLocation("https://user:s3cret@example.org/x", "/")
	want := `platform location "https://***@example.org/x" must not carry a password`
	if got := err.Error(); got != want {
		t.Errorf("error = %s, want %s", got, want)
	}
}

func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{
		"https://a/b", "git@h:p", "./x", "ext::x", "https://u:s3cret@h/", "file:///x", "C:\\x", "ssh://[::1]:22/%2d", "HTTPS://A/%2F", "~",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		loc, err := ParseLocation(s, "/home/ann")
		if err != nil {
			if problem := notPrintable(err.Error()); problem != "" {
				t.Fatalf("message is unsafe (%s): %q", problem, err)
			}
			return
		}
		if (loc.Dir == "") == (loc.URL == "") || loc.Dir != "" && !filepath.IsAbs(loc.Dir) {
			t.Fatalf("ParseLocation(%q) = %+v", s, loc)
		}
		if loc.URL != "" && !regexp.MustCompile(`^(https://|ssh://|file:///|[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9])`).MatchString(loc.URL) {
			t.Fatalf("ParseLocation(%q) = %+v", s, loc)
		}
		again, err := ParseLocation(loc.String(), "/")
		if err != nil || again != loc {
			t.Fatalf("ParseLocation(%q) = %+v, again: %+v, %v", s, loc, again, err)
		}
		if id := loc.ID(); !regexp.MustCompile(`^[a-z0-9][a-z0-9-]*-[0-9a-f]{8}$`).MatchString(id) || len(id) > 49 {
			t.Fatalf("ID() of %q = %q", s, id)
		}
	})
}

func TestLocationID(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Acme Platform")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	id := Location{Dir: dir}.ID()
	if !regexp.MustCompile(`^acme-platform-[0-9a-f]{8}$`).MatchString(id) {
		t.Errorf("ID() = %q", id)
	}
	if again := (Location{Dir: link, From: FromFlag}).ID(); again != id {
		t.Errorf("ID() through a link = %q, want %q", again, id)
	}
	bases := map[string]string{
		"https://git.example.org/acme/platform.git": "platform",
		"git@git.example.org:Infra.git":             "infra",
		"file:///":                                  "platform",
		"file:///srv/" + strings.Repeat("x", 100):   strings.Repeat("x", 40),
		"ssh://host/日本":                             "platform",
	}
	for url, want := range bases {
		if id := (Location{URL: url}).ID(); id[:len(id)-9] != want {
			t.Errorf("ID() of %q = %q, want %s-...", url, id, want)
		}
	}
}

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
	check := func(o LocateOptions, want Location, wantFound bool) {
		t.Helper()
		o.Getenv, o.Home = getenv, home
		got, found, err := Locate(o)
		if err != nil || got != want || found != wantFound {
			t.Errorf("Locate() = %+v, %v, %v, want %+v, %v", got, found, err, want, wantFound)
		}
	}
	if err := WriteSettings(home, Settings{Platform: "/srv/settings"}); err != nil {
		t.Fatal(err)
	}
	check(LocateOptions{Flag: "../x", WorkDir: work}, Location{Dir: filepath.Join(up, "a", "x"), From: FromFlag}, true)
	check(LocateOptions{WorkDir: work}, Location{URL: "https://git.example.org/env", From: FromEnvironment}, true)
	delete(env, "PLATFORMCTL_PLATFORM")
	check(LocateOptions{WorkDir: work}, Location{Dir: up, From: FromDirectory}, true)
	check(LocateOptions{WorkDir: up}, Location{Dir: up, From: FromDirectory}, true)
	check(LocateOptions{WorkDir: outside}, Location{Dir: "/srv/settings", From: FromSettings}, true)
	if err := WriteSettings(home, Settings{}); err != nil {
		t.Fatal(err)
	}
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
		"ours, mistyped":      {"apiVersion: platformctl.io/v1\nkind: Platfrom\n", true},
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

func TestSettings(t *testing.T) {
	home := testHome(t)
	got, err := ReadSettings(home)
	if err != nil || got != (Settings{}) {
		t.Fatalf("ReadSettings() without a file = %+v, %v", got, err)
	}
	want := Settings{Platform: "git@git.example.org:acme/platform.git", Team: "checkout", Identity: "/home/ann/key.txt"}
	if err := WriteSettings(home, want); err != nil {
		t.Fatal(err)
	}
	got, err = ReadSettings(home)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ReadSettings() (-want +got):\n%s%v", diff, err)
	}
	info, err := os.Stat(SettingsFile(home))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v", info.Mode(), err)
	}
	for name, bad := range map[string]Settings{
		"team": {Team: "A"}, "platform": {Platform: "ext::x"}, "identity": {Identity: "key.txt"},
	} {
		if err := WriteSettings(home, bad); err == nil {
			t.Errorf("WriteSettings() took a bad %s", name)
		}
	}
	for name, text := range map[string]string{
		"unknown field": "teem: a\n", "bad team": "team: A\n", "bad location": "platform: ext::x\n", "number": "team: 014\n", "list": "[]\n",
	} {
		if err := os.WriteFile(SettingsFile(home), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadSettings(home); err == nil || got != (Settings{}) || !strings.Contains(err.Error(), "settings.yaml") {
			t.Errorf("%s: ReadSettings() = %+v, %v", name, got, err)
		}
	}
}
