package strictyaml_test

import (
	"testing"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// FuzzEncode writes text as a value and as a key, and reads it back.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{
		"", "a", "4e5889551223", "1e999", "-1E+999", "123456789012345678901234567890", "0x10", "1_000", "yes", "NO", "~", "null",
		"2024-01-01", "1.10", ".inf", "a: b", "- a", "#", "\u00e9", "a\nb", "<<",
	} {
		f.Add(s)
	}
	type document struct {
		Text any `yaml:"text"`
		Any  any `yaml:"any"`
	}
	f.Fuzz(func(t *testing.T, s string) {
		data, err := strictyaml.Encode(document{Text: strictyaml.Verbatim(s), Any: strictyaml.Verbatim(map[string]any{"list": []any{s}})})
		if err != nil {
			return // no YAML can hold it
		}
		var back document
		if err := strictyaml.Decode("x.yaml", data, &back); err != nil {
			if _, control := clean(s); control {
				return // refused on purpose, wherever it comes from
			}
			t.Fatalf("what was written of %q is refused: %v\n%s", s, err, data)
		}
		all, _ := back.Any.(map[string]any)
		list, _ := all["list"].([]any)
		if back.Text != any(s) || len(list) != 1 || list[0] != any(s) {
			t.Errorf("%q is read back as %q and %v", s, back.Text, back.Any)
		}
	})
}

// clean reports whether s holds a character that no file of ours may.
func clean(s string) (string, bool) {
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r == 0xfffd {
			return s, true
		}
	}
	return s, false
}
