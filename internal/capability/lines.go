package capability

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// lines finds the lines of fields in a capability.yaml.
type lines struct{ root *yaml.Node }

// linesOf reads a file for its lines alone: it was checked, or refused, already.
func linesOf(text []byte) lines {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 {
		return lines{}
	}
	return lines{doc.Content[0]}
}

// of returns the line of a field as in spec.tests[0].name, or of the nearest
// field around it that is there; 0 when there is none.
func (l lines) of(field string) int {
	node, line := l.root, 0
	for _, step := range strings.FieldsFunc(field, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		key, value := child(node, strings.Trim(step, `"`))
		if value == nil {
			break
		}
		node, line = value, key.Line
	}
	return line
}

// child is one element of a map or a list, with the node that its line is that of.
func child(node *yaml.Node, step string) (key, value *yaml.Node) {
	if node == nil {
		return nil, nil
	}
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				return node.Content[i], node.Content[i+1]
			}
		}
	}
	if node.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i], node.Content[i]
		}
	}
	return nil, nil
}
