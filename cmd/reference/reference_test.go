package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/cli"
)

// Every command and topic has a page of each kind, and the same commands give
// the same bytes.
func TestPages(t *testing.T) {
	pages := cli.Reference()
	man, markdown := manPages(pages, "platformctl v1", ""), markdownPages(pages)
	if diff := cmp.Diff(man, manPages(cli.Reference(), "platformctl v1", "")); diff != "" {
		t.Errorf("man pages differ: %s", diff)
	}
	if diff := cmp.Diff(markdown, markdownPages(cli.Reference())); diff != "" {
		t.Errorf("Markdown differs: %s", diff)
	}
	if len(man) != len(pages) {
		t.Errorf("%d man pages of %d", len(man), len(pages))
	}
	for _, p := range pages {
		page := man[manName(p)+"."+section(p)]
		for _, part := range []string{".TH", ".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH SEE ALSO"} {
			if !bytes.Contains(page, []byte(part)) {
				t.Errorf("the man page of %q has no %s:\n%s", p.Name, part, page)
			}
		}
		for _, f := range p.Flags {
			if p.Name != program && !bytes.Contains(markdown[fileOf(p)], []byte("`--"+f.Name)) {
				t.Errorf("%s: --%s is missing", p.Name, f.Name)
			}
		}
		for line := range strings.Lines(p.Example) {
			if p.Name != program && !bytes.Contains(markdown[fileOf(p)], []byte(strings.TrimSpace(line))) {
				t.Errorf("%s: the example %q is missing", p.Name, line)
			}
		}
	}
}

// Every link leads to a heading.
func TestLinks(t *testing.T) {
	files := markdownPages(cli.Reference())
	link := regexp.MustCompile(`\]\(([^)#]*)#([^)]+)\)`)
	count := 0
	for name, data := range files {
		for _, match := range link.FindAllStringSubmatch(string(data), -1) {
			count++
			target := match[1]
			if target == "" {
				target = name
			}
			heading := regexp.MustCompile(`(?m)^#+ ` + strings.ReplaceAll(regexp.QuoteMeta(match[2]), "-", "[- ]") + `$`)
			if !heading.Match(files[target]) {
				t.Errorf("%s links to %s#%s, which is not there", name, target, match[2])
			}
		}
	}
	if count < 20 {
		t.Errorf("there are %d links", count)
	}
}

func TestProse(t *testing.T) {
	got := prose("One.\n  a  <b>\n\n  c\nTwo *.\n\n  d\n")
	want := "One.\n\n```\na  <b>\n\nc\n```\nTwo \\*.\n\n```\nd\n```"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("prose() (-want +got):\n%s", diff)
	}
}

// A page of a command that is gone goes too; what is not ours stays.
func TestStalePagesGo(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"gone.md", "picture.svg"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := run("", dir, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "gone.md")); err == nil {
		t.Error("gone.md is still there")
	}
	for _, name := range []string{"picture.svg", "README.md", "request.md"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

func TestSourceDate(t *testing.T) {
	for epoch, want := range map[string]string{"": "", "1764028800": "2025-11-25"} {
		if got, err := sourceDate(epoch); err != nil || got != want {
			t.Errorf("sourceDate(%q) = %q, %v, want %q", epoch, got, err, want)
		}
	}
	if _, err := sourceDate("yesterday"); err == nil {
		t.Error("yesterday is taken for a time")
	}
}
