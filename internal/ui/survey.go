package ui

import (
	"errors"
	"io"

	"github.com/AlecAivazis/survey/v2"
	"github.com/AlecAivazis/survey/v2/terminal"
)

const (
	// maxPage is how many options a menu shows at once.
	maxPage = 15
	// menuHint is the width of what survey adds to the label of a menu, with
	// room for a filter.
	menuHint = 45
	// minLabel is how far a label is cut in a narrow terminal.
	minLabel = 10
)

// menus asks with survey, which reacts to every key.
type menus struct {
	streams Streams
	keys    *keys
	screen  *screen // nil: stdin or stderr is no file, so there is no terminal
}

var _ Prompter = (*menus)(nil)

// NewSurvey returns a prompter with menus. It never waits for a terminal that
// does not answer, and it leaves the terminal in the mode in which it was.
func NewSurvey(s Streams) Prompter {
	m := &menus{streams: s, keys: &keys{in: newInput(s)}}
	if out, ok := s.Err.(terminal.FileWriter); ok && m.keys.in.fd >= 0 {
		m.screen = &screen{FileWriter: out, keys: m.keys, width: s.errWidth(), color: s.Color}
	}
	return m
}

func (m *menus) Select(label string, options []string, def string) (string, error) {
	if err := checkOptions(options, def); err != nil {
		return "", err
	}
	columns := m.streams.errWidth()
	prompt := &survey.Select{
		Message:  cut(Escape(label), max(minLabel, columns-menuHint)),
		PageSize: m.page(),
	}
	for i, option := range options {
		prompt.Options = append(prompt.Options, cut(Escape(option), max(minLabel, columns-3)))
		if def != "" && option == def {
			prompt.Default = i
		}
	}
	var chosen int
	if err := m.ask(prompt, &chosen); err != nil {
		return "", err
	}
	return options[chosen], nil
}

func (m *menus) Input(label, def string) (string, error) {
	shown := Escape(def)
	prompt := &survey.Input{
		Message: cut(Escape(label), max(minLabel, m.streams.errWidth()-displayWidth(shown)-menuHint/2)),
		Default: shown,
	}
	var answer string
	if err := m.ask(prompt, &answer); err != nil {
		return "", err
	}
	if answer == shown {
		return def, nil
	}
	return answer, nil
}

func (m *menus) Confirm(label string, def bool) (bool, error) {
	prompt := &survey.Confirm{
		Message: cut(Escape(label), max(minLabel, m.streams.errWidth()-len("?  (Y/n) yes"))),
		Default: def,
	}
	answer := def
	err := m.ask(prompt, &answer)
	return answer && err == nil, err
}

func (m *menus) ask(prompt survey.Prompt, answer any) error {
	if m.screen == nil || !CanPrompt(m.streams, false) {
		return ErrNoInput
	}
	err := survey.AskOne(prompt, answer, survey.WithStdio(m.keys, m.screen, m.screen))
	switch {
	case err == nil:
		return nil
	case errors.Is(err, terminal.InterruptErr):
		return ErrInterrupted
	}
	_, _ = io.WriteString(m.screen, "\r\n") // off the line of the question
	return inputError(err)
}

// page leaves room for the label and the line above it.
func (m *menus) page() int {
	if m.screen == nil {
		return maxPage
	}
	_, rows := m.screen.size()
	return max(3, min(maxPage, rows-3))
}
