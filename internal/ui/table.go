package ui

import (
	"bytes"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

const (
	columnGap = 3
	// minColumn is how far a column is cut in a narrow terminal.
	minColumn = 6
	ellipsis  = "…"
)

// writeTable writes columns without borders. A limit other than 0 cuts the
// widest cells until a row fits, those of the first column, which names the
// row, last of all.
func writeTable(out *bytes.Buffer, header []string, rows [][]string, limit int) {
	lines := make([][]string, 0, len(rows)+1)
	lines = append(lines, make([]string, len(header)))
	for i, h := range header {
		lines[0][i] = strings.ToUpper(Escape(h))
	}
	for _, row := range rows {
		cells := make([]string, len(header))
		for i := range min(len(row), len(header)) {
			cells[i] = Escape(row[i])
		}
		lines = append(lines, cells)
	}
	widths := make([]int, len(header))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], displayWidth(cell))
		}
	}
	if limit > 0 {
		fit(widths, limit-columnGap*(len(widths)-1))
	}
	for _, line := range lines {
		for i, cell := range line {
			line[i] = text.Pad(cut(cell, widths[i]), widths[i], ' ')
		}
		out.WriteString(strings.TrimRight(strings.Join(line, strings.Repeat(" ", columnGap)), " "))
		out.WriteByte('\n')
	}
}

// fit shrinks the widest of the columns by one until their sum is at most
// limit or none can shrink.
func fit(widths []int, limit int) {
	sum := 0
	for _, w := range widths {
		sum += w
	}
	for ; sum > limit; sum-- {
		rest := widths[1:]
		if len(rest) == 0 || slices.Max(rest) <= minColumn {
			rest = widths[:1]
		}
		widest := slices.Index(rest, slices.Max(rest))
		if rest[widest] <= minColumn {
			return
		}
		rest[widest]--
	}
}

func displayWidth(s string) int { return text.StringWidthWithoutEscSequences(s) }

// cut shortens s to columns and marks that with an ellipsis.
func cut(s string, columns int) string { return text.Snip(s, columns, ellipsis) }
