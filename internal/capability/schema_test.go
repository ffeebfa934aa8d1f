package capability_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/platformctl/platformctl/internal/capability"
)

// TestSchemaMatchesTypes holds the schema and the Go types together: every
// field of one is a field of the other.
func TestSchemaMatchesTypes(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(capability.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	seen := map[reflect.Type]bool{}
	compareType(t, "capability.yaml", schema, schema, reflect.TypeFor[capability.Definition](), seen)
	if len(seen) < 15 {
		t.Errorf("only %d types were compared", len(seen))
	}
}

func compareType(t *testing.T, path string, root, schema map[string]any, typ reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	schema = deref(t, root, schema)
	switch typ.Kind() { //nolint:exhaustive // the others are leaves
	case reflect.Pointer:
		compareType(t, path, root, schema, typ.Elem(), seen)
	case reflect.Slice:
		compareType(t, path+"[]", root, child(schema, "items"), typ.Elem(), seen)
	case reflect.Map:
		compareType(t, path+".*", root, child(schema, "additionalProperties"), typ.Elem(), seen)
	case reflect.Struct:
		if _, reads := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(typ)); reads {
			return
		}
		seen[typ] = true
		if schema["additionalProperties"] != false {
			t.Errorf("%s: the schema allows unknown fields", path)
		}
		properties := child(schema, "properties")
		var want, got []string
		for field := range typ.Fields() {
			if name := field.Tag.Get("yaml"); name != "" {
				want = append(want, name)
				compareType(t, path+"."+name, root, child(properties, name), field.Type, seen)
			}
		}
		for name := range properties {
			got = append(got, name)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: fields (-Go +schema):\n%s", path, diff)
		}
	}
}

func deref(t *testing.T, root, schema map[string]any) map[string]any {
	t.Helper()
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema
	}
	def := child(child(root, "$defs"), strings.TrimPrefix(ref, "#/$defs/"))
	if len(def) == 0 {
		t.Fatalf("schema has no %s", ref)
	}
	return def
}

func child(m map[string]any, name string) map[string]any {
	inner, _ := m[name].(map[string]any)
	return inner
}

// TestSchemaTakesDefinitions holds every definition in the repository against
// the schema that editors use, and one that is none.
func TestSchemaTakesDefinitions(t *testing.T) {
	compiler := jsonschema.NewCompiler()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(capability.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiler.AddResource("mem:///capability", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("mem:///capability")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../*/capabilities/*/capability.yaml")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("../../e2e/testdata/capabilities/*/capability.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, more...)
	if len(files) < 4 {
		t.Fatalf("found only %q", files)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v map[string]any
		if err := yaml.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		v["spec"].(map[string]any)["lifecycle"] = "retired"
		if schema.Validate(v) == nil {
			t.Errorf("%s: the schema takes lifecycle retired", file)
		}
	}
}
