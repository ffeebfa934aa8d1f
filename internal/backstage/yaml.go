package backstage

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// Parse reads the entities of a YAML file, which may hold several documents;
// empty ones are passed over. It reads strictly: a field outside apiVersion,
// kind, metadata and spec, and a value that is not of the type its field has,
// is a [*strictyaml.Error]. Whether an entity keeps the rules of the catalog is
// for [Entity.Validate] to say.
func Parse(name string, data []byte) ([]Entity, error) {
	var entities []Entity
	err := strictyaml.DecodeAll(name, data, func(_ int, decode func(any) error) error {
		var e Entity
		if err := decode(&e); err != nil {
			return err
		}
		entities = append(entities, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return entities, nil
}

// Marshal returns the entity as one YAML document. Equal entities give equal
// bytes: fields in the order Backstage documents them, other keys sorted, block
// style, and every string that some YAML reader takes for something else in
// quotes. Reading the document back gives an equal entity.
//
// A value that YAML cannot carry (see [Entity]), text that is not UTF-8 or has
// a NUL, and a number beyond 2^53-1 are errors.
func (e Entity) Marshal() ([]byte, error) {
	metadata := e.Metadata.fields()
	known := map[string]bool{}
	for _, f := range metadata {
		known[f.key] = true
	}
	for _, key := range slices.Sorted(maps.Keys(e.Metadata.Extra)) {
		if !known[key] {
			metadata = append(metadata, field{key, e.Metadata.Extra[key]})
		}
	}
	fields := []field{{"apiVersion", e.APIVersion}, {"kind", e.Kind}, {"metadata", metadata}}
	if e.Spec != nil {
		fields = append(fields, field{"spec", e.Spec})
	}
	node, err := yamlNode("", fields)
	if err != nil {
		return nil, fmt.Errorf("write entity %q: %w", e.Ref(), err)
	}
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, fmt.Errorf("write entity %q: %w", e.Ref(), err)
	}
	return out.Bytes(), nil
}

// yamlNode returns the node of value, which stands at path.
func yamlNode(path string, value any) (*yaml.Node, error) {
	switch v := value.(type) {
	case nil:
		return scalar("!!null", "null"), nil
	case bool:
		return scalar("!!bool", strconv.FormatBool(v)), nil
	case int:
		return intNode(path, int64(v))
	case int64:
		return intNode(path, v)
	case float64:
		return floatNode(path, v)
	case string:
		return stringNode(path, v)
	case []string:
		return listNode(path, v)
	case []any:
		return listNode(path, v)
	case []Link:
		return listNode(path, v)
	case Link:
		return linkNode(path, v)
	case map[string]string:
		return mapNode(path, v)
	case map[string]any:
		return mapNode(path, v)
	case []field:
		return fieldsNode(path, v)
	}
	return nil, fmt.Errorf("field %q: cannot be written: it is a %T", path, value)
}

func listNode[T any](path string, list []T) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for i, item := range list {
		child, err := yamlNode(fmt.Sprintf("%s[%d]", path, i), item)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, child)
	}
	return node, nil
}

func mapNode[T any](path string, m map[string]T) (*yaml.Node, error) {
	fields := make([]field, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		fields = append(fields, field{key, m[key]})
	}
	return fieldsNode(path, fields)
}

func fieldsNode(path string, fields []field) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, f := range fields {
		at := strings.TrimPrefix(path+"."+f.key, ".")
		key, err := stringNode(at, f.key)
		if err != nil {
			return nil, err
		}
		value, err := yamlNode(at, f.value)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, key, value)
	}
	return node, nil
}

func linkNode(path string, l Link) (*yaml.Node, error) {
	fields := []field{{"url", l.URL}}
	for _, f := range []field{{"title", l.Title}, {"icon", l.Icon}, {"type", l.Type}} {
		if f.value != "" {
			fields = append(fields, f)
		}
	}
	return fieldsNode(path, fields)
}

// maxNumber is the largest that the strict reader takes: up to here all
// readers keep whole numbers exactly.
const maxNumber = 1<<53 - 1

func intNode(path string, i int64) (*yaml.Node, error) {
	if i > maxNumber || i < -maxNumber {
		return nil, fmt.Errorf("field %q: %d is beyond 2^53-1", path, i)
	}
	return scalar("!!int", strconv.FormatInt(i, 10)), nil
}

func floatNode(path string, f float64) (*yaml.Node, error) {
	if math.IsNaN(f) || math.Abs(f) > maxNumber {
		return nil, fmt.Errorf("field %q: %v is no number up to 2^53-1", path, f)
	}
	if f == 0 {
		f = 0 // readers disagree on the negative zero
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0"
	}
	return scalar("!!float", text), nil
}

// stringNode quotes whatever is not plainly a word or a path, and writes text
// of several lines as it is.
func stringNode(path, s string) (*yaml.Node, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("field %q: is not valid UTF-8", path)
	}
	if strings.ContainsRune(s, 0) {
		return nil, fmt.Errorf("field %q: must not contain a NUL character", path)
	}
	node := scalar("!!str", s)
	switch {
	case isBlock(s):
		node.Style = yaml.LiteralStyle
	case !isPlain(s):
		node.Style = yaml.DoubleQuotedStyle
	}
	return node, nil
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// plainText begins with a letter or "_", "/", has no character that means
// something in YAML, and no ":" or "#" beside a space.
var plainText = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_/.,;@+()$^~=-]*([ :][A-Za-z0-9_/.,;@+()$^~=-]+)*$`)

// isPlain reports whether s may stand without quotes: whether every reader of
// YAML 1.1 and 1.2 takes it for a string.
func isPlain(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return len(s) <= 1024 && plainText.MatchString(s)
}

// isBlock reports whether s is text of several lines that a literal block
// carries without loss.
func isBlock(s string) bool {
	if !strings.Contains(s, "\n") || strings.TrimSpace(s) == "" {
		return false
	}
	if strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") || strings.Contains(s, " \n") {
		return false
	}
	for _, r := range s {
		printable := r == '\n' || r >= ' ' && r <= '~' || r >= 0xa0 && r < 0xd800 && r != 0x2028 && r != 0x2029
		if !printable {
			return false
		}
	}
	return true
}
