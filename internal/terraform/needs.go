package terraform

import (
	"maps"
	"slices"
	"strings"
)

const (
	// ownName, ownSource and ownVersion are our provider's. Its host is no
	// registry; its version never changes, the lock file follows the binary.
	ownName    = "platformctl"
	ownHost    = "platformctl.local"
	ownSource  = ownHost + "/platform/" + ownName
	ownVersion = "1.0.0"

	builtinName   = "terraform"
	builtinSource = "terraform.io/builtin/terraform"
)

// needs are the providers that a tree of modules asks for.
type needs struct {
	own      bool
	source   map[string]string // by local name; "" when the module leaves it out
	others   []string          // "source constraints" of those that are installed
	services []string          // what our provider's resources are about
}

func requirements(t *tree) needs {
	n := needs{source: map[string]string{}}
	others, services := map[string]bool{}, map[string]bool{}
	for _, conf := range t.modules {
		for name, req := range conf.RequiredProviders {
			switch {
			case name == builtinName && (req.Source == "" || req.Source == builtinSource):
				continue
			case req.Source == ownSource:
				n.own = true
			default:
				source := req.Source
				if source == "" {
					source = "hashicorp/" + name
				}
				others[source+" "+strings.Join(req.VersionConstraints, ", ")] = true
			}
			if _, known := n.source[name]; !known { // the outermost module names it
				n.source[name] = req.Source
			}
		}
		for _, r := range conf.ManagedResources {
			if kind, ok := strings.CutPrefix(r.Type, ownName+"_"); ok {
				service, _, more := strings.Cut(kind, "_")
				services[service] = more
			}
		}
	}
	maps.DeleteFunc(services, func(_ string, more bool) bool { return !more })
	n.others = slices.Sorted(maps.Keys(others))
	n.services = slices.Sorted(maps.Keys(services))
	return n
}

// sources is the root module's required_providers.
func (n needs) sources() object {
	out := object{}
	for name, source := range n.source {
		if source != "" && source != ownSource {
			out[name] = object{"source": source}
		}
	}
	if n.own {
		out[ownName] = object{"source": ownSource}
	}
	return out
}

// names are those that the root module has for the providers that are not ours,
// with the aliases that the called module asks for.
func (n needs) names(conf *config) []string {
	var names []string
	for name, source := range n.source {
		if source == ownSource {
			continue
		}
		names = append(names, name)
		if req := conf.RequiredProviders[name]; req != nil {
			for _, ref := range req.ConfigurationAliases {
				names = append(names, name+"."+ref.Alias)
			}
		}
	}
	slices.Sort(names)
	return names
}
