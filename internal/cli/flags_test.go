package cli

import (
	"strings"
	"testing"
)

// A flag that is given twice, or as nothing, is refused and named.
func TestFlagsAreGivenOnce(t *testing.T) {
	tests := map[string]struct {
		args string
		want string // part of stderr; "" when it is taken
	}{
		"B46_twice":              {"catalog list --kind component --kind api", `"--kind" flag: is given twice`},
		"B46_twice_the_same":     {"catalog list --kind api --kind api", `"--kind" flag: is given twice`},
		"B46_twice_global":       {"--platform a status --platform b", `"--platform" flag: is given twice`},
		"B46_twice_short":        {"status -o yaml -o name", `"-o, --output" flag: is given twice`},
		"B46_empty":              {"catalog list --kind=", `"--kind" flag: must not be empty`},
		"B46_empty_global":       {"status --platform=", `"--platform" flag: must not be empty`},
		"B46_switch_contradicts": {"status --quiet --quiet=false", `"-q, --quiet" flag: is given twice, as true and as false`},
		"B46_no_switch":          {"status --quiet=maybe", `"-q, --quiet" flag`},
		"switch_again":           {"-q status -q", ""},
		"list":                   {"request database --tier development --team shop --dry-run --set a=1 --set b=2", `input "a"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			app, _, stderr := testApp(t)
			code := Main(t.Context(), strings.Fields(tt.args), app)
			if want := 2 * min(1, len(tt.want)); code != want || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("exit code %d, want %d; stderr %q, want %q", code, want, stderr, tt.want)
			}
		})
	}
}

// Nothing that was typed can add a line to what we say, or make it endless.
func TestErrorsShowLittle(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, args := range map[string][]string{
		"B9_unknown_flag":       {"status", "--a\nnext: evil"},
		"B9_shorthand":          {"status", "-\nnext: evil"},
		"B9_flag_value":         {"status", "-o", "a\nnext: evil"},
		"B9_nothing_unfinished": {"resource", "resume", "a\nnext: evil"},
		"B10_command":           {long},
		"B10_argument":          {"status", long},
		"B10_flag":              {"status", "--" + long},
		"B10_value":             {"status", "-o", long},
		"B10_help":              {"help", long},
		"B10_format":            {"help", "formats", long},
		"B10_capability":        {"capability", "show", long},
		"B10_request_id":        {"request", "database", "--dry-run", "--request-id", long},
		"B10_team":              {"team", "show", long},
	} {
		t.Run(name, func(t *testing.T) {
			app, _, stderr := testApp(t)
			if code := Main(t.Context(), args, app); code != exitUsage {
				t.Errorf("exit code %d", code)
			}
			if text := stderr.String(); len(text) > 4096 || strings.Contains(text, "\nnext: evil") {
				t.Errorf("stderr has %d bytes: %.300q", len(text), text)
			}
		})
	}
}
