package platform

import (
	"os"
	"strings"
	"testing"

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
