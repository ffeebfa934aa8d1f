package terraform

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"
)

// Interface is what a module asks for and what it gives.
type Interface struct {
	// Digest is that of the module's files and of those it fetches; Fetched says
	// that there are such.
	Digest  string
	Fetched bool
	// Variables and Outputs are sorted by name.
	Variables []Variable
	Outputs   []Output
	// Providers are those that the module brings, as "source constraints".
	Providers []string
	// Needs are the services that our provider's resources are about; Own says
	// that the module uses our provider at all.
	Needs []string
	Own   bool
	// Risks are in the files that are not fetched: what is, may hold none.
	Risks []Risk
}

// Variable is an input variable that a module declares.
type Variable struct {
	Name, Type          string // Type as written, "" when it is not
	Required, Sensitive bool
	// The rest is told by Describe alone. Schema is the JSON Schema of the values,
	// with "default" when there is one that can be written.
	Ephemeral   bool
	Description string
	Schema      map[string]any
}

// Output is an output that a module declares.
type Output struct {
	Name, Description    string
	Sensitive, Ephemeral bool
}

// Describe looks at a module in the empty directory dir, where it is fetched if
// need be. It runs nothing of it, and takes its digest as it is. Errors are those
// of [Engine.Prepare].
func (e Engine) Describe(ctx context.Context, dir string, m Module) (Interface, error) {
	m.Digest, m.Pinned = "", false
	w := &workspace{Engine: e, dir: dir, module: m}
	src, err := w.source(ctx)
	defer func() { _ = os.RemoveAll(w.path(scratchDir)) }()
	if err != nil {
		return Interface{}, err
	}
	conf, n := src.tree.modules[0], requirements(src.tree)
	out := Interface{
		Digest: src.tree.digest, Fetched: src.tree.remote, Variables: declared(conf),
		Providers: n.others, Needs: n.services, Own: n.own,
	}
	for i := range out.Variables {
		v := &out.Variables[i]
		v.Ephemeral = conf.ephemeral["variable."+v.Name]
		v.Description = strings.TrimSpace(conf.Variables[v.Name].Description)
		v.Schema = conf.variables[v.Name].schema()
	}
	for _, o := range conf.Outputs {
		out.Outputs = append(out.Outputs, Output{
			Name: o.Name, Description: strings.TrimSpace(o.Description), Sensitive: o.Sensitive,
			Ephemeral: conf.ephemeral["output."+o.Name],
		})
	}
	slices.SortFunc(out.Outputs, func(a, b Output) int { return cmp.Compare(a.Name, b.Name) })
	for _, c := range src.tree.modules {
		out.Risks = append(out.Risks, c.risks...)
	}
	return out, nil
}
