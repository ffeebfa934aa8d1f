package capability

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// plainValue turns a CEL value into a JSON-like one.
func plainValue(v ref.Val) (any, error) {
	switch v := v.(type) {
	case types.Null:
		return nil, nil
	case types.Bool:
		return bool(v), nil
	case types.Int:
		return int64(v), nil
	case types.Double:
		return float64(v), nil
	case types.String:
		return string(v), nil
	case traits.Mapper:
		return plainMap(v)
	case traits.Lister:
		return plainList(v)
	default:
		return nil, fmt.Errorf("gives a %s, which no module takes", v.Type().TypeName())
	}
}

func plainList(list traits.Lister) (any, error) {
	out := []any{}
	for it := list.Iterator(); it.HasNext() == types.True; {
		v, err := plainValue(it.Next())
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func plainMap(m traits.Mapper) (any, error) {
	out := map[string]any{}
	for it := m.Iterator(); it.HasNext() == types.True; {
		key := it.Next()
		name, ok := key.(types.String)
		if !ok {
			return nil, fmt.Errorf("gives a map with a key that is a %s", key.Type().TypeName())
		}
		v, err := plainValue(m.Get(key))
		if err != nil {
			return nil, err
		}
		out[string(name)] = v
	}
	return out, nil
}

// textOf is the form of a value within a longer string.
func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return jsonOf(v)
}

func textsOf(list []any) []string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = textOf(v)
	}
	return texts
}

// jsonOf is the JSON form of a JSON-like value. Two values mean the same when
// their forms are equal, whichever Go types hold their numbers.
func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil { // not JSON-like; shown as it is
		return fmt.Sprint(v)
	}
	return string(text)
}

// show is the form of a refused value in an error: JSON, escaped and cut short.
func show(v any) string {
	const limit = 60
	if text, ok := v.(string); ok {
		return strconv.QuoteToGraphic(clip(text, limit))
	}
	return escape(clip(jsonOf(v), limit))
}

func clip(text string, limit int) string {
	if len(text) > limit*utf8.UTFMax { // no need to look at the rest of something huge
		text = text[:limit*utf8.UTFMax]
	}
	if utf8.RuneCountInString(text) > limit {
		text = string([]rune(text)[:limit-1]) + "…"
	}
	return text
}

// escape makes all of a text visible, on one line.
func escape(text string) string {
	quoted := strconv.QuoteToGraphic(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// compileTree compiles the strings in a value of a definition, at any depth:
// every one becomes a *template.
func (s *scope) compileTree(field string, v any, add func(Problem)) any {
	switch v := v.(type) {
	case string:
		t, problem := s.compile(field, v)
		if problem.Problem != "" {
			add(problem)
		}
		return t
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = s.compileTree(fmt.Sprintf("%s[%d]", field, i), item, add)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range sortedKeys(v) {
			out[key] = s.compileTree(field+"."+key, v[key], add)
		}
		return out
	default:
		return v
	}
}

// evalTree gives the value of a compiled tree. A template that has no value is
// left out of a map, and null in a list.
func evalTree(tree any, vars map[string]any) (any, error) {
	switch tree := tree.(type) {
	case *template:
		return tree.eval(vars)
	case []any:
		out := make([]any, len(tree))
		for i, item := range tree {
			v, err := evalTree(item, vars)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	case map[string]any:
		return evalMap(tree, vars)
	default:
		return tree, nil
	}
}

func evalMap(tree map[string]any, vars map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(tree))
	for _, key := range sortedKeys(tree) {
		v, err := evalTree(tree[key], vars)
		if err != nil {
			return nil, err
		}
		if v != nil {
			out[key] = v
		}
	}
	return out, nil
}

// clone copies a map of values; it is never nil.
func clone(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	maps.Copy(out, m)
	return out
}
