package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// machine is what can be wrong with the computer.
type machine struct {
	arrange func(t *testing.T, s *site) // before anything is counted as a change
	env     []string                    // variables, with ROOT for the site's root
	args    string                      // ask, unless given
	want    refusal
}

// program puts an executable script below the root of a site.
func program(name string, mode os.FileMode, script string) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		t.Helper()
		path := filepath.Join(s.root, name)
		write(t, path, "#!/bin/sh\n"+script+"\n")
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
}

func engines() map[string]machine {
	install := "hint: install Terraform or OpenTofu 1.11 or newer"
	at := []string{"PLATFORMCTL_TERRAFORM", "ROOT/tf"}
	answers := func(version string) func(*testing.T, *site) {
		return program("tf", 0o755, `echo '{"terraform_version": "`+version+`"}'`)
	}
	return map[string]machine{
		"M1_terraform_too_old":   {answers("1.10.9"), at, "", refusal{says: []string{`tf is version 1\.10\.9, older than 1\.11`, install}}},
		"M1_terraform_very_old":  {program("tf", 0o755, `echo Terraform v0.11.15`), at, "", refusal{says: []string{"tf .*0.11|cannot be run", "hint: "}}},
		"M2_terraform_not_there": {nil, []string{"PLATFORMCTL_TERRAFORM", "ROOT/none"}, "", refusal{says: []string{"ROOT/none", "hint: .*PLATFORMCTL_TERRAFORM"}}},
		"M2_terraform_nowhere":   {nil, []string{"PATH", "ROOT/work", "PLATFORMCTL_TOOLS", "ROOT/none"}, "", refusal{says: []string{"no terraform or tofu found in ROOT/work/terraform", install}}},
		"M3_not_executable":      {program("tf", 0o644, "true"), at, "", refusal{says: []string{"ROOT/tf cannot be run", `hint: .*chmod \+x`}}},
		"M3_directory":           {nil, []string{"PLATFORMCTL_TERRAFORM", "ROOT/home"}, "", refusal{says: []string{"ROOT/home cannot be run", "hint: "}}},
		"M3_other_program":       {program("tf", 0o755, "echo hello"), at, "", refusal{says: []string{"ROOT/tf cannot be run", "hint: "}}},
		"M3_program_that_fails":  {program("tf", 0o755, `printf '\033[2Joh no' >&2; exit 3`), at, "", refusal{says: []string{"ROOT/tf cannot be run", "hint: "}}},
		"M3_program_that_floods": {program("tf", 0o755, "exec head -c 1000000 /dev/zero"), at, "", refusal{says: []string{"ROOT/tf cannot be run", "hint: "}}},
		"M3_not_a_program":       {program("tf", 0o755, "\x7fELF"), at, "", refusal{says: []string{"ROOT/tf cannot be run", "hint: "}}},
	}
}

func servers() map[string]machine {
	install := "hint: install PostgreSQL's server .*PLATFORMCTL_POSTGRES_BIN"
	at := []string{"PLATFORMCTL_POSTGRES_BIN", "ROOT/pg"}
	both := func(postgres string) func(*testing.T, *site) {
		return func(t *testing.T, s *site) {
			t.Helper()
			program("pg/initdb", 0o755, "true")(t, s)
			program("pg/postgres", 0o755, postgres)(t, s)
		}
	}
	return map[string]machine{
		"M4_postgresql_not_there": {nil, at, "", refusal{says: []string{"no usable PostgreSQL.*ROOT/pg", install}}},
		"M4_postgresql_too_old":   {both("echo 'postgres (PostgreSQL) 9.6.24'"), at, "", refusal{says: []string{"PostgreSQL 9.6.24 is too old", install}}},
		"M4_postgresql_broken":    {both("exit 127"), at, "", refusal{says: []string{"ROOT/pg/postgres", install}}},
		"M4_no_initdb":            {program("pg/postgres", 0o755, "echo 'postgres (PostgreSQL) 17.1'"), at, "", refusal{says: []string{"ROOT/pg", install}}},
	}
}

func homes() map[string]machine {
	mend := "hint: .*PLATFORMCTL_HOME"
	at := []string{"PLATFORMCTL_HOME", "ROOT/other"}
	mode := func(mode os.FileMode) func(*testing.T, *site) {
		return func(t *testing.T, s *site) {
			t.Helper()
			dir := filepath.Join(s.root, "other")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(dir, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	return map[string]machine{
		"M9_home_relative":         {nil, []string{"PLATFORMCTL_HOME", "other"}, "", refusal{says: []string{`"other".*not absolute`, mend}}},
		"M9_home_is_a_file":        {program("other", 0o644, ""), at, "", refusal{says: []string{"ROOT/other", mend}}},
		"M9_home_open_to_others":   {mode(0o777), at, "", refusal{says: []string{"ROOT/other.*other users", mend}}},
		"M9_home_open_for_team":    {mode(0o777), at, "team add shop", refusal{says: []string{"ROOT/other.*other users", mend}}},
		"M9_home_open_for_init":    {mode(0o777), at, "init new", refusal{says: []string{"ROOT/other.*other users", mend}}},
		"M9_no_home":               {nil, []string{"PLATFORMCTL_HOME", "", "HOME", ""}, "", refusal{says: []string{"HOME", mend}}},
		"M9_home_is_relative_HOME": {nil, []string{"PLATFORMCTL_HOME", "", "HOME", "x"}, "", refusal{says: []string{"HOME", mend}}},
	}
}

// badMachines tries machines that lack what a request needs.
func badMachines(t *testing.T) {
	t.Helper()
	for _, table := range []map[string]machine{engines(), servers(), homes()} {
		for title, m := range table {
			t.Run(title, func(t *testing.T) {
				s := newSite(t)
				fill := strings.NewReplacer("ROOT", s.root).Replace
				var env []string
				for _, variable := range m.env {
					env = append(env, fill(variable))
				}
				s = s.with(env...)
				if m.arrange != nil {
					m.arrange(t, s)
				}
				args := m.args
				if args == "" {
					args = ask
				}
				want := refusal{code: m.want.code, slow: true}
				for _, pattern := range m.want.says {
					want.says = append(want.says, fill(pattern))
				}
				s.refuses(t, want, func() answer { return s.exec(t, strings.Fields(args)...) })
			})
		}
	}
}
