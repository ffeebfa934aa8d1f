package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// evil drives a terminal, or turns and hides text on it: erase the screen, set
// the title, open a link, write the clipboard, CSI in one byte, go back, go
// left, turn the direction, no width; and a line that looks like ours.
const evil = "x\x1b[2J\x1b]0;t\x07\x1b]8;;http://e\x1b\\\x1b]52;c;eA==\x07\u009b2J\r\b\u202e\u200b\x7f\nerror: {\"level\":\"info\"}"

// quoted is a text as YAML, JSON and HCL write it between double quotes.
func quoted(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r > '~':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// plantedSite is a platform in which everything that a person can write says
// evil things.
func plantedSite(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	text := quoted(evil)
	s.must(t, "init", ".", "--name=acme")
	s.must(t, "team", "add", "shop")
	addCapability(t, s.work, "note")
	edit := func(file string, pairs ...string) {
		path := filepath.Join(s.work, filepath.FromSlash(file))
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(string(data), pairs[i]) {
				t.Fatalf("%s has no %q", file, pairs[i])
			}
		}
		write(t, path, strings.NewReplacer(pairs...).Replace(string(data)))
	}
	edit("capabilities/note/capability.yaml",
		"title: Note\n", "title: "+text+"\n",
		"description: A text that Terraform remembers. It needs no server and no provider.", "description: "+text,
		"title: Text,", "title: "+text+", description: "+text+",",
		"default: 3}", "default: 3, title: "+text+"}",
		"[Keeping the note]", "["+text+"]", "[What the note says]", "["+text+"]",
		"connect: [printenv, NOTE_TEXT]", "connect: [printenv, NOTE_TEXT, "+text+"]",
	)
	edit("capabilities/note/modules/note/main.tf",
		"variable \"text\" {\n  type = string\n}", `variable "text" {
  type = string
  validation {
    condition     = var.text != "invalid"
    error_message = `+text+`
  }
}

check "warns" {
  assert {
    condition     = var.text != "warn"
    error_message = `+text+`
  }
}`,
		"resource \"terraform_data\" \"note\" {", `resource "terraform_data" "note" {
  lifecycle {
    precondition {
      condition     = var.text != "precondition"
      error_message = `+text+`
    }
  }
  provisioner "local-exec" {
    command = "printf '\\033[2J\\202\\r\\b' >&2; test '${var.text}' != provisioner"
  }
`,
		"value = terraform_data.note.output.text", "value = \"${terraform_data.note.output.text}${"+text+"}\"",
	)
	edit(entityAt("group", "shop"), "spec:", "  description: "+text+"\n  annotations: {x: "+text+"}\n  links: [{url: "+text+", title: "+text+"}]\nspec:\n  profile: {displayName: "+text+"}")
	write(t, filepath.Join(s.work, filepath.FromSlash(entityAt("component", "evil"))),
		"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: evil\n  title: "+text+"\n  description: "+text+"\n  tags: ["+text+"]\nspec:\n  type: "+text+"\n  lifecycle: "+text+"\n  owner: "+text+"\n  "+text+": "+text+"\n")
	write(t, filepath.Join(s.work, "capabilities", "x\x1b[2J\u202ey", "capability.yaml"), "a: b\n")
	write(t, filepath.Join(s.work, "catalog", "x\x1b[2J\u202ey.yaml"), "kind: "+text+"\n")
	write(t, filepath.Join(s.work, "ledger", "x\x1b[2J\u202e", "2026-01.ndjson"), `{"type":`+text+`}`+"\n")
	commit(t, s.work)
	s = s.with("GIT_AUTHOR_EMAIL", evil)
	s.must(t, "request", "note", "--tier=draft", "--team=shop", "--auto-approve", "--name=used", "--set=text="+evil)
	return s
}

// badScreens holds that it does not reach a terminal either.
func badScreens(t *testing.T, s *site) {
	t.Helper()
	var env []string
	for name, value := range s.with("TERM", "xterm-256color").env {
		env = append(env, name+"="+value)
	}
	for title, args := range map[string]string{
		"resource_env":    "resource env used",
		"catalog_show":    "catalog show group:shop",
		"capability_show": "capability show note",
		"status":          "status",
		"request_planned": "request note --tier=draft --name=screen --team=shop --set=text=a --dry-run",
		"request_invalid": "request note --tier=draft --name=screen --team=shop --set=text=invalid",
	} {
		t.Run("B100_"+title+"_on_a_terminal", func(t *testing.T) {
			term := startTerminal(t, env, append([]string{"--platform=" + s.work}, strings.Fields(args)...)...)
			term.exit()
			for _, raw := range []string{"\x1b[2J", "\x1b]", "\u009b", "\b", "\u202e", "\u200b", "\x7f", "\x07"} {
				if strings.Contains(term.screen(), raw) {
					t.Errorf("the terminal gets %q: %q", raw, term.screen())
				}
			}
		})
	}
}

// badOutput holds that nothing of the text reaches a stream as it is, in
// whichever format, from whichever command.
func badOutput(t *testing.T) {
	t.Helper()
	s := plantedSite(t)
	badScreens(t, s)
	request := "request note --tier=draft --team=shop --auto-approve --name="
	for title, args := range map[string]string{
		"request_planned":      request + "planned --set=text=a --dry-run",
		"request_applied":      request + "applied --set=text=a",
		"request_warned":       request + "warned --set=text=warn",
		"request_invalid":      request + "invalid --set=text=invalid",
		"request_precondition": request + "pre --set=text=precondition",
		"request_provisioner":  request + "prov --set=text=provisioner",
		"catalog_list":         "catalog list",
		"catalog_show":         "catalog show component:evil",
		"catalog_show_group":   "catalog show group:shop",
		"team_list":            "team list",
		"team_show":            "team show shop",
		"capability_list":      "capability list",
		"capability_show":      "capability show note",
		"resource_list":        "resource list",
		"resource_show":        "resource show used",
		"resource_env":         "resource env used",
		"resource_resume":      "resource resume used",
		"resource_dir":         "resource dir used",
		"request_changed":      "request note --tier=draft --auto-approve --name=used --set=priority=4 --set=text=changed",
		"status":               "status",
		"verify":               "verify",
	} {
		t.Run("B100_"+title, func(t *testing.T) {
			for _, format := range []string{"table", "json", "yaml", "name"} {
				all := append(strings.Fields(args), "-o", format)
				if strings.HasPrefix(title, "request") {
					all[5] += format
				}
				a := s.exec(t, all...)
				if title == "resource_env" && format == "table" {
					continue // for a shell, exact
				}
				if problem := unsafe(a.out + a.err); problem != "" {
					t.Errorf("%s: %s: %.300q", format, problem, a.out+a.err)
				}
				if format == "json" && a.out != "" && !json.Valid([]byte(a.out)) {
					t.Errorf("stdout is no JSON: %.300q", a.out)
				}
			}
		})
	}
	t.Run("B101_line_in_an_error", func(t *testing.T) {
		args := strings.Fields(request + "line --set=text=precondition --quiet")
		if a := s.exec(t, args...); !strings.HasPrefix(a.err, "error: ") || strings.Contains(a.err, "\nerror: ") {
			t.Errorf("stderr %q", a.err)
		}
		a := s.exec(t, append(args, "-o", "json")...)
		if strings.Count(a.err, "\n") != 1 || !json.Valid([]byte(a.err)) {
			t.Errorf("stderr is not one line of JSON: %q", a.err)
		}
	})
}
