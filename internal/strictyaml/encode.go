package strictyaml

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Encode returns v as YAML that [Decode] reads back, indented by two spaces.
func Encode(v any) ([]byte, error) {
	var node yaml.Node
	if err := node.Encode(v); err != nil {
		return nil, err
	}
	Quote(&node)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Quote puts quotes around the strings in node that [Decode] would not take for
// strings. The encoder leaves them out where a number would be too large to be
// one: 4e5889551223.
func Quote(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!str" && plain(node) && ambiguous(node.Value) != "" {
		node.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range node.Content {
		Quote(child)
	}
}

// Verbatim returns the plain value v, of maps, lists and scalars, for [Encode]:
// text of several lines is put in quotes. The encoder makes a block of it, and
// loses what begins with white space.
func Verbatim(v any) any {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "\n") {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v, Style: yaml.DoubleQuotedStyle}
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = Verbatim(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			out[i] = Verbatim(value)
		}
		return out
	}
	return v
}
