package strictyaml

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decodeValue decodes a checked node into out, which is settable.
func decodeValue(path string, n *yaml.Node, out reflect.Value) error {
	if done, err := decodeText(path, n, out); done {
		return err
	}
	switch out.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(out.Type().Elem())
		if err := decodeValue(path, n, fresh.Elem()); err != nil {
			return err
		}
		out.Set(fresh)
		return nil
	case reflect.Struct:
		return decodeStruct(path, n, out)
	case reflect.Map:
		return decodeMap(path, n, out)
	case reflect.Slice:
		return decodeSlice(path, n, out)
	case reflect.Interface:
		v, err := anyOf(path, n)
		if err != nil {
			return err
		}
		out.SetZero()
		if v != nil {
			out.Set(reflect.ValueOf(v))
		}
		return nil
	default:
		return decodeScalar(path, n, out)
	}
}

// decodeText serves types that read themselves from text. A date may stand
// without quotes for them: its text is passed on unchanged.
func decodeText(path string, n *yaml.Node, out reflect.Value) (done bool, err error) {
	u, ok := reflect.TypeAssert[encoding.TextUnmarshaler](out.Addr())
	if !ok {
		return false, nil
	}
	s := n.Value
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!timestamp" {
		if s, err = stringOf(path, n); err != nil {
			return true, err
		}
	}
	if err := u.UnmarshalText([]byte(s)); err != nil {
		return true, refuse(path, n, show(err.Error()))
	}
	return true, nil
}

func decodeScalar(path string, n *yaml.Node, out reflect.Value) error {
	switch {
	case out.Kind() == reflect.String:
		s, err := stringOf(path, n)
		if err != nil {
			return err
		}
		out.SetString(s)
	case out.Kind() == reflect.Bool:
		b, err := boolOf(path, n)
		if err != nil {
			return err
		}
		out.SetBool(b)
	case out.CanInt():
		i, err := intOf(path, n)
		if err != nil {
			return err
		}
		if out.OverflowInt(i) {
			return refuse(path, n, "is out of range")
		}
		out.SetInt(i)
	case out.CanUint():
		i, err := intOf(path, n)
		if err != nil {
			return err
		}
		if i < 0 || out.OverflowUint(uint64(i)) {
			return refuse(path, n, "is out of range")
		}
		out.SetUint(uint64(i))
	case out.CanFloat():
		f, err := floatOf(path, n)
		if err != nil {
			return err
		}
		if out.OverflowFloat(f) {
			return refuse(path, n, "is out of range")
		}
		out.SetFloat(f)
	default:
		return fmt.Errorf("field %q: cannot decode into %s", path, out.Type())
	}
	return nil
}

func decodeSlice(path string, n *yaml.Node, out reflect.Value) error {
	if n.Kind != yaml.SequenceNode {
		return refuse(path, n, "must be a list, not "+kindName(n))
	}
	list := reflect.MakeSlice(out.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if err := decodeValue(index(path, i), item, list.Index(i)); err != nil {
			return err
		}
	}
	out.Set(list)
	return nil
}

func decodeMap(path string, n *yaml.Node, out reflect.Value) error {
	if n.Kind != yaml.MappingNode {
		return refuse(path, n, "must be a map, not "+kindName(n))
	}
	m := reflect.MakeMapWithSize(out.Type(), len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		value := reflect.New(out.Type().Elem()).Elem()
		if err := decodeValue(join(path, key), n.Content[i+1], value); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(key).Convert(out.Type().Key()), value)
	}
	out.Set(m)
	return nil
}

func decodeStruct(path string, n *yaml.Node, out reflect.Value) error {
	if n.Kind != yaml.MappingNode {
		return refuse(path, n, "must be a map of fields, not "+kindName(n))
	}
	fields, inline := fieldsOf(out.Type())
	var rest map[string]any
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field := join(path, key.Value)
		at, known := fields[key.Value]
		switch {
		case known:
			if err := decodeValue(field, value, out.Field(at)); err != nil {
				return err
			}
		case inline >= 0:
			v, err := anyOf(field, value)
			if err != nil {
				return err
			}
			if rest == nil {
				rest = make(map[string]any)
			}
			rest[key.Value] = v
		default:
			return &Error{
				Line: key.Line, Column: key.Column, Field: field, Problem: "unknown field",
				Known: slices.Sorted(maps.Keys(fields)),
			}
		}
	}
	if rest != nil {
		out.Field(inline).Set(reflect.ValueOf(rest))
	}
	return nil
}

// fieldsOf returns the positions of a struct's fields by their names in a
// file, and that of its inline map, or -1.
func fieldsOf(t reflect.Type) (fields map[string]int, inline int) {
	fields, inline = make(map[string]int, t.NumField()), -1
	for i := range t.NumField() {
		tag, ok := t.Field(i).Tag.Lookup("yaml")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case !ok || name == "-":
		case name == "" && options == "inline":
			inline = i
		case name != "":
			fields[name] = i
		}
	}
	return fields, inline
}

func index(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}
