package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// marshalYAML writes the JSON form of v as YAML, so that one set of tags and
// one order of fields serves both.
func marshalYAML(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	node, err := yamlNode(d)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(node); err != nil {
		return nil, err
	}
	return escapeQuoted(out.Bytes(), func(w io.Writer, r rune) { fmt.Fprintf(w, `\U%08X`, r) }), nil
}

// yamlNode reads the next JSON value.
func yamlNode(d *json.Decoder) (*yaml.Node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		return yamlCollection(d, t)
	case string:
		return yamlString(t)
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(t.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: t.String()}, nil
	default: // bool, nil
		node := &yaml.Node{}
		return node, node.Encode(t)
	}
}

func yamlCollection(d *json.Decoder, open json.Delim) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode}
	if open == '{' {
		node.Kind = yaml.MappingNode
	}
	for d.More() { // the keys of an object are tokens too
		child, err := yamlNode(d)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, child)
	}
	if len(node.Content) == 0 {
		node.Style = yaml.FlowStyle // {} and []
	}
	_, err := d.Token()
	return node, err
}

// yamlString quotes what another reader could take for another type, and what
// escapeQuoted must find between quotes.
func yamlString(s string) (*yaml.Node, error) {
	node := &yaml.Node{}
	if err := node.Encode(s); err != nil {
		return nil, err
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && unsafe(r) }) {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node, nil
}
