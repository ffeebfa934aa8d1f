package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

const module = "github.com/platformctl/platformctl"

// event is a test event as `go doc test2json` describes it.
type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
}

// test is one test of a package; Name is empty for the package itself.
type test struct{ Package, Name string }

func (t test) String() string { return t.Package + " " + t.Name }

// show reads events and writes what `go test` would: the output of what failed,
// and one closing line per package. It returns the skipped tests with what they
// said.
func show(events io.Reader, out io.Writer) (skipped map[test]string, err error) {
	skipped = map[test]string{}
	said := transcript{}
	decoder := json.NewDecoder(events)
	for {
		var e event
		if err := decoder.Decode(&e); errors.Is(err, io.EOF) {
			return skipped, nil
		} else if err != nil {
			return skipped, fmt.Errorf("test events: %w", err)
		}
		key := test{strings.TrimPrefix(e.Package, module+"/"), e.Test}
		switch {
		case e.Action == "build-output":
			fmt.Fprint(out, e.Output)
		case e.Action == "output":
			said.add(key, e.Output)
		case e.Action == "fail":
			fmt.Fprint(out, said.takeFailed(key))
		case e.Action == "skip" && e.Test != "":
			skipped[key] = said.take(key)
		case e.Action == "pass" && e.Test != "":
			said.take(key)
		case e.Action == "skip": // a package without tests
			fmt.Fprint(out, said.take(key))
		case e.Action == "pass":
			closing := strings.TrimPrefix(said.take(key), "PASS\n")
			if !strings.Contains(closing, "ok  \t") { // a test binary run by itself says none
				closing += fmt.Sprintf("ok  \t%s\t%.3fs\n", e.Package, e.Elapsed)
			}
			fmt.Fprint(out, closing)
		}
	}
}

// transcript is what each test wrote and was not shown yet.
type transcript map[test]*strings.Builder

func (said transcript) add(key test, output string) {
	if said[key] == nil {
		said[key] = &strings.Builder{}
	}
	said[key].WriteString(output)
}

func (said transcript) take(key test) string {
	b := said[key]
	if b == nil {
		return ""
	}
	delete(said, key)
	return b.String()
}

// takeFailed takes what the failed test wrote; for a package, also what its
// tests wrote that a crash left without an end.
func (said transcript) takeFailed(key test) string {
	var b strings.Builder
	if key.Name == "" {
		for k := range said {
			if k.Package == key.Package && k.Name != "" {
				b.WriteString(said.take(k))
			}
		}
	}
	b.WriteString(said.take(key))
	return b.String()
}

// parseList reads the list of tests that may be skipped.
func parseList(data []byte) (map[test]string, error) {
	allowed := map[test]string{}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 3 {
			return nil, fmt.Errorf("line %d: %q is not a package, a test and a reason", n, line)
		}
		allowed[test{fields[0], fields[1]}] = strings.Join(fields[2:], " ")
	}
	return allowed, nil
}

// unexplained returns an error that names the skipped tests that are not
// allowed to be, or nil.
func unexplained(skipped, allowed map[test]string, list string) error {
	var b strings.Builder
	for _, t := range slices.SortedFunc(maps.Keys(skipped), func(a, b test) int { return cmp.Compare(a.String(), b.String()) }) {
		if _, ok := allowed[t]; !ok {
			fmt.Fprintf(&b, "\n  %s%s", t, reason(skipped[t]))
		}
	}
	if b.Len() == 0 {
		return nil
	}
	return fmt.Errorf("skipped without a reason in %s:%s", list, b.String())
}

// reason returns what a skipped test wrote itself.
func reason(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			b.WriteString(": " + line)
		}
	}
	return b.String()
}
