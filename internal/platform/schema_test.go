package platform

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

func compiled(tb testing.TB) *jsonschema.Schema {
	tb.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		tb.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("platform.json", doc); err != nil {
		tb.Fatal(err)
	}
	schema, err := compiler.Compile("platform.json")
	if err != nil {
		tb.Fatal(err)
	}
	return schema
}

// The schema and the Go types name the same fields, with the same types.
func TestSchemaMatchesTypes(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	resolve := func(node map[string]any) map[string]any {
		ref, ok := node["$ref"].(string)
		if !ok {
			return node
		}
		return root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
	}
	var compare func(path string, typ reflect.Type, node map[string]any)
	compare = func(path string, typ reflect.Type, node map[string]any) {
		node = resolve(node)
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		kinds := map[reflect.Kind]string{
			reflect.String: "string", reflect.Bool: "boolean", reflect.Slice: "array", reflect.Map: "object", reflect.Struct: "object", reflect.Int: "integer",
		}
		if got, ok := node["type"].(string); ok && got != kinds[typ.Kind()] {
			t.Errorf("%s: schema says %s, Go says %s", path, got, typ)
		}
		if typ.Kind() == reflect.Slice {
			compare(path+"[]", typ.Elem(), node["items"].(map[string]any))
		}
		if typ.Kind() == reflect.Struct {
			properties, _ := node["properties"].(map[string]any)
			var names []string
			for field := range typ.Fields() {
				name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
				names = append(names, name)
				if property, ok := properties[name].(map[string]any); ok {
					compare(path+"."+name, field.Type, property)
				}
			}
			slices.Sort(names)
			if diff := cmp.Diff(names, slices.Sorted(maps.Keys(properties))); diff != "" {
				t.Errorf("%s: fields (-Go +schema):\n%s", path, diff)
			}
			if node["additionalProperties"] != false {
				t.Errorf("%s: schema takes other fields", path)
			}
		}
	}
	compare("platform", reflect.TypeFor[Config](), root)
}

// Every reserved name is refused by the schema too.
func TestSchemaReservedNames(t *testing.T) {
	schema := compiled(t)
	for _, name := range append(reserved(), "pg-x", "com1", "lpt0", "abc", "com10", "a--b") {
		doc := map[string]any{
			"apiVersion": APIVersion, "kind": Kind, "metadata": map[string]any{"name": name},
			"spec": map[string]any{"environments": []any{map[string]any{"name": "local", "target": "local"}}},
		}
		schemaErr, nameErr := schema.Validate(doc), CheckName("name", name)
		if (schemaErr == nil) != (nameErr == nil) {
			t.Errorf("name %q: schema says %v, CheckName says %v", name, schemaErr, nameErr)
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compiled(t)
	for name, tt := range badConfigs {
		var doc any
		if err := strictyaml.Decode(name, []byte(tt.in), &doc); err != nil {
			continue // no schema sees it
		}
		if err := schema.Validate(doc); (err != nil) != tt.schema {
			t.Errorf("%s: schema says %v", name, err)
		}
	}
}

func FuzzParseConfig(f *testing.F) {
	schema := compiled(f)
	for _, config := range []Config{DefaultConfig("acme"), acme()} {
		data, err := config.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, tt := range badConfigs {
		f.Add([]byte(tt.in))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := ParseConfig("platform.yaml", data)
		if err != nil {
			return
		}
		var doc any
		if err := strictyaml.Decode("platform.yaml", data, &doc); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Fatalf("ParseConfig takes what the schema refuses: %v\n%s", err, data)
		}
		if _, err := Place(t.Context(), config, Ask{Environment: config.DefaultEnvironment().Name}); err != nil {
			t.Fatalf("the default environment is none: %v", err)
		}
	})
}
