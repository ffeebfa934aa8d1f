package platform

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
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
