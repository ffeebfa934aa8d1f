package e2e

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

// search lists the files below dirs whose name or content matches. It looks
// into zip files (Terraform's plans) and into every object of git repositories.
func search(ts *testscript.TestScript, dirs []string, pattern *regexp.Regexp) []string {
	var found []string
	for _, dir := range dirs {
		err := filepath.WalkDir(ts.MkAbs(dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				if os.IsNotExist(err) {
					return nil // what comes and goes while we look
				}
				return err
			}
			if pattern.MatchString(entry.Name()) {
				found = append(found, path)
			}
			switch {
			case entry.IsDir() && entry.Name() == "objects":
				if pattern.Match(gitObjects(ts, filepath.Dir(path))) {
					found = append(found, path)
				}
			case entry.Type().IsRegular():
				data, err := os.ReadFile(path)
				if err == nil && (pattern.Match(data) || pattern.Match(unzipped(data))) {
					found = append(found, path)
				}
			}
			return nil
		})
		ts.Check(err)
	}
	return found
}

func gitObjects(ts *testscript.TestScript, gitDir string) []byte {
	cmd := exec.Command("git", "--git-dir", gitDir, "cat-file", "--batch-all-objects", "--batch")
	out, err := cmd.Output()
	ts.Check(err)
	return out
}

func unzipped(data []byte) []byte {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	var all bytes.Buffer
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			continue
		}
		_, _ = io.Copy(&all, io.LimitReader(r, 64<<20))
		_ = r.Close()
	}
	return all.Bytes()
}
