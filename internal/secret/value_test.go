package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const hidden = "hunter2"

// holder has a Value wherever a formatter may find one.
type holder struct {
	Public  Value
	private Value
	Pointer *Value
	List    []Value
	Map     map[string]Value `xml:"-"`
	Any     any
}

func newHolder() holder {
	v := NewValue(hidden)
	return holder{v, v, &v, []Value{v}, map[string]Value{"k": v}, v}
}

func TestValueIsNeverPrinted(t *testing.T) {
	v, h := NewValue(hidden), newHolder()
	outputs := map[string]func() string{
		"String":   v.String,
		"GoString": v.GoString,
		"Sprint":   func() string { return fmt.Sprint(v, &v, h, &h) },
		"error":    func() string { return fmt.Errorf("bad %v: %w", v, errors.New(fmt.Sprint(h))).Error() },
		"json":     func() string { return marshalled(t, json.Marshal, h) },
		"yaml":     func() string { return marshalled(t, yaml.Marshal, h) },
		"xml":      func() string { return marshalled(t, xml.Marshal, h) },
		"slog text": func() string {
			return logged(func(w *bytes.Buffer) slog.Handler { return slog.NewTextHandler(w, nil) }, v, h)
		},
		"slog json": func() string {
			return logged(func(w *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(w, nil) }, v, h)
		},
		"panic": func() (text string) {
			defer func() { text = fmt.Sprint(recover()) }()
			panic(v)
		},
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%t", "%p", "%T %v", "%10s", "%-5.2s", "%z"} {
		outputs["Sprintf "+verb] = func() string {
			return fmt.Sprintf(verb, v, v) + fmt.Sprintf(verb, h, h) + fmt.Sprintf(verb, &h, []any{v, &v, h})
		}
	}
	hex := fmt.Sprintf("%x", hidden)
	for name, output := range outputs {
		t.Run(name, func(t *testing.T) {
			got := output()
			for _, form := range []string{hidden, hidden[:2], hex, strings.ToUpper(hex), "68 75 6e", "104 117 110"} {
				if strings.Contains(got, form) {
					t.Errorf("output holds %q: %s", form, got)
				}
			}
			if !strings.Contains(got, redacted) {
				t.Errorf("output does not say %q: %s", redacted, got)
			}
		})
	}
}

func marshalled(t *testing.T, marshal func(any) ([]byte, error), v any) string {
	t.Helper()
	data, err := marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func logged(handler func(*bytes.Buffer) slog.Handler, v Value, h holder) string {
	var out bytes.Buffer
	slog.New(handler(&out)).With("with", v).Info("message", "value", v, "pointer", &v, "holder", h, slog.Group("g", "v", v))
	return out.String()
}

func TestValueReveals(t *testing.T) {
	if got := NewValue(hidden).Reveal(); got != hidden {
		t.Errorf("Reveal() = %q, want %q", got, hidden)
	}
	if got := (Value{}).Reveal(); got != "" {
		t.Errorf("zero Reveal() = %q, want nothing", got)
	}
	if got := newHolder().private.Reveal(); got != hidden {
		t.Errorf("Reveal() of a field = %q, want %q", got, hidden)
	}
}
