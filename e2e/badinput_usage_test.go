package e2e

import (
	"slices"
	"strings"
	"testing"
)

// usage is a command line that is wrong in itself or asks for what there is not.
type usage struct {
	args string   // separated by spaces
	more []string // behind them
	says []string
}

const ask = "request database --type=postgresql --tier=development --team=shop --auto-approve "

func usages() map[string]usage {
	many := func(args ...string) []string { return slices.Repeat(args, 10_000) }
	return map[string]usage{
		"B46_repeated":           {ask + "--name=one-db --name=two-db", nil, []string{`--name.*given twice`}},
		"B46_repeated_same":      {ask + "--team=shop", nil, []string{`--team.*given twice`}},
		"B46_switch_contradicts": {ask + "--dry-run --dry-run=false", nil, []string{`--dry-run.*given twice`}},
		"B46_set_repeated":       {ask + "--set=connectionLimit=1 --set=connectionLimit=2", nil, []string{`"connectionLimit".*given twice`}},
		"B46_empty":              {ask + "--name=", nil, []string{`--name.*empty`}},
		"B46_empty_argument":     {"request --tier=development --team=shop --auto-approve", []string{""}, []string{`capability ""`}},
		"B46_empty_set":          {ask, []string{"--set", ""}, []string{`name=value`}},
		"B46_set_without_value":  {ask + "--set=connectionLimit", nil, []string{`"connectionLimit".*name=value`}},
		"B46_set_without_name":   {ask + "--set==5", nil, []string{`input ""`}},
		"B46_unknown_flag":       {ask + "--tem=shop", nil, []string{`--tem\b`, `did you mean "--team"`}},
		"B46_unknown_letter":     {ask + "-t", nil, []string{`'t'`, `next: .*--help`}},
		"B46_no_flag":            {ask + "--=x", nil, []string{`--=x`}},
		"B46_three_dashes":       {ask + "---name=x", nil, []string{`---name`}},
		"B46_flag_without_value": {ask + "--name", nil, []string{`--name`}},
		"B46_no_boolean":         {ask + "--no-input=perhaps", nil, []string{`--no-input`}},
		"B46_no_format":          {ask + "-o xml", nil, []string{`xml`, `json`}},
		"B46_unknown_command":    {"reqest database", nil, []string{`reqest`, `did you mean "request"`}},
		"B46_nothing_asked":      {"request", nil, []string{`CAPABILITY is missing`}},
		"B46_flags_behind_dash":  {"request database -- --tier=development --team=shop", nil, []string{"argument|auto-approve"}},
		"B46_flag_as_argument":   {"request --auto-approve -- --tier=development", nil, []string{`capability "--tier=development"`}},
		"B46_command_behind":     {"-- request database", nil, []string{"request|argument"}},
		"B46_run_without":        {"resource run shop-postgresql --", nil, []string{"COMMAND is missing"}},
		"B46_run_nothing":        {"resource run -- ", nil, []string{"NAME is missing"}},
		"B46_10000_arguments":    {"request database", many("x"), []string{"argument"}},
		"B46_10000_commands":     {"", many("x"), []string{"unknown command"}},
		"B46_10000_flags":        {"request database", many("--x"), []string{"--x"}},
		"B46_10000_switches":     {ask + "--name=.", many("--quiet"), []string{"name"}},
		"B46_10000_sets":         {ask, many("--set=connectionLimit=1"), []string{`"connectionLimit".*given twice`}},
		"B46_10000_empty":        {"request database", many(""), []string{"argument"}},

		"U1_capability":           {"request databse --auto-approve", nil, []string{`capability "databse"`, `did you mean "database"`}},
		"U1_capability_show":      {"capability show databse", nil, []string{`did you mean "database"`}},
		"U2_type":                 {"request database --type=postgres --auto-approve", nil, []string{`type "postgres"`, `did you mean "postgresql"`}},
		"U3_tier":                 {"request database --tier=prodction --auto-approve", nil, []string{`tier "prodction"`, `did you mean "production"`}},
		"U4_environment":          {ask + "--env=locl", nil, []string{`environment "locl"`, `did you mean "local"`}},
		"U5_team":                 {"--platform=closed request database --tier=development --team=chekout --auto-approve", nil, []string{`team "chekout"`, `did you mean "checkout"`}},
		"U5_team_show":            {"--platform=closed team show chekout", nil, []string{`did you mean "checkout"`}},
		"U6_locked_input":         {"request database --tier=production --team=shop --set=connectionLimit=5 --auto-approve", nil, []string{`"connectionLimit"`, `tier production`}},
		"U7_unknown_input":        {ask + "--set=conectionLimit=5", nil, []string{`"conectionLimit"`, `did you mean "connectionLimit"`}},
		"U7_extension":            {ask + `--set=extensions=["pgcripto"]`, nil, []string{`"extensions`, `did you mean "pgcrypto"|pgcrypto`}},
		"U7_out_of_range":         {ask + "--set=connectionLimit=100000", nil, []string{`"connectionLimit".*500`}},
		"U8_resource":             {"resource show shop-postgersql", nil, []string{`resource "shop-postgersql"`}},
		"U8_destroy":              {"resource destroy shop-postgersql --confirm=shop-postgersql", nil, []string{`resource "shop-postgersql"`}},
		"U10_destroy_confirmed":   {"resource destroy shop-postgresql --confirm=shop-postgres", nil, []string{`--confirm "shop-postgres" is not`}},
		"U10_destroy_approved":    {"resource destroy shop-postgresql --auto-approve", nil, []string{`--auto-approve`, `--confirm NAME`}},
		"U10_destroy_yes":         {"resource destroy shop-postgresql -y", nil, []string{`'y'`, `--confirm NAME`}},
		"U10_destroy_forced":      {"resource destroy shop-postgresql --force", nil, []string{`--force`, `--confirm NAME`}},
		"U10_destroy_all":         {"resource destroy shop-postgresql search-postgresql", nil, []string{`unexpected argument "search-postgresql"`}},
		"U10_destroy_nothing":     {"resource destroy", nil, []string{`NAME is missing`}},
		"U8_entity":               {"catalog show group:shp", nil, []string{`entity "group:default/shp"`}},
		"U8_component":            {ask + "--for=component:chekout", nil, []string{`component "component:chekout"`}},
		"B11_derived_name":        {"request database --tier=development --team=a-team-with-a-name-of-forty-characters-x --auto-approve", nil, []string{`name "a-team.*50|51`, `--name`}},
		"B24_question_unanswered": {"request database --team=shop --auto-approve", nil, []string{"tier is missing"}},
		"B76_platform_as_option":  {"--platform=--upload-pack=x status", nil, []string{"platform location"}},
		"B73_platform_as_helper":  {"--platform=ext::id status", nil, []string{"platform location.*transport helper"}},
		"B9_platform":             {"status", []string{"--platform=a\x1b[2J\nb"}, []string{`platform location "a\^\[\[2J`}},
		"B9_directory_of_init":    {"init", []string{"a\x1b[2J\nb"}, []string{`platform location|DIR`}},
		"B8_directory_of_init":    {"init", []string{"a\x00b"}, []string{`platform location|DIR`}},
		"B10_directory_of_init":   {"init", []string{strings.Repeat("d", 300)}, []string{`longer than 255`}},
		"B1_directory_of_init":    {"init", []string{""}, []string{"DIR"}},
	}
}

// endless is an input that never ends. It counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	clear(p)
	e.read += len(p)
	return len(p), nil
}

func badUsage(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "init", "closed", "--closed", "--name=acme")
	s.must(t, "--platform=closed", "team", "add", "checkout")
	s.must(t, "--platform=closed", "team", "add", "search")
	for title, u := range usages() {
		args := append(strings.Fields(u.args), u.more...)
		t.Run(title, func(t *testing.T) {
			s.refuses(t, refusal{says: u.says}, func() answer { return s.run(t, args...) })
			input := &endless{}
			other := *s
			other.in = input
			if a := other.run(t, args...); a.code != 2 || input.read > 1<<20 {
				t.Errorf("with endless input: exit code %d, %d bytes read", a.code, input.read)
			}
		})
		switch title {
		case "B46_10000_arguments", "B46_unknown_flag", "B46_10000_sets", "U6_locked_input":
			t.Run(title+"_binary", func(t *testing.T) {
				s.refuses(t, refusal{says: u.says}, func() answer { return s.exec(t, args...) })
			})
		}
	}
	t.Run("B46_as_JSON", func(t *testing.T) {
		a := s.run(t, append(strings.Fields(ask), "--tem=x\x1b\n", "-o", "json")...)
		if a.code != 2 || a.out != "" || unsafe(a.err) != "" || strings.Count(a.err, "\n") != 1 || !strings.HasPrefix(a.err, `{"error":"unknown flag: --tem`) {
			t.Errorf("exit code %d, stdout %q, stderr %q", a.code, a.out, a.err)
		}
	})
	t.Run("U9_nobody_approves", func(t *testing.T) {
		s.refuses(t, refusal{says: []string{"error: nobody can be asked.*--auto-approve"}, slow: true}, func() answer {
			return s.exec(t, "request", "database", "--tier=development", "--team=shop")
		})
	})
	t.Run("B24_endless_input", func(t *testing.T) {
		other := *s
		other.in = &endless{}
		s.refuses(t, refusal{says: []string{"tier is missing"}}, func() answer {
			return other.exec(t, "request", "database", "--team=shop", "--auto-approve")
		})
	})
}
