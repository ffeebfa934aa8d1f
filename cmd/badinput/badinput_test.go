package main

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const source = `package a

import "testing"

var shared = map[string]string{"B3_up": "..", "B3_here": ".", "other": ""}

// B98: what was swapped.
func TestComment(t *testing.T) {
	_ = "no B7_case" // B88
}

func TestTable(t *testing.T) {
	for name := range shared {
		t.Run(name, func(t *testing.T) { helper(t) })
	}
}

// B5 stands before the name of a helper that nobody tests.
func unused() string { return "B6_unused" }

func helper(t *testing.T) { t.Run("B4_home", nil) }

func TestMain(m *testing.M) { helper(nil) }
`

func TestCollect(t *testing.T) {
	found, err := collect(fstest.MapFS{
		"x/a_test.go":          {Data: []byte(source)},
		"x/a.go":               {Data: []byte("package a\nvar b = \"B9_not_a_test\"\n")},
		"x/testdata/a_test.go": {Data: []byte("no Go")},
		".git/a_test.go":       {Data: []byte("no Go")},
	})
	if err != nil {
		t.Fatal(err)
	}
	table, comment := test{"x", "TestTable"}, test{"x", "TestComment"}
	want := map[string]tried{
		"B3": {table: true}, "B4": {table: true}, "B88": {comment: false}, "B98": {comment: false},
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("collect (-want +got):\n%s", diff)
	}
	if _, err := collect(fstest.MapFS{"x/a_test.go": {Data: []byte("no Go")}}); err == nil {
		t.Error("collect takes what is no Go")
	}
}

func TestRender(t *testing.T) {
	sections, err := parseList("# Names\nAll of\nthem.\n\nB3  | `a\\|b` | refused\nB98 | swapped | refused\n")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]tried{
		"B3":  {test{"x", "TestTable"}: true, test{"a", "TestTable"}: true},
		"B98": {test{"x", "TestComment"}: false},
	}
	page, err := render(sections, found)
	if err != nil {
		t.Fatal(err)
	}
	want := "\n## Names\n\nAll of\nthem.\n\n| Id | Input | What happens | Tests |\n|---|---|---|---|\n" +
		"| B3 | `a\\|b` | refused | a `TestTable/B3_`<br>x `TestTable/B3_` |\n| B98 | swapped | refused | x `TestComment` |\n"
	if !strings.HasSuffix(page, want) {
		t.Errorf("the page is\n%s\nand should end with\n%s", page, want)
	}
	delete(found, "B98")
	found["B7"] = tried{}
	if _, err := render(sections, found); err == nil || !strings.Contains(err.Error(), "no test tries B98") || !strings.Contains(err.Error(), "what B7 is") {
		t.Errorf("render = %v, want both faults", err)
	}
}

func TestParseListRefuses(t *testing.T) {
	for about, text := range map[string]string{
		"no heading":      "B3 | a | b\n",
		"twice":           "# N\nB3 | a | b\nB3 | c | d\n",
		"a field is lost": "# N\nB3 | a\n",
	} {
		if sections, err := parseList(text); err == nil {
			t.Errorf("%s: parseList = %v", about, sections)
		}
	}
}

// Every number that issue 2 asks for is in the list.
func TestListIsWhole(t *testing.T) {
	sections, err := parseList(list)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range sections {
		for _, in := range s.inputs {
			known[in.id] = true
		}
	}
	for _, r := range [][2]int{{1, 25}, {27, 40}, {46, 46}, {88, 91}, {95, 99}} {
		for n := r[0]; n <= r[1]; n++ {
			if id := fmt.Sprintf("B%d", n); !known[id] {
				t.Errorf("%s is missing", id)
			}
		}
	}
}
