package ui

import (
	"bytes"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// Text collects the blocks of a result for people. Each is escaped, and
// wrapped to the width of the terminal when there is one.
type Text struct{ blocks []block }

type block struct {
	kind       blockKind
	key, value string
	header     []string
	rows       [][]string
}

type blockKind int

const (
	headingBlock blockKind = iota
	paragraphBlock
	pairBlock
	bulletBlock
	literalBlock
	tableBlock
	gapBlock
)

const indent = "  "

// Heading begins a section; an empty line separates it from the one before.
func (t *Text) Heading(s string) { t.add(block{kind: headingBlock, value: s}) }

// Paragraph adds running text. It may hold several lines.
func (t *Text) Paragraph(s string) { t.add(block{kind: paragraphBlock, value: s}) }

// Pair adds a key and its value. The values of adjacent pairs are aligned.
func (t *Text) Pair(key, value string) { t.add(block{kind: pairBlock, key: key, value: value}) }

// Bullet adds an item of a list.
func (t *Text) Bullet(s string) { t.add(block{kind: bulletBlock, value: s}) }

// Literal adds an indented line that is never wrapped, such as a command to
// copy.
func (t *Text) Literal(s string) { t.add(block{kind: literalBlock, value: s}) }

// Table adds rows in columns.
func (t *Text) Table(header []string, rows [][]string) {
	t.add(block{kind: tableBlock, header: header, rows: rows})
}

// Gap adds an empty line.
func (t *Text) Gap() { t.add(block{kind: gapBlock}) }

func (t *Text) add(b block) { t.blocks = append(t.blocks, b) }

func (t *Text) write(out *bytes.Buffer, limit int, color bool) {
	for i := 0; i < len(t.blocks); i++ {
		b := t.blocks[i]
		switch b.kind {
		case headingBlock:
			if out.Len() > 0 && !bytes.HasSuffix(out.Bytes(), []byte("\n\n")) {
				out.WriteByte('\n')
			}
			out.WriteString(bold(Escape(b.value), color) + "\n")
		case paragraphBlock:
			writeWrapped(out, "", b.value, limit)
		case pairBlock:
			end := i
			for end < len(t.blocks) && t.blocks[end].kind == pairBlock {
				end++
			}
			writePairs(out, t.blocks[i:end], limit)
			i = end - 1
		case bulletBlock:
			writeWrapped(out, indent+"- ", b.value, limit)
		case literalBlock:
			out.WriteString(indent + Escape(b.value) + "\n")
		case tableBlock:
			writeTable(out, b.header, b.rows, limit)
		case gapBlock:
			out.WriteByte('\n')
		}
	}
}

func writePairs(out *bytes.Buffer, pairs []block, limit int) {
	keys := 0
	for _, p := range pairs {
		keys = max(keys, displayWidth(Escape(p.key)))
	}
	for _, p := range pairs {
		writeWrapped(out, text.Pad(indent+Escape(p.key)+":", len(indent)+keys+1+len(indent), ' '), p.value, limit)
	}
}

// writeWrapped writes s after prefix, which is escaped already, and aligns
// further lines below the first.
func writeWrapped(out *bytes.Buffer, prefix, s string, limit int) {
	hanging := strings.Repeat(" ", displayWidth(prefix))
	for line := range strings.SplitSeq(strings.TrimRight(EscapeLines(s), "\n"), "\n") {
		for _, part := range wrap(line, limit-len(hanging)) {
			out.WriteString(strings.TrimRight(prefix+part, " ") + "\n")
			prefix = hanging
		}
	}
}

// minWrap is the width below which wrapping makes text harder to read.
const minWrap = 20

// wrap breaks s at spaces into lines of at most columns. A longer word keeps a
// line of its own, whole, so that it can be copied. Spaces at the beginning
// and between words stay.
func wrap(s string, columns int) []string {
	if columns < minWrap || displayWidth(s) <= columns {
		return []string{s}
	}
	var lines []string
	line := ""
	for i, word := range strings.Split(s, " ") {
		switch {
		case i == 0:
			line = word
		case strings.TrimSpace(line) != "" && displayWidth(line)+1+displayWidth(word) > columns:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

func bold(s string, color bool) string {
	if !color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}
