package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// parseYAML returns the checked root node of every document.
func parseYAML(name string, data []byte) ([]*yaml.Node, error) {
	data, err := text(name, data)
	if err != nil {
		return nil, err
	}
	if err := checkBreaks(name, data); err != nil {
		return nil, err
	}
	var docs []*yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, syntaxError(name, err)
		}
		root := doc.Content[0]
		if e := checkNode("", root, 1); e != nil {
			e.File = name
			return nil, e
		}
		docs = append(docs, root)
	}
	if len(docs) == 0 {
		return nil, &Error{File: name, Problem: "is empty"}
	}
	return docs, nil
}

// text checks size and encoding and takes the byte order mark off.
func text(name string, data []byte) ([]byte, error) {
	if len(data) > MaxSize {
		return nil, &Error{File: name, Problem: fmt.Sprintf("is larger than %d bytes", MaxSize)}
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		at := invalidAt(data)
		return nil, &Error{File: name, Line: lineAt(data, at), Problem: "is not UTF-8 text"}
	}
	return data, nil
}

func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return 0
}

func lineAt(data []byte, offset int) int {
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}

// checkBreaks refuses the characters that some readers take for the end of a
// line and others do not.
func checkBreaks(name string, data []byte) error {
	for _, r := range []rune{'\u0085', '\u2028', '\u2029'} {
		if i := bytes.IndexRune(data, r); i >= 0 {
			return &Error{
				File: name, Line: lineAt(data, i),
				Problem: fmt.Sprintf("character %U ends a line for some readers only; write it as \"\\u%04x\" in quotes", r, r),
			}
		}
	}
	return nil
}

// syntaxError turns the parser's "yaml: line 3: problem" into an Error.
func syntaxError(name string, err error) *Error {
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	e := &Error{File: name, Problem: show(problem)}
	if m := regexp.MustCompile(`^line (\d+): (.*)$`).FindStringSubmatch(problem); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Problem = show(m[2])
	}
	return e
}

// checkNode holds a node and all below it against the rules that do not
// depend on what it is decoded into.
func checkNode(path string, n *yaml.Node, depth int) *Error {
	fail := func(problem, value string) *Error {
		return &Error{Line: n.Line, Column: n.Column, Field: path, Problem: problem, Value: show(value)}
	}
	switch {
	case depth > maxDepth:
		return &Error{Line: n.Line, Column: n.Column, Problem: fmt.Sprintf("is nested deeper than %d levels", maxDepth)}
	case n.Kind == yaml.AliasNode:
		return fail("aliases are not allowed; write the value out", "*"+n.Value)
	case n.Anchor != "":
		return fail("anchors are not allowed; write the value out", "&"+n.Anchor)
	case n.Style&yaml.TaggedStyle != 0 && !harmlessTag(n):
		return fail("tags are not allowed", n.Tag)
	case n.Kind == yaml.ScalarNode && strings.ContainsRune(n.Value, 0):
		return fail("must not contain a NUL character", n.Value)
	case n.Kind == yaml.MappingNode:
		return checkMapping(path, n, depth)
	case n.Kind == yaml.SequenceNode:
		for i, item := range n.Content {
			if e := checkNode(index(path, i), item, depth+1); e != nil {
				return e
			}
		}
	}
	return nil
}

// harmlessTag reports whether the tag says no more than what the value is
// without it: !!str makes a string of anything plain, !!map and !!seq are said
// of maps and lists.
func harmlessTag(n *yaml.Node) bool {
	switch n.Kind {
	case yaml.MappingNode:
		return n.Tag == "!!map"
	case yaml.SequenceNode:
		return n.Tag == "!!seq"
	default:
		return n.Tag == "!!str"
	}
}

func checkMapping(path string, n *yaml.Node, depth int) *Error {
	lines := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if e := checkKey(path, key); e != nil {
			return e
		}
		field := join(path, key.Value)
		if first, ok := lines[key.Value]; ok {
			return &Error{
				Line: key.Line, Column: key.Column, Field: field,
				Problem: fmt.Sprintf("is given twice; the first is on line %d", first),
			}
		}
		lines[key.Value] = key.Line
		if e := checkNode(field, value, depth+1); e != nil {
			return e
		}
	}
	return nil
}

func checkKey(path string, key *yaml.Node) *Error {
	fail := func(problem string) *Error {
		return &Error{Line: key.Line, Column: key.Column, Field: path, Problem: problem, Value: show(key.Value)}
	}
	switch {
	case key.Kind == yaml.AliasNode:
		return fail("aliases are not allowed; write the key out")
	case key.Anchor != "":
		return fail("anchors are not allowed; write the value out")
	case key.Kind != yaml.ScalarNode:
		return fail("a key must be a string, not " + kindName(key))
	case key.ShortTag() == "!!merge":
		return fail("merge keys are not allowed; write the fields out")
	case key.Style&yaml.TaggedStyle != 0:
		return fail("tags are not allowed on keys")
	case key.ShortTag() != "!!str":
		return fail("a key must be a string, not " + kindName(key) + "; put it in quotes")
	case strings.ContainsRune(key.Value, 0):
		return fail("a key must not contain a NUL character")
	}
	return nil
}

func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null"
}

// kindName says in a message what a node is.
func kindName(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "a map"
	}
	if n.Kind == yaml.SequenceNode {
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	default:
		return "a string"
	}
}
