package strictyaml

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// parseJSON returns the checked root node of a JSON text.
func parseJSON(name string, data []byte) (*yaml.Node, error) {
	data, err := text(name, data)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, &Error{File: name, Problem: "is empty"}
	}
	p := &jsonParser{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	p.dec.UseNumber()
	root, err := p.value(1)
	if err == nil {
		if _, rest := p.dec.Token(); !errors.Is(rest, io.EOF) {
			err = errors.New("has more after the end of the value")
		}
	}
	if err != nil {
		return nil, &Error{File: name, Line: p.line(), Problem: show(jsonProblem(err))}
	}
	if e := checkNode("", root, 1); e != nil {
		e.File = name
		return nil, e
	}
	return root, nil
}

// jsonParser builds the nodes that the YAML parser builds for the same text.
type jsonParser struct {
	data []byte
	dec  *json.Decoder
}

func (p *jsonParser) line() int {
	return lineAt(p.data, int(p.dec.InputOffset()))
}

func (p *jsonParser) value(depth int) (*yaml.Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("is nested deeper than %d levels", maxDepth)
	}
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &yaml.Node{Kind: yaml.ScalarNode, Line: p.line()}
	switch t := token.(type) {
	case json.Delim:
		return p.composite(n, t, depth)
	case string:
		n.Tag, n.Value, n.Style = "!!str", t, yaml.DoubleQuotedStyle
	case json.Number:
		n.Value = t.String()
		n.Tag = "!!float"
		if isInteger(n.Value) {
			n.Tag = "!!int"
		}
	case bool:
		n.Tag, n.Value = "!!bool", strconv.FormatBool(t)
	case nil:
		n.Tag, n.Value = "!!null", "null"
	}
	return n, nil
}

// composite reads what follows an opening bracket. Keys come in pairs with
// their values, as in the nodes of a YAML map.
func (p *jsonParser) composite(n *yaml.Node, open json.Delim, depth int) (*yaml.Node, error) {
	n.Kind, n.Tag = yaml.SequenceNode, "!!seq"
	if open == '{' {
		n.Kind, n.Tag = yaml.MappingNode, "!!map"
	}
	for p.dec.More() {
		item, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, item)
	}
	_, err := p.dec.Token()
	return n, err
}

func jsonProblem(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "ends in the middle of a value"
	}
	return err.Error()
}
