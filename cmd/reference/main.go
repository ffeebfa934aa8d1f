// Command reference writes the reference of the command line from the commands
// themselves: man pages for packages, and Markdown for docs/reference.
//
//	go run ./cmd/reference -man dist/man -version 1.2.3
//	go run ./cmd/reference -markdown docs/reference
//
// The same commands give the same bytes. The date of man pages is that of
// $SOURCE_DATE_EPOCH; without it they have none.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/platformctl/platformctl/internal/cli"
)

//go:generate go run . -markdown ../../docs/reference

func main() {
	man := flag.String("man", "", "directory to write man pages into")
	markdown := flag.String("markdown", "", "directory to write Markdown into; its other .md files are removed")
	version := flag.String("version", "", "version that the man pages name")
	flag.Parse()
	if err := run(*man, *markdown, *version); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(man, markdown, version string) error {
	if man == "" && markdown == "" {
		return errors.New("give -man DIR, -markdown DIR or both")
	}
	pages := cli.Reference()
	if man != "" {
		date, err := sourceDate(os.Getenv("SOURCE_DATE_EPOCH"))
		if err != nil {
			return err
		}
		if err := write(man, "", manPages(pages, "platformctl "+version, date)); err != nil {
			return err
		}
	}
	if markdown != "" {
		return write(markdown, "*.md", markdownPages(pages))
	}
	return nil
}

// sourceDate is the day of a time in seconds since 1970, "" without one.
func sourceDate(epoch string) (string, error) {
	if epoch == "" {
		return "", nil
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return "", fmt.Errorf("SOURCE_DATE_EPOCH is %q, not seconds since 1970", epoch)
	}
	return time.Unix(seconds, 0).UTC().Format(time.DateOnly), nil
}

// write writes files into dir and removes those that match stale and are not
// among them.
func write(dir, stale string, files map[string][]byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(dir, stale))
	if err != nil {
		return err
	}
	for _, path := range old {
		if _, kept := files[filepath.Base(path)]; !kept && stale != "" {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
