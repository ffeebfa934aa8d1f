// Command badinput writes docs/bad-input.md: what must not be taken, what
// happens, and which tests try it. list.txt says what the numbers stand for; the
// tests carry them, as the beginning of the name of a case ("B3_path_up") or of
// a comment (// B98: ...). It fails when a number has no test, and when a test
// has a number that the list does not know.
package main

import (
	_ "embed"
	"flag"
	"fmt"
	"os"
)

//go:generate go run . -o ../../docs/bad-input.md ../..

//go:embed list.txt
var list string

func main() {
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if err := run(*out, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(out, root string) error {
	sections, err := parseList(list)
	if err != nil {
		return err
	}
	found, err := collect(os.DirFS(root))
	if err != nil {
		return err
	}
	page, err := render(sections, found)
	if err != nil {
		return err
	}
	return os.WriteFile(out, []byte(page), 0o644)
}
