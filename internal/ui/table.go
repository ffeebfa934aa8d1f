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
// row, last of all. Where that does not help, each row becomes a block of lines.
func writeTable(out *bytes.Buffer, header []string, rows [][]string, limit int) {
	if len(header) == 0 {
		return
	}
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
		headers := make([]int, len(header))
		for i, h := range lines[0] {
			headers[i] = displayWidth(h)
		}
		if fit(widths, headers, limit-columnGap*(len(widths)-1)) > 0 {
			writeBlocks(out, header, rows, limit)
			return
		}
	}
	for _, line := range lines {
		for i, cell := range line {
			line[i] = text.Pad(cut(cell, widths[i]), widths[i], ' ')
		}
		out.WriteString(strings.TrimRight(strings.Join(line, strings.Repeat(" ", columnGap)), " "))
		out.WriteByte('\n')
	}
}

// writeBlocks writes each row as lines of "header: value", with an empty line
// between rows.
func writeBlocks(out *bytes.Buffer, header []string, rows [][]string, limit int) {
	for i, row := range rows {
		if i > 0 {
			out.WriteByte('\n')
		}
		var pairs []block
		for j := range min(len(row), len(header)) {
			pairs = append(pairs, block{key: strings.ToUpper(header[j]), value: row[j]})
		}
		writePairs(out, pairs, limit)
	}
}

// fit shrinks columns until their sum is at most limit: first those after the
// first down to their headers, then further, and the first at last. It returns
// what is still too much.
func fit(widths, headers []int, limit int) int {
	excess := -limit
	for _, w := range widths {
		excess += w
	}
	floors := slices.Repeat([]int{minColumn}, len(widths))
	excess = shrink(widths[1:], headers[1:], excess)
	excess = shrink(widths[1:], floors[1:], excess)
	return shrink(widths[:1], floors[:1], excess)
}

// shrink takes excess from the widest columns, one by one, and returns what
// their floors leave of it.
func shrink(widths, floors []int, excess int) int {
	for ; excess > 0; excess-- {
		widest := -1
		for i, w := range widths {
			if w > max(floors[i], minColumn) && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return excess
		}
		widths[widest]--
	}
	return 0
}

func displayWidth(s string) int { return text.StringWidthWithoutEscSequences(s) }

// cut shortens s to columns and marks that with an ellipsis.
func cut(s string, columns int) string { return text.Snip(s, columns, ellipsis) }
