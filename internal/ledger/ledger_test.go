package ledger

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

var day = time.Date(2026, 8, 30, 12, 0, 0, 123456789, time.UTC)

func event(n int) Event {
	return Event{
		ID:      fmt.Sprintf("01K3ABCDEFGHJKMNPQRSTV%04d", n),
		Time:    day.Add(time.Duration(n) * time.Second),
		Writer:  "w-4f2a",
		Actor:   "hmac:0123456789abcdef",
		Type:    "platformctl.request.applied",
		Subject: "resource:default/checkout-service-postgresql",
		Request: "01K3ZZZZZZZZZZZZZZZZZZZZZZ",
		Data: map[string]any{
			"capability": "database/postgresql@1.0.0",
			"steps":      []any{map[string]any{"name": "apply", "millis": n}},
		},
	}
}

// chain seals n events and returns them with the bytes of their file.
func chain(tb testing.TB, n int) ([]Event, []byte) {
	tb.Helper()
	var events []Event
	var data []byte
	for i := range n {
		e, line, err := Seal(Last(events), event(i+1))
		if err != nil {
			tb.Fatal(err)
		}
		events, data = append(events, e), append(data, line...)
	}
	return events, data
}

func TestSealGolden(t *testing.T) {
	_, got := chain(t, 2)
	if *update {
		if err := os.WriteFile("testdata/chain.ndjson", got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/chain.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("lines (-testdata/chain.ndjson +got):\n%s", diff)
	}
}

func TestSealParseCheck(t *testing.T) {
	want, data := chain(t, 5)
	got, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Parse(Seal()) (-want +got):\n%s", diff)
	}
	if problems := Check(got); problems != nil {
		t.Errorf("Check() = %v", problems)
	}
	if got, want := Last(got), (Head{Seq: 5, Digest: want[4].Digest}); got != want {
		t.Errorf("Last() = %v, want %v", got, want)
	}
	if got := Last(nil); got != (Head{}) {
		t.Errorf("Last(nil) = %v", got)
	}
}

func TestSealNormalizes(t *testing.T) {
	e := event(1)
	e.Time = time.Now().In(time.FixedZone("", 3600))
	e.Data = map[string]any{
		"int": 3, "float": 2.0, "third": 1.0 / 3, "max": int64(1) << 53, "min": -(1 << 53), "negative zero": math.Copysign(0, -1),
		"small": 1e-7, "struct": struct {
			A int `json:"a"`
		}{7}, "strings": []string{"é", "<&>\u2028"}, "null": nil,
	}
	sealed, line, err := Seal(Head{}, e)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"int": int64(3), "float": int64(2), "third": 1.0 / 3, "max": int64(1) << 53, "min": int64(-(1 << 53)), "negative zero": int64(0),
		"small": 1e-7, "struct": map[string]any{"a": int64(7)}, "strings": []any{"é", "<&>\u2028"}, "null": nil,
	}
	if diff := cmp.Diff(want, sealed.Data); diff != "" {
		t.Errorf("Data (-want +got):\n%s", diff)
	}
	if sealed.Time.Location() != time.UTC || !sealed.Time.Equal(e.Time) {
		t.Errorf("Time = %v, want %v in UTC", sealed.Time, e.Time)
	}
	got, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Event{sealed}, got); diff != "" {
		t.Errorf("Parse(Seal()) (-want +got):\n%s", diff)
	}
}

func TestSealNoData(t *testing.T) {
	for name, data := range map[string]map[string]any{"nil": nil, "empty": {}} {
		e := event(1)
		e.Data = data
		sealed, line, err := Seal(Head{}, e)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(line, []byte(`"data":{}`)) || sealed.Data == nil {
			t.Errorf("%s data: %s", name, line)
		}
	}
}

func TestSealRefuses(t *testing.T) {
	tests := map[string]struct {
		change func(*Event)
		field  string
	}{
		"no id":              {func(e *Event) { e.ID = "" }, "id"},
		"no time":            {func(e *Event) { e.Time = time.Time{} }, "time"},
		"year 10000":         {func(e *Event) { e.Time = e.Time.AddDate(9000, 0, 0) }, "time"},
		"no writer":          {func(e *Event) { e.Writer = "" }, "writer"},
		"no type":            {func(e *Event) { e.Type = "" }, "type"},
		"actor not UTF-8":    {func(e *Event) { e.Actor = "\xff" }, "actor"},
		"subject not UTF-8":  {func(e *Event) { e.Subject = "\xff" }, "subject"},
		"data not UTF-8":     {func(e *Event) { e.Data = map[string]any{"a": []any{"\xff"}} }, "data.a[0]"},
		"strings not UTF-8":  {func(e *Event) { e.Data = map[string]any{"a": []string{"\xff"}} }, "data.a[0]"},
		"map not UTF-8":      {func(e *Event) { e.Data = map[string]any{"a": map[string]string{"b": "\xff"}} }, "data.a.b"},
		"key not UTF-8":      {func(e *Event) { e.Data = map[string]any{"\xff": 1} }, "data"},
		"2^53+1":             {func(e *Event) { e.Data = map[string]any{"a": int64(1)<<53 + 1} }, "data.a"},
		"-2^53-1":            {func(e *Event) { e.Data = map[string]any{"a": []any{-(int64(1)<<53 + 1)}} }, "data.a[0]"},
		"1e20":               {func(e *Event) { e.Data = map[string]any{"a": 1e20} }, "data.a"},
		"largest uint64":     {func(e *Event) { e.Data = map[string]any{"a": uint64(math.MaxUint64)} }, "data.a"},
		"NaN":                {func(e *Event) { e.Data = map[string]any{"a": math.NaN()} }, "data"},
		"function":           {func(e *Event) { e.Data = map[string]any{"a": func() {}} }, "data"},
		"more than MaxLine":  {func(e *Event) { e.Data = map[string]any{"a": strings.Repeat("x", MaxLine)} }, "data"},
		"more, when escaped": {func(e *Event) { e.Data = map[string]any{"a": strings.Repeat("\x01", MaxLine/3)} }, "data"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := event(1)
			tt.change(&e)
			_, line, err := Seal(Head{}, e)
			eventErr, ok := errors.AsType[*EventError](err)
			if !ok || eventErr.Field != tt.field || line != nil {
				t.Errorf("Seal() = %.80s, %v, want an EventError for %q", line, err, tt.field)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	_, data := chain(t, 1)
	line := strings.TrimSuffix(string(data), "\n")
	tests := map[string]string{
		"empty line":            "",
		"no JSON":               "{",
		"list":                  "[]",
		"null":                  "null",
		"two events":            line + line,
		"space":                 line + " ",
		"carriage return":       line + "\r",
		"byte order mark":       "\ufeff" + line,
		"keys in another order": strings.Replace(line, `{"actor":"hmac:0123456789abcdef",`, `{"writer":"w-4f2a","actor":"hmac:0123456789abcdef",`, 1),
		"key in another case":   strings.Replace(line, `"actor"`, `"Actor"`, 1),
		"unknown key":           strings.Replace(line, `{"actor"`, `{"aaa":1,"actor"`, 1),
		"missing key":           strings.Replace(line, `"actor":"hmac:0123456789abcdef",`, ``, 1),
		"number as 1.0":         strings.Replace(line, `"millis":1`, `"millis":1.0`, 1),
		"number beyond 2^53":    strings.Replace(line, `"millis":1`, `"millis":9007199254740993`, 1),
		"time with zone":        strings.Replace(line, `.123456789Z`, `.123456789+00:00`, 1),
		"escaped letter":        strings.Replace(line, `"w-4f2a"`, `"\u0077-4f2a"`, 1),
		"null data":             strings.Replace(line, `"data":{`, `"data":null,"x":{`, 1),
		"no id":                 strings.Replace(line, `"id":"01K3ABCDEFGHJKMNPQRSTV0001"`, `"id":""`, 1),
		"longer than MaxLine":   strings.Replace(line, `"w-4f2a"`, `"`+strings.Repeat("w", MaxLine)+`"`, 1),
	}
	for name, bad := range tests {
		t.Run(name, func(t *testing.T) {
			if bad == line {
				t.Fatal("the line is not changed")
			}
			events, err := Parse([]byte(line + "\n" + bad + "\n" + line + "\n"))
			lineErr, ok := errors.AsType[*LineError](err)
			if !ok || lineErr.Line != 2 || len(events) != 1 {
				t.Errorf("Parse() = %d events, %v, want 1 and a LineError for line 2", len(events), err)
			}
		})
	}
}

// F45: a ledger cut at any byte gives the whole events before the cut.
func TestParseTorn(t *testing.T) {
	_, data := chain(t, 3)
	for cut := range data {
		events, err := Parse(data[:cut])
		whole := bytes.Count(data[:cut], []byte{'\n'})
		if len(events) != whole {
			t.Fatalf("cut at %d: %d events, want %d", cut, len(events), whole)
		}
		if cut == 0 || data[cut-1] == '\n' {
			if err != nil {
				t.Fatalf("cut at %d, the end of a line: %v", cut, err)
			}
			continue
		}
		torn, ok := errors.AsType[*TornError](err)
		if !ok || torn.Line != whole+1 || torn.Offset+torn.Bytes != cut {
			t.Fatalf("cut at %d: %#v", cut, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	_, data := chain(f, 3)
	f.Add(data)
	f.Add(data[:len(data)-5])
	f.Add([]byte("{\"data\":{\"a\":-0}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		events, err := Parse(data)
		_ = Check(events)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range events {
			line, err := e.canonical()
			if err != nil {
				t.Fatal(err)
			}
			again = append(append(again, line...), '\n')
		}
		if !bytes.Equal(again, data) {
			t.Fatalf("what was read is not what is written:\n%q\n%q", data, again)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	head := Head{}
	e := event(1)
	for b.Loop() {
		sealed, _, err := Seal(head, e)
		if err != nil {
			b.Fatal(err)
		}
		head = Head{Seq: sealed.Seq, Digest: sealed.Digest}
	}
}

func BenchmarkCheck10000(b *testing.B) {
	_, data := chain(b, 10_000)
	for b.Loop() {
		events, err := Parse(data)
		if err != nil {
			b.Fatal(err)
		}
		if problems := Check(events); problems != nil {
			b.Fatal(problems)
		}
	}
}
