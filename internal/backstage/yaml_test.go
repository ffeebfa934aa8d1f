package backstage

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// full has something in every field, and strings that some reader of YAML
// takes for something else.
func full() Entity {
	return Entity{
		APIVersion: APIVersion,
		Kind:       KindResource,
		Metadata: Metadata{
			Name:        "checkout-service-postgresql",
			Namespace:   "default",
			Title:       "Orders: the database",
			Description: "First line.\nSecond # line: with marks.\n",
			Labels:      map[string]string{"platformctl.io/tier": "production", "on": "yes", "1": "014"},
			Annotations: map[string]string{
				"platformctl.io/request-id": "01K3ABCDEFGHJKMNPQRSTVWXYZ",
				"platformctl.io/capability": "database/postgresql@1.0.0",
				"platformctl.io/version":    "1.10",
			},
			Tags:  []string{"postgresql", "c++"},
			Links: []Link{{URL: "https://example.org/a?b=c#d", Title: "Runbook"}},
			Extra: map[string]any{"x": map[string]any{"n": int64(3)}},
		},
		Spec: map[string]any{
			"type":      "database",
			"owner":     "group:default/checkout-service",
			"dependsOn": []any{"component:default/postgresql-managed"},
			"typed":     []any{nil, true, int64(7), 1.5, 2.0, 2.5e-7, "1e3", "~", "2024-01-01", "=", "<<", ""},
			"nested":    []any{[]any{map[string]any{"a": []any{}, "b": map[string]any{}}}},
		},
	}
}

func TestMarshalGolden(t *testing.T) {
	got, err := full().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("testdata/full.yaml", got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("Marshal() (-testdata/full.yaml +got):\n%s", diff)
	}
}

func TestRoundTrip(t *testing.T) {
	want := full()
	data, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse("full.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Entity{want}, got); diff != "" {
		t.Errorf("Parse(Marshal()) (-want +got):\n%s", diff)
	}
}

// Strings that came back changed, or as something else, from one reader of
// YAML or another.
func TestMarshalQuotes(t *testing.T) {
	for _, s := range []string{
		"yes", "No", "ON", "off", "y", "N", "true", "False", "null", "NULL", "~", "",
		"014", "0o14", "0x10", "0b1", "1e3", "1E3", "1.10", ".5", "5.", "+1", "-1", "1_000", "12:30:45", "190:20:30",
		".inf", "-.INF", ".nan", "NaN", "2024-01-01", "2024-01-01T00:00:00Z",
		"=", "<<", "-", "--", "---", "...", "?", ":", "a:", "a: b", "a :b", "a #b", "#a", "@a", "`a", "%a", "!a", "&a", "*a",
		"|", ">", "[a", "{a", "a]", "'a", `"a"`, "a,b", " a", "a ", "a\tb", "\ta", "a\\b",
		"a\nb", "\na", "a\n", "a\n\n", " a\nb", "a \nb", "a\n b", "a\n\tb", "\n", "a\r\nb", "a\rb", "a\n#b", "a\n---\nb", "- a\n- b\n",
		"\u0085", "a\u2028b", "\ufeffa", "\u200b", "\x1b[2J", "\x07", "\x7f", "é", "日本", "🦫", "a\u00a0b",
		strings.Repeat("long ", 400), strings.Repeat("x", 2000), strings.Repeat("line\n", 200),
	} {
		want := Entity{
			APIVersion: APIVersion, Kind: KindResource,
			Metadata: Metadata{Name: "x", Description: s, Annotations: map[string]string{s: s}},
			Spec:     map[string]any{"list": []any{s, map[string]any{s: s}}},
		}
		data, err := want.Marshal()
		if err != nil {
			t.Errorf("Marshal() with %q: %v", s, err)
			continue
		}
		got, err := Parse("x.yaml", data)
		if err != nil {
			t.Errorf("Parse(Marshal()) with %q: %v\n%s", s, err, data)
			continue
		}
		if diff := cmp.Diff([]Entity{want}, got); diff != "" {
			t.Errorf("round trip of %q (-want +got):\n%s\n%s", s, diff, data)
		}
	}
}

// Any text at all, in every place that text has.
func FuzzMarshalText(f *testing.F) {
	f.Add("a: b", "yes")
	f.Add("\n a\n", "- x\n")
	f.Add("a\u2028\r\n", "? \t")
	f.Fuzz(func(t *testing.T, a, b string) {
		want := Entity{
			Kind:     KindResource,
			Metadata: Metadata{Name: "x" + a, Description: b + "\n" + a, Annotations: map[string]string{a: b, b: a}},
			Spec:     map[string]any{"list": []any{a, []any{b, map[string]any{a: b}}}},
		}
		data, err := want.Marshal()
		bad := func(s string) bool { return !utf8.ValidString(s) || strings.Contains(s, "\x00") }
		if err != nil {
			if !bad(a) && !bad(b) {
				t.Fatalf("Marshal() with %q, %q: %v", a, b, err)
			}
			return
		}
		got, err := Parse("x.yaml", data)
		if err != nil {
			t.Fatalf("Parse(Marshal()) with %q, %q: %v\n%s", a, b, err, data)
		}
		if diff := cmp.Diff([]Entity{want}, got); diff != "" {
			t.Fatalf("round trip of %q, %q (-want +got):\n%s\n%s", a, b, diff, data)
		}
	})
}

// Plain is for what every reader takes for a string; all else is quoted.
func TestMarshalPlain(t *testing.T) {
	tests := map[string]bool{
		"checkout":                       true,
		"group:default/checkout":         true,
		"database/postgresql@1.0.0":      true,
		"https://example.org/a":          true,
		"Managed database":               true,
		"url:https://example.org/tree/m": true,
		"01K3ABCDEFGHJKMNPQRSTVWXYZ":     false,
		"yes":                            false,
		"1e3":                            false,
		"2024-01-01":                     false,
		"=":                              false,
		"<<":                             false,
		"~":                              false,
		"key: value":                     false,
		"a #b":                           false,
		"a:":                             false,
	}
	for s, want := range tests {
		if got := isPlain(s); got != want {
			t.Errorf("isPlain(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestMarshalIsDeterministic(t *testing.T) {
	first, err := full().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := full().Marshal()
		if err != nil || string(again) != string(first) {
			t.Fatalf("Marshal() differs between calls: %v\n%s\n%s", err, first, again)
		}
	}
}

func TestMarshalRefuses(t *testing.T) {
	tests := map[string]any{
		"NaN":             math.NaN(),
		"infinity":        math.Inf(1),
		"beyond 2^53":     int64(1) << 53,
		"1e21":            1e21,
		"invalid UTF-8":   "\xff",
		"NUL":             "a\x00b",
		"struct":          struct{}{},
		"key with NUL":    map[string]any{"a\x00": 1},
		"invalid in list": []any{"ok", "\xfe"},
	}
	for name, value := range tests {
		t.Run(name, func(t *testing.T) {
			e := full()
			e.Spec["bad"] = value
			if data, err := e.Marshal(); err == nil {
				t.Errorf("Marshal() took %v:\n%s", value, data)
			} else if !strings.Contains(err.Error(), "spec.bad") {
				t.Errorf("Marshal() error does not name the field: %v", err)
			}
		})
	}
}

func TestMarshalJSON(t *testing.T) {
	got, err := json.Marshal(full())
	if err != nil {
		t.Fatal(err)
	}
	data, err := full().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	// The YAML form, read by any reader and written as JSON, is the JSON form.
	var want, back map[string]any
	if err := yaml.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if err := strictyaml.DecodeJSON("entity.json", got, &back); err != nil {
		t.Fatal(err)
	}
	// Sprint sorts the keys of maps and writes 7 and 7.0 alike.
	if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(back)); diff != "" {
		t.Errorf("MarshalJSON() (-YAML form +got):\n%s", diff)
	}
}

func TestParseDocuments(t *testing.T) {
	const one = "apiVersion: backstage.io/v1alpha1\nkind: Domain\nmetadata: {name: a}\nspec: {owner: me}\n"
	got, err := Parse("catalog-info.yaml", []byte("---\n"+one+"---\n# nothing\n---\nnull\n---\n"+strings.Replace(one, "a}", "b}", 1)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range got {
		names = append(names, e.Metadata.Name)
	}
	if diff := cmp.Diff([]string{"a", "b"}, names); diff != "" {
		t.Errorf("entities (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "apiVersion: backstage.io/v1alpha1\nkind: Domain\n"
	tests := map[string]struct{ in, field string }{
		"foreign root field":     {head + "metadata: {name: a}\nstatus: {}\n", "status"},
		"number as label":        {head + "metadata: {name: a, labels: {l: 1}}\n", "metadata.labels.l"},
		"bool as annotation":     {head + "metadata: {name: a, annotations: {l: true}}\n", "metadata.annotations.l"},
		"description null":       {head + "metadata: {name: a, description: }\n", "metadata.description"},
		"number as name":         {head + "metadata: {name: 014}\n", "metadata.name"},
		"duplicate key":          {head + "metadata: {name: a, name: b}\n", "metadata.name"},
		"unknown field of link":  {head + "metadata: {name: a, links: [{uri: x}]}\n", "metadata.links[0].uri"},
		"merge key":              {head + "metadata: {name: a}\nspec: {<<: {a: b}}\n", "spec"},
		"list as spec":           {head + "metadata: {name: a}\nspec: []\n", "spec"},
		"unquoted date in spec":  {head + "metadata: {name: a}\nspec: {d: 2024-01-01}\n", "spec.d"},
		"number that is rounded": {head + "metadata: {name: a}\nspec: {d: 9007199254740993}\n", "spec.d"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Parse("x.yaml", []byte(tt.in))
			yamlErr, ok := errors.AsType[*strictyaml.Error](err)
			if !ok {
				t.Fatalf("Parse() = %+v, %v, want a strictyaml.Error", got, err)
			}
			if yamlErr.Field != tt.field {
				t.Errorf("field = %q, want %q (%v)", yamlErr.Field, tt.field, err)
			}
		})
	}
}

// Whatever can be read can be written, and comes back equal.
func FuzzRoundTrip(f *testing.F) {
	seed, err := full().Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Add([]byte("apiVersion: a\nkind: b\nmetadata: {name: \"a\\nb\", extra: [1, 1.0, .5]}\nspec: {}\n---\nkind: c\n"))
	f.Add([]byte("kind: \"\\u2028 \\x85\"\nspec: {? \"long\\n key\" : |2-\n   a\n\n  b}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entities, err := Parse("fuzz.yaml", data)
		if err != nil {
			return
		}
		for _, want := range entities {
			written, err := want.Marshal()
			if err != nil {
				t.Fatalf("Marshal() of what was read: %v", err)
			}
			got, err := Parse("written.yaml", written)
			if err != nil {
				t.Fatalf("Parse(Marshal()): %v\n%s", err, written)
			}
			if diff := cmp.Diff([]Entity{normal(want)}, got); diff != "" {
				t.Fatalf("round trip (-want +got):\n%s\n%s", diff, written)
			}
			_ = want.Validate()
			_ = want.Relations()
		}
	})
}

// normal gives empty collections of metadata, which are not written, the form
// that absent ones have.
func normal(e Entity) Entity {
	if len(e.Metadata.Labels) == 0 {
		e.Metadata.Labels = nil
	}
	if len(e.Metadata.Annotations) == 0 {
		e.Metadata.Annotations = nil
	}
	if len(e.Metadata.Tags) == 0 {
		e.Metadata.Tags = nil
	}
	if len(e.Metadata.Links) == 0 {
		e.Metadata.Links = nil
	}
	return e
}

func BenchmarkMarshalParseValidate(b *testing.B) {
	e := full()
	for b.Loop() {
		data, err := e.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		back, err := Parse("full.yaml", data)
		if err != nil {
			b.Fatal(err)
		}
		if err := back[0].Validate(); err != nil {
			b.Fatal(err)
		}
	}
}
