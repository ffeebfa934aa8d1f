package ui

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// plain asks with numbered lines and reads whole lines: for screen readers and
// terminals without escape codes.
type plain struct {
	streams Streams
	lines   *bufio.Scanner
}

var _ Prompter = (*plain)(nil)

// NewPlain returns a prompter that writes no escape codes.
func NewPlain(s Streams) Prompter {
	return &plain{streams: s, lines: bufio.NewScanner(newInput(s))}
}

func (p *plain) Select(label string, options []string, def string) (string, error) {
	if err := checkOptions(options, def); err != nil {
		return "", err
	}
	var list strings.Builder
	list.WriteString(Escape(label) + "\n")
	number := ""
	for i, option := range options {
		fmt.Fprintf(&list, "  %d) %s\n", i+1, Escape(option))
		if def != "" && option == def {
			number = strconv.Itoa(i + 1)
		}
	}
	question := fmt.Sprintf("%sNumber, 1 to %d%s: ", list.String(), len(options), bracketed(number))
	for {
		answer, err := p.ask(question)
		if err != nil {
			return "", err
		}
		if answer == "" {
			answer = number
		}
		if i, err := strconv.Atoi(answer); err == nil && i >= 1 && i <= len(options) {
			return options[i-1], nil
		}
		if slices.Contains(options, answer) { // typed out
			return answer, nil
		}
		question = fmt.Sprintf("Please enter a number from 1 to %d%s: ", len(options), bracketed(number))
	}
}

func (p *plain) Input(label, def string) (string, error) {
	answer, err := p.ask(Escape(label) + bracketed(def) + ": ")
	if err == nil && answer == "" {
		answer = def
	}
	return answer, err
}

func (p *plain) Confirm(label string, def bool) (bool, error) {
	choice := " [y/N]: "
	if def {
		choice = " [Y/n]: "
	}
	question := Escape(label) + choice
	for {
		answer, err := p.ask(question)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(answer) {
		case "":
			return def, nil
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
		question = "Please answer y or n" + choice
	}
}

// ask writes question and returns the next line without surrounding spaces.
func (p *plain) ask(question string) (string, error) {
	if !CanPrompt(p.streams, false) {
		return "", ErrNoInput
	}
	if _, err := io.WriteString(p.streams.Err, question); err != nil {
		return "", ErrNoInput
	}
	if p.lines.Scan() {
		return strings.TrimSpace(p.lines.Text()), nil
	}
	fmt.Fprintln(p.streams.Err)
	return "", inputError(p.lines.Err())
}

func bracketed(def string) string {
	if def == "" {
		return ""
	}
	return " [" + Escape(def) + "]"
}
