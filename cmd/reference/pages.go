package main

import (
	"fmt"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"

	"github.com/platformctl/platformctl/internal/cli"
)

// program is the name of the root command.
const program = "platformctl"

// manPages makes a page for each command, in section 1, and for each topic, in
// section 7.
func manPages(pages []cli.Page, source, date string) map[string][]byte {
	files := map[string][]byte{}
	for _, p := range pages {
		var b strings.Builder
		fmt.Fprintf(&b, "%% \"%s\" \"%s\" \"%s\" \"%s\" \"%s\"\n",
			strings.ToUpper(manName(p)), section(p), date, strings.TrimSpace(source), "platformctl manual")
		fmt.Fprintf(&b, "# NAME\n%s \\- %s\n\n# SYNOPSIS\n**%s**\n\n# DESCRIPTION\n%s\n", manName(p), p.Short, p.Usage, prose(p.Long))
		if len(p.Flags) > 0 {
			b.WriteString("\n# OPTIONS\n")
			for _, f := range p.Flags {
				fmt.Fprintf(&b, "%s\n\t%s\n\n", flagMan(f), f.Usage)
			}
		}
		if p.Example != "" {
			fmt.Fprintf(&b, "\n# EXAMPLES\n```\n%s\n```\n", dedent(p.Example))
		}
		fmt.Fprintf(&b, "\n# SEE ALSO\n%s\n", strings.Join(seeAlso(p, pages), ", "))
		files[manName(p)+"."+section(p)] = md2man.Render([]byte(b.String()))
	}
	return files
}

func manName(p cli.Page) string {
	if p.Topic {
		return program + "-" + p.Name
	}
	return strings.ReplaceAll(p.Name, " ", "-")
}

func section(p cli.Page) string {
	if p.Topic {
		return "7"
	}
	return "1"
}

// seeAlso names the page above and those below; the root names the topics too.
func seeAlso(p cli.Page, pages []cli.Page) []string {
	var names []string
	if space := strings.LastIndexByte(p.Name, ' '); space > 0 {
		names = append(names, "**"+strings.ReplaceAll(p.Name[:space], " ", "-")+"**(1)")
	}
	for _, below := range p.Below {
		names = append(names, "**"+strings.ReplaceAll(below, " ", "-")+"**(1)")
	}
	if p.Topic {
		names = append(names, "**"+program+"**(1)")
	}
	if p.Name == program {
		for _, other := range pages {
			if other.Topic {
				names = append(names, "**"+manName(other)+"**(7)")
			}
		}
	}
	return names
}

func flagMan(f cli.Flag) string {
	text := "**--" + f.Name + "**"
	if f.Shorthand != "" {
		text = "**-" + f.Shorthand + "**, " + text
	}
	if f.Placeholder != "" {
		text += " _" + f.Placeholder + "_"
	}
	return text
}

// markdownPages makes an index, a file for each command of the first level with
// those below it, and one for all topics.
func markdownPages(pages []cli.Page) map[string][]byte {
	files := map[string]*strings.Builder{"README.md": {}, topicsFile: {}}
	index := files["README.md"]
	index.WriteString("# Reference\n\nMade from the commands by `make generate`. `platformctl help` says the same.\n\n| command | |\n|---|---|\n")
	files[topicsFile].WriteString("# Topics\n")
	for _, p := range pages[1:] {
		name := fileOf(p)
		if files[name] == nil {
			files[name] = &strings.Builder{}
		}
		if len(p.Below) == 0 && !p.Topic {
			fmt.Fprintf(index, "| [`%s`](%s#%s) | %s |\n", p.Name, name, anchor(p.Name), p.Short)
		}
		files[name].WriteString(markdown(p))
	}
	index.WriteString("\n| topic | |\n|---|---|\n")
	for _, p := range pages {
		if p.Topic {
			fmt.Fprintf(index, "| [`%s`](%s#%s) | %s |\n", p.Usage, topicsFile, anchor(p.Name), p.Short)
		}
	}
	index.WriteString("\nEvery command takes:\n\n" + flagTable(pages[0].Flags))
	out := map[string][]byte{}
	for name, b := range files {
		out[name] = []byte(strings.TrimRight(b.String(), "\n") + "\n")
	}
	return out
}

const topicsFile = "topics.md"

// fileOf is the file that a page stands in.
func fileOf(p cli.Page) string {
	if p.Topic {
		return topicsFile
	}
	return strings.Fields(p.Name)[1] + ".md"
}

// anchor is how a heading is linked to.
func anchor(heading string) string { return strings.ReplaceAll(heading, " ", "-") }

func markdown(p cli.Page) string {
	var b strings.Builder
	level := "\n## "
	if !p.Topic && strings.Count(p.Name, " ") == 1 {
		level = "# "
	}
	fmt.Fprintf(&b, "%s%s\n\n", level, p.Name)
	if !p.Topic {
		fmt.Fprintf(&b, "```\n%s\n```\n\n", p.Usage)
	}
	b.WriteString(prose(p.Long) + "\n")
	if len(p.Below) > 0 {
		b.WriteString("\n")
		for _, below := range p.Below {
			fmt.Fprintf(&b, "- [`%s`](#%s)\n", below, anchor(below))
		}
	}
	if len(p.Flags) > 0 {
		b.WriteString("\n" + flagTable(p.Flags))
	}
	if p.Example != "" {
		fmt.Fprintf(&b, "\nExamples:\n\n```sh\n%s\n```\n", dedent(p.Example))
	}
	return b.String()
}

func flagTable(flags []cli.Flag) string {
	var b strings.Builder
	b.WriteString("| flag | |\n|---|---|\n")
	for _, f := range flags {
		name := "`--" + f.Name
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		if f.Placeholder != "" {
			name += " " + f.Placeholder
		}
		fmt.Fprintf(&b, "| %s` | %s |\n", name, strings.ReplaceAll(f.Usage, "|", `\|`))
	}
	return b.String()
}

// prose makes Markdown of help text: its indented lines are columns or commands
// and stay as they are.
func prose(text string) string {
	var b strings.Builder
	inside := false
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		indented := strings.HasPrefix(line, "  ")
		if inside && line == "" && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "  ") {
			indented = true
		}
		if indented != inside {
			fence := "```\n"
			if indented && i > 0 && lines[i-1] != "" {
				fence = "\n" + fence
			}
			b.WriteString(fence)
			inside = indented
		}
		if inside {
			b.WriteString(strings.TrimPrefix(line, "  ") + "\n")
			continue
		}
		b.WriteString(strings.NewReplacer("<", `\<`, "*", `\*`).Replace(line) + "\n")
	}
	if inside {
		b.WriteString("```\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

func dedent(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimPrefix(line, "  ")
	}
	return strings.Join(lines, "\n")
}
