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
		"B46_no_switch":          {"status --quiet=maybe", `"-q, --quiet" flag: must be true or false`},
		"B46_command_behind":     {"team -- show shop", `the command "show" stands behind --: put it in front`},
		"B46_no_shell":           {"completion tcsh", `unknown command "tcsh" for "platformctl completion"`},
		"B46_letters":            {"status -oqjson", `"qjson" is not one of`},
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

// Flags may stand anywhere, in every spelling, and mean the same.
func TestFlagsInAnyOrder(t *testing.T) {
	for first, others := range map[string][]string{
		"capability show database -o json": {
			"capability show -o json database", "capability -o json show database", "-o json capability show database",
			"capability show database -ojson", "capability show database -o=json", "capability show database --output json",
			"--output=json capability show database", "capability show -o json -- database", "capability show database -qo json",
			"-qqojson capability show database", "--quiet capability show database -q -o json --no-input",
			"--no-input=false capability show --quiet=true database -o json",
		},
		"request database --type postgresql --tier development --team shop --set connectionLimit=x": {
			"request --set connectionLimit=x --team=shop --tier=development database --type=postgresql",
			"request --team shop database --tier development --no-input -q --set=connectionLimit=x --type postgresql",
			"-q request --set connectionLimit=x --tier development --type postgresql --team shop -- database",
		},
		"team show nobody": {"team show -- nobody", "--quiet team show nobody", "team --no-input show nobody"},
	} {
		app, stdout, stderr := testApp(t)
		code := Main(t.Context(), strings.Fields(first), app)
		for _, other := range others {
			t.Run(other, func(t *testing.T) {
				app, out, errs := testApp(t)
				if again := Main(t.Context(), strings.Fields(other), app); again != code || out.String() != stdout.String() || errs.String() != stderr.String() {
					t.Errorf("exit code %d, stdout %.200q, stderr %.200q; %q ends with %d, %.200q, %.200q", again, out, errs, first, code, stdout, stderr)
				}
			})
		}
	}
}

// An error of the command line has the form that was asked for, wherever and
// however that stands.
func TestErrorsOfFlagsAsJSON(t *testing.T) {
	for args, isJSON := range map[string]bool{
		"status --nope -o json": true, "-o json status --nope": true, "status --nope -qojson": true, "status -qo json --nope": true,
		"status --output json --nope": true, "status --output=json --nope": true, "status -o=json --nope": true, "nope -o json": true,
		"status --nope -- -o json": false, "status --nope -o yaml": false, "status --nope": false,
	} {
		app, _, stderr := testApp(t)
		code := Main(t.Context(), strings.Fields(args), app)
		if code != exitUsage || strings.HasPrefix(stderr.String(), "{") != isJSON {
			t.Errorf("%q: exit code %d, stderr %q", args, code, stderr)
		}
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
