package strictyaml_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// FuzzDecode holds that any input is refused with an *Error that says so in
// one printable line, or read into values that mean the same as JSON.
func FuzzDecode(f *testing.F) {
	for _, bad := range badYAML() {
		if len(bad.in) < 1000 {
			f.Add([]byte(bad.in))
		}
	}
	f.Add([]byte("version: a\nvalues: {a: [1, 0.5, true, null, 'x']}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = strictyaml.Decode("f", data, &spec{})
		_ = strictyaml.DecodeJSON("f", data, &spec{})
		var v, again map[string]any
		if err := strictyaml.Decode("f", data, &v); err != nil {
			checkPrintable(t, err)
			return
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("Decode gave what is no JSON: %v", err)
		}
		if len(text) > strictyaml.MaxSize {
			return
		}
		if err := strictyaml.DecodeJSON("f", text, &again); err != nil {
			t.Fatalf("DecodeJSON(%s): %v", text, err)
		}
		if same, _ := json.Marshal(again); !bytes.Equal(text, same) {
			t.Fatalf("%s became %s", text, same)
		}
	})
}

func checkPrintable(t *testing.T, err error) {
	t.Helper()
	var e *strictyaml.Error
	if !errors.As(err, &e) {
		t.Fatalf("error = %#v, want *strictyaml.Error", err)
	}
	for _, r := range e.Error() {
		if r < ' ' || r == 0x7f {
			t.Fatalf("error is not printable: %q", e.Error())
		}
	}
}
