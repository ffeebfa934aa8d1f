package strictyaml

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxNumber is the largest whole number that every JSON reader keeps exactly.
// Fractions go no further: a larger one is whole, and is written as such.
const maxNumber = 1<<53 - 1

const outOfRange = "is out of range: numbers go to 9007199254740991"

// stringOf returns the text of a node that stands where a string belongs.
func stringOf(path string, n *yaml.Node) (string, error) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		problem := "must be a string, not " + kindName(n)
		if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
			problem += "; put it in quotes"
		}
		return "", refuse(path, n, problem)
	}
	if plain(n) {
		if problem := ambiguous(n.Value); problem != "" {
			return "", refuse(path, n, problem)
		}
	}
	return n.Value, nil
}

func boolOf(path string, n *yaml.Node) (bool, error) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		return false, refuse(path, n, "must be true or false")
	}
	return strings.EqualFold(n.Value, "true"), nil
}

func intOf(path string, n *yaml.Node) (int64, error) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && !isInteger(n.Value) || quoted(n) {
		return 0, refuse(path, n, "must be a whole number")
	}
	if !json.Valid([]byte(n.Value)) || n.Value == "-0" {
		return 0, refuse(path, n, "must be a whole number in plain decimal digits")
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || i > maxNumber || i < -maxNumber {
		return 0, refuse(path, n, outOfRange)
	}
	return i, nil
}

func floatOf(path string, n *yaml.Node) (float64, error) {
	if n.Kind == yaml.ScalarNode && !quoted(n) && isInteger(n.Value) {
		i, err := intOf(path, n)
		return float64(i), err
	}
	if n.Kind != yaml.ScalarNode || quoted(n) || n.ShortTag() != "!!float" && !json.Valid([]byte(n.Value)) {
		return 0, refuse(path, n, "must be a number")
	}
	if !json.Valid([]byte(n.Value)) {
		return 0, refuse(path, n, "must be a number in plain decimal digits")
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	if err != nil || math.Abs(f) > maxNumber {
		return 0, refuse(path, n, outOfRange)
	}
	if f == 0 && math.Signbit(f) {
		return 0, refuse(path, n, "must be a number in plain decimal digits")
	}
	return f, nil
}

// anyOf returns the plain value of a node that may hold anything.
func anyOf(path string, n *yaml.Node) (any, error) {
	if n.Kind == yaml.MappingNode {
		return mapOf(path, n)
	}
	if n.Kind == yaml.SequenceNode {
		return listOf(path, n)
	}
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return boolOf(path, n)
	case "!!int":
		return intOf(path, n)
	case "!!float":
		if isInteger(n.Value) {
			return intOf(path, n)
		}
		return floatOf(path, n)
	default:
		return stringOf(path, n)
	}
}

func mapOf(path string, n *yaml.Node) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		v, err := anyOf(join(path, key), n.Content[i+1])
		if err != nil {
			return nil, err
		}
		m[key] = v
	}
	return m, nil
}

func listOf(path string, n *yaml.Node) (any, error) {
	list := make([]any, len(n.Content))
	for i, item := range n.Content {
		v, err := anyOf(index(path, i), item)
		if err != nil {
			return nil, err
		}
		list[i] = v
	}
	return list, nil
}

// ambiguous says what is wrong with a plain word that is a string here and
// something else to other readers.
func ambiguous(s string) string {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off":
		return "is true or false to some readers; put it in quotes, or write true or false"
	}
	if json.Valid([]byte(s)) {
		return "is a number out of range; put it in quotes if a string is meant"
	}
	return ""
}

func isInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
	}
	return digits != ""
}

func plain(n *yaml.Node) bool {
	return n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle|yaml.TaggedStyle) == 0
}

func quoted(n *yaml.Node) bool { return !plain(n) }

func refuse(path string, n *yaml.Node, problem string) *Error {
	e := &Error{Line: n.Line, Column: n.Column, Field: path, Problem: problem}
	if n.Kind == yaml.ScalarNode {
		e.Value = show(n.Value)
	}
	return e
}
