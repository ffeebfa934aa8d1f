package platform

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// set makes text the user's settings.
func set(t *testing.T, home Home, text string) {
	t.Helper()
	if err := os.WriteFile(SettingsFile(home), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSettings(t *testing.T) {
	home := testHome(t)
	got, err := ReadSettings(home)
	if err != nil || got != (Settings{}) {
		t.Fatalf("ReadSettings() without a file = %+v, %v", got, err)
	}
	set(t, home, "platform: git@git.example.org:acme/platform.git\nteam: checkout\nidentity: /home/ann/key.txt\n")
	want := Settings{Platform: "git@git.example.org:acme/platform.git", Team: "checkout", Identity: "/home/ann/key.txt"}
	got, err = ReadSettings(home)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ReadSettings() (-want +got):\n%s%v", diff, err)
	}
	for name, text := range map[string]string{
		"unknown field": "teem: a\n", "bad team": "team: A\n", "bad location": "platform: ext::x\n",
		"relative identity": "identity: key.txt\n", "number": "team: 014\n", "list": "[]\n",
	} {
		set(t, home, text)
		if got, err := ReadSettings(home); err == nil || got != (Settings{}) || !strings.Contains(err.Error(), "settings.yaml") {
			t.Errorf("%s: ReadSettings() = %+v, %v", name, got, err)
		}
	}
}

// FuzzSettings holds that settings are refused with the name of their file, or
// say what can be used.
func FuzzSettings(f *testing.F) {
	for _, text := range []string{
		"", "team: checkout\n", "team: root\n", "team: \"yes\"\n", "platform: ../x\n", "platform: https://a:b@c/d\n", "identity: /a\n",
		"identity: a\n", "team: a\x1b[2J\n", "platform: \"ext::sh -c 'x'\"\nteam: [a]\n", "identity: /a\nidentity: /b\n", "platform: '-x'\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		home := testHome(t)
		set(t, home, string(text))
		s, err := ReadSettings(home)
		if err != nil {
			if s != (Settings{}) || !strings.Contains(err.Error(), "settings.yaml") || strings.ContainsFunc(err.Error(), unicode.IsControl) {
				t.Fatalf("ReadSettings = %+v, %q", s, err)
			}
			return
		}
		if s.Team != "" && CheckName("team", s.Team) != nil || s.Identity != "" && !filepath.IsAbs(s.Identity) {
			t.Fatalf("ReadSettings = %+v", s)
		}
		if _, err := ParseLocation(s.Platform, home.Config); s.Platform != "" && err != nil {
			t.Fatalf("ReadSettings = %+v: %v", s, err)
		}
	})
}
