package e2e

import (
	"regexp"
	"strings"
	"testing"
)

// TestNoColor holds that a person who wants no colour gets none, and that a
// terminal that knows no sequences gets none at all.
func TestNoColor(t *testing.T) {
	color, sequence := regexp.MustCompile("\x1b\\[[0-9;]*m"), regexp.MustCompile("\x1b")
	for title, c := range map[string]struct {
		env    []string
		absent *regexp.Regexp // nil: there is colour
	}{
		"colour":     {[]string{"TERM=xterm-256color", "NO_COLOR=", "CLICOLOR=1"}, nil},
		"NO_COLOR":   {[]string{"TERM=xterm-256color", "NO_COLOR=1"}, color},
		"CLICOLOR=0": {[]string{"TERM=xterm-256color", "NO_COLOR=", "CLICOLOR=0"}, color},
		"both":       {[]string{"TERM=xterm-256color", "NO_COLOR=1", "CLICOLOR_FORCE=1"}, color},
		"dumb":       {[]string{"TERM=dumb", "NO_COLOR="}, sequence},
		"nameless":   {[]string{"TERM=", "NO_COLOR="}, sequence},
	} {
		t.Run(title, func(t *testing.T) {
			term := startTerminal(t, c.env, "request", "database")
			term.expect("tier", "\r")
			term.expect("team", "shop\r")
			term.expect("Apply", "n\r")
			if code := term.exit(); code != 130 {
				t.Errorf("exit code %d", code)
			}
			switch screen := term.screen(); {
			case c.absent == nil && !color.MatchString(screen):
				t.Errorf("there is no colour: %q", screen)
			case c.absent != nil && c.absent.MatchString(screen):
				t.Errorf("%v is on the screen: %q", c.absent, screen)
			case !strings.Contains(screen, "Apply"):
				t.Errorf("screen: %q", screen)
			}
		})
	}
}
