package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// test is a test function of a package, as a path below the module.
type test struct{ Package, Name string }

// tried are the tests with one number: true when it begins names of their
// cases, false when it stands in a comment only.
type tried map[test]bool

// collect finds the numbers in the tests below root.
func collect(root fs.FS) (map[string]tried, error) {
	packages := map[string][]*ast.File{}
	files := token.NewFileSet()
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch base := path.Base(name); {
		case err != nil:
			return err
		case entry.IsDir() && (base == "testdata" || base != "." && strings.HasPrefix(base, ".")):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(files, name, data, parser.ParseComments|parser.SkipObjectResolution)
		packages[path.Dir(name)] = append(packages[path.Dir(name)], file)
		return err
	})
	found := map[string]tried{}
	for dir, files := range packages {
		collectPackage(dir, files, found)
	}
	return found, err
}

// part is a declaration: the numbers in it and the names that it uses.
type part struct {
	cases, comments []string
	uses            map[string]bool
}

// collectPackage adds what the tests of one directory try: a case counts for
// every test that reaches the declaration in which it stands.
func collectPackage(dir string, files []*ast.File, found map[string]tried) {
	parts := map[string]*part{}
	for _, file := range files {
		for _, decl := range file.Decls {
			p := read(decl, file.Comments)
			for _, name := range names(decl) {
				if parts[name] == nil {
					parts[name] = &part{uses: map[string]bool{}}
				}
				parts[name].add(p)
			}
		}
	}
	for name := range parts {
		if !strings.HasPrefix(name, "Test") || name == "TestMain" {
			continue
		}
		at := test{dir, name}
		for reached := range reach(parts, name) {
			for _, id := range parts[reached].cases {
				note(found, id, at, true)
			}
			for _, id := range parts[reached].comments {
				note(found, id, at, false)
			}
		}
	}
}

func note(found map[string]tried, id string, at test, cases bool) {
	if found[id] == nil {
		found[id] = tried{}
	}
	found[id][at] = found[id][at] || cases
}

// names are those that a declaration declares; a method counts by its own.
func names(decl ast.Decl) []string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		return []string{d.Name.Name}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			if value, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range value.Names {
					names = append(names, name.Name)
				}
			}
		}
		return names
	}
	return nil
}

var (
	caseForm    = regexp.MustCompile(`^([BMU][0-9]+)_`)
	commentForm = regexp.MustCompile(`^// ?([BMU][0-9]+(?:, [BMU][0-9]+)*)\b`)
)

// read finds numbers and names in a declaration and its comments.
func read(decl ast.Decl, comments []*ast.CommentGroup) *part {
	p := &part{uses: map[string]bool{}}
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			p.uses[n.Name] = true
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if match := caseForm.FindStringSubmatch(text); err == nil && n.Kind == token.STRING && match != nil {
				p.cases = append(p.cases, match[1])
			}
		}
		return true
	})
	start := decl.Pos()
	if f, ok := decl.(*ast.FuncDecl); ok && f.Doc != nil {
		start = f.Doc.Pos()
	}
	for _, group := range comments {
		for _, comment := range group.List {
			match := commentForm.FindStringSubmatch(comment.Text)
			if match != nil && comment.Pos() >= start && comment.Pos() < decl.End()+1 {
				p.comments = append(p.comments, strings.Split(match[1], ", ")...)
			}
		}
	}
	return p
}

func (p *part) add(other *part) {
	p.cases = append(p.cases, other.cases...)
	p.comments = append(p.comments, other.comments...)
	for name := range other.uses {
		p.uses[name] = true
	}
}

// reach are the declarations that a test uses, itself included.
func reach(parts map[string]*part, from string) map[string]bool {
	reached := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if parts[name] == nil || reached[name] {
			return
		}
		reached[name] = true
		for used := range parts[name].uses {
			visit(used)
		}
	}
	visit(from)
	return reached
}
