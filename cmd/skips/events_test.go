package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// line is a test event of package a in JSON.
func line(action, test, output string) string {
	return `{"Action":"` + action + `","Package":"` + module + `/a","Test":"` + test + `","Output":"` + output + `","Elapsed":1.5}` + "\n"
}

func TestShow(t *testing.T) {
	tests := map[string]struct {
		events  string
		want    string
		skipped map[test]string
	}{
		"a passing test is silent": {
			events: line("output", "TestA", `said\n`) + line("pass", "TestA", "") +
				line("output", "", `PASS\n`) + line("output", "", `ok  \ta\t1.500s\n`) + line("pass", "", ""),
			want: "ok  \ta\t1.500s\n",
		},
		"a test binary by itself gets a closing line": {
			events: line("output", "", `PASS\n`) + line("pass", "", ""),
			want:   "ok  \t" + module + "/a\t1.500s\n",
		},
		"a failing test is shown": {
			events: line("output", "TestA", `wrong\n`) + line("fail", "TestA", "") +
				line("output", "", `FAIL\ta\t1.5s\n`) + line("fail", "", ""),
			want: "wrong\nFAIL\ta\t1.5s\n",
		},
		"a crash is shown": {
			events: line("output", "TestA", `panic: boom\n`) + line("output", "", `FAIL\ta\t1.5s\n`) + line("fail", "", ""),
			want:   "panic: boom\nFAIL\ta\t1.5s\n",
		},
		"a package that does not compile is shown": {
			events: `{"ImportPath":"a","Action":"build-output","Output":"a.go:1: undefined\n"}` + "\n" + line("output", "", `FAIL\ta [build failed]\n`) + line("fail", "", ""),
			want:   "a.go:1: undefined\nFAIL\ta [build failed]\n",
		},
		"a package without tests is shown": {
			events: line("output", "", `?   \ta\t[no test files]\n`) + line("skip", "", ""),
			want:   "?   \ta\t[no test files]\n",
		},
		"a skipped test is returned": {
			events:  line("output", "TestA/sub", `no mac\n`) + line("skip", "TestA/sub", "") + line("output", "", `ok  \ta\n`) + line("pass", "", ""),
			want:    "ok  \ta\n",
			skipped: map[test]string{{"a", "TestA/sub"}: "no mac\n"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			skipped, err := show(strings.NewReader(tt.events), &out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			if len(skipped) != len(tt.skipped) || !cmp.Equal(tt.skipped, skipped) && len(skipped) > 0 {
				t.Errorf("skipped = %v, want %v", skipped, tt.skipped)
			}
		})
	}
	if _, err := show(strings.NewReader("FAIL\n"), &strings.Builder{}); err == nil {
		t.Error("show of something else than events succeeds")
	}
}

func TestUnexplained(t *testing.T) {
	allowed, err := parseList([]byte("# why\n\na TestMac  needs a Mac\ne2e TestStories/slow  takes an hour\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := unexplained(map[test]string{{"a", "TestMac"}: ""}, allowed, "list"); err != nil {
		t.Errorf("an explained skip: %v", err)
	}
	skipped := map[test]string{
		{"a", "TestMac"}: "",
		{"b", "TestMac"}: "=== RUN   TestMac\n    b_test.go:3: no mac\n--- SKIP: TestMac (0.00s)\n",
	}
	got := unexplained(skipped, allowed, "list")
	if want := "skipped without a reason in list:\n  b TestMac: b_test.go:3: no mac"; got == nil || got.Error() != want {
		t.Errorf("an unexplained skip: %v, want %s", got, want)
	}
}

func TestParseListWantsAReason(t *testing.T) {
	if _, err := parseList([]byte("\na TestMac\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a line without a reason: %v", err)
	}
}
