package terraform

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// reads finds the functions by which a module would read files that are not its
// own. What cannot be told from the text alone, as a path with a variable, counts.
type reads struct {
	fsys     fs.FS
	dir      string // of the module in fsys
	file     string // that is looked at
	template bool   // it is one that templatefile fills: path.module may be anything there
	found    []Risk
}

// config looks at a file of Terraform's configuration.
func (r *reads) config(file *hcl.File, data []byte) error {
	if body, ok := file.Body.(*hclsyntax.Body); ok {
		r.visit(body)
		return nil
	}
	// In JSON each string and each key may be a template, also one of a key that is
	// there twice.
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	for decoder.More() || decoder.InputOffset() == 0 || len(bytes.TrimSpace(data[decoder.InputOffset():])) > 0 {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		if text, ok := token.(string); ok {
			line := 1 + bytes.Count(data[:decoder.InputOffset()], []byte("\n"))
			r.text(text, hcl.Pos{Line: line, Column: 1})
		}
	}
	return nil
}

// text looks at a template. One that is none is not evaluated by any engine.
func (r *reads) text(text string, at hcl.Pos) {
	if !strings.Contains(text, "${") && !strings.Contains(text, "%{") {
		return
	}
	expr, diags := hclsyntax.ParseTemplate([]byte(text), r.file, at)
	switch {
	case !diags.HasErrors():
		r.visit(expr)
	case r.template:
		r.found = append(r.found, Risk{File: r.file, Line: at.Line, What: "a template that cannot be read"})
	}
}

func (r *reads) visit(node hclsyntax.Node) {
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			r.call(n)
		case *hclsyntax.ForExpr:
			if n.KeyVar == "path" || n.ValVar == "path" {
				r.add(n, `a loop variable "path", which hides path.module`)
			}
		}
		return nil
	})
}

func (r *reads) add(at hclsyntax.Node, format string, args ...any) {
	r.found = append(r.found, Risk{File: r.file, Line: at.Range().Start.Line, What: fmt.Sprintf(format, args...)})
}

func (r *reads) call(n *hclsyntax.FunctionCallExpr) {
	name := strings.TrimPrefix(n.Name, "core::")
	switch {
	case name == "templatestring":
		r.add(n, "templatestring(), whose template may read any file")
		return
	case !strings.HasPrefix(name, "file") && name != "templatefile" && name != "pathexpand":
		return
	case r.template:
		r.add(n, "%s() in a template", name)
		return
	}
	below, ok := "", false
	if len(n.Args) > 0 {
		below, ok = belowModule(n.Args[0])
	}
	if ok && name == "fileset" {
		pattern := ""
		if len(n.Args) == 2 {
			pattern, ok = plainText(n.Args[1])
		}
		ok = ok && !strings.Contains(pattern, "..") && !strings.ContainsAny(pattern, `{\`)
	}
	if !ok {
		r.add(n, `%s() of what is not plainly below "${path.module}/"`, name)
		return
	}
	if name == "templatefile" {
		r.templateFile(n, path.Join(r.dir, below))
	}
}

// templateFile looks at a file that templatefile fills: the functions are there as
// well.
func (r *reads) templateFile(n *hclsyntax.FunctionCallExpr, name string) {
	data, err := fs.ReadFile(r.fsys, name)
	if err != nil {
		r.add(n, "templatefile() of a file that cannot be read: %s", name)
		return
	}
	inner := &reads{file: name, template: true}
	inner.text(string(data), hcl.InitialPos)
	r.found = append(r.found, inner.found...)
}

// belowModule reports whether a path is path.module, or "${path.module}/" with
// nothing but letters after it that do not lead out, and returns what follows.
func belowModule(e hclsyntax.Expression) (rest string, ok bool) {
	switch e := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return "", isPathModule(e)
	case *hclsyntax.TemplateWrapExpr:
		return "", isPathModule(e.Wrapped)
	case *hclsyntax.TemplateExpr:
		if len(e.Parts) == 0 || !isPathModule(e.Parts[0]) {
			return "", false
		}
		rest, ok = plainParts(e.Parts[1:])
		return rest, ok && strings.HasPrefix(rest, "/") && !strings.Contains(rest, "..")
	}
	return "", false
}

func isPathModule(e hclsyntax.Expression) bool {
	t, ok := e.(*hclsyntax.ScopeTraversalExpr)
	if !ok || len(t.Traversal) != 2 || t.Traversal.RootName() != "path" {
		return false
	}
	attr, ok := t.Traversal[1].(hcl.TraverseAttr)
	return ok && attr.Name == "module"
}

// plainText is the text of a string without expressions.
func plainText(e hclsyntax.Expression) (string, bool) {
	t, ok := e.(*hclsyntax.TemplateExpr)
	if !ok {
		return "", false
	}
	return plainParts(t.Parts)
}

func plainParts(parts []hclsyntax.Expression) (string, bool) {
	var text strings.Builder
	ok := !slices.ContainsFunc(parts, func(p hclsyntax.Expression) bool {
		l, ok := p.(*hclsyntax.LiteralValueExpr)
		if !ok || l.Val.Type() != cty.String || l.Val.IsNull() {
			return true
		}
		text.WriteString(l.Val.AsString())
		return false
	})
	return text.String(), ok
}
