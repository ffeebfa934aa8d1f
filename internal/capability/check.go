package capability

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/platformctl/platformctl/internal/backstage"
)

// checker finds what a definition says that cannot be, and makes its types
// ready on the way.
type checker struct {
	def      *Definition
	dir      string // name of the capability's directory
	problems []Problem
}

func (c *checker) add(p Problem) { c.problems = append(c.problems, p) }

func (c *checker) fault(field, format string, args ...any) {
	c.add(Problem{Field: field, Problem: fmt.Sprintf(format, args...)})
}

// oneOf refuses a value that is not among known.
func (c *checker) oneOf(field, value string, known ...string) {
	if !slices.Contains(known, value) {
		c.add(Problem{Field: field, Problem: fmt.Sprintf("must be one of %s, not %q", strings.Join(known, ", "), value), Known: known})
	}
}

func (c *checker) definition() {
	d := c.def
	c.oneOf("apiVersion", d.APIVersion, APIVersion)
	c.oneOf("kind", d.Kind, Kind)
	c.metadata()
	if _, err := semver.StrictNewVersion(d.Spec.Version); err != nil {
		c.fault("spec.version", "must be a semantic version as in 1.0.0, not %q", d.Spec.Version)
	}
	c.lifecycle()
	if d.Spec.Maturity != "" {
		c.oneOf("spec.maturity", d.Spec.Maturity, "provisional", "operational", "scalable", "optimizing")
	}
	if len(d.Spec.Types) == 0 {
		c.fault("spec.types", "at least one type is required")
	}
	if !c.inputSchemas() {
		return
	}
	d.compiled = make(map[string]*compiledType, len(d.Spec.Types))
	for _, name := range d.Types() {
		if !plainName(name) {
			c.fault("spec.types", nameProblem, name)
			continue
		}
		t := &typeChecker{checker: c, field: "spec.types." + name, name: name, spec: d.Spec.Types[name]}
		d.compiled[name] = t.compile()
	}
	c.promises()
	c.tests()
	c.entities()
}

// entities checks that the catalog takes what the definition says: otherwise the
// first request would find out, after its plan.
func (c *checker) entities() {
	if len(c.problems) > 0 {
		return
	}
	_, err := c.def.Entities()
	if invalid, ok := errors.AsType[*backstage.ValidationError](err); ok {
		for _, p := range invalid.Problems {
			c.add(Problem{Field: p.Field, Problem: p.Problem})
		}
	} else if err != nil {
		c.fault("metadata", "%v", err)
	}
}

func (c *checker) metadata() {
	m := c.def.Metadata
	if !plainName(m.Name) {
		c.fault("metadata.name", nameProblem, m.Name)
	} else if m.Name != c.dir {
		c.fault("metadata.name", "is %q in directory %q: they must be equal", m.Name, c.dir)
	}
	if _, err := backstage.ParseRef(m.Owner, backstage.Ref{Kind: backstage.KindGroup}); err != nil {
		c.fault("metadata.owner", "must name the group that owns the capability: %v", err)
	}
}

func (c *checker) lifecycle() {
	s := c.def.Spec
	c.oneOf("spec.lifecycle", s.Lifecycle, "experimental", "production", "deprecated")
	ends := s.ReplacedBy != "" || s.Sunset != nil
	switch {
	case s.Lifecycle == "deprecated" && !ends:
		c.fault("spec.lifecycle", "deprecated needs spec.replacedBy or spec.sunset")
	case s.Lifecycle != "deprecated" && ends:
		c.fault("spec.lifecycle", "spec.replacedBy and spec.sunset are for a deprecated capability")
	}
	if s.ReplacedBy != "" && !plainName(s.ReplacedBy) {
		c.fault("spec.replacedBy", nameProblem, s.ReplacedBy)
	}
}

// promises checks SLO, cost and documents.
func (c *checker) promises() {
	s := c.def.Spec
	if s.SLO != nil && s.SLO.Provisioning.P95 != 0 && s.SLO.Provisioning.P95 < s.SLO.Provisioning.P50 {
		c.fault("spec.slo.provisioning.p95", "is below p50")
	}
	if s.Cost != nil {
		if !currencyCode(s.Cost.Currency) {
			c.fault("spec.cost.currency", "must be a code of three letters as in USD, not %q", s.Cost.Currency)
		}
		tiers := c.allTiers()
		for _, tier := range sortedKeys(s.Cost.Monthly) {
			field := "spec.cost.monthly." + tier
			if !slices.Contains(tiers, tier) {
				c.add(Problem{Field: field, Problem: "no type has such a tier", Known: tiers})
			}
			if s.Cost.Monthly[tier] < 0 {
				c.fault(field, "is below zero")
			}
		}
	}
	c.document("spec.docs.readme", s.Docs.Readme)
	c.document("spec.docs.runbook", s.Docs.Runbook)
}

func (c *checker) document(field, path string) {
	if path == "" {
		return
	}
	if !fs.ValidPath(path) {
		c.fault(field, "must be a path within the capability, not %q", path)
	} else if info, err := fs.Stat(c.def.files, path); err != nil || !info.Mode().IsRegular() {
		c.fault(field, "there is no file %q", path)
	}
}

// tests checks that every test asks for something that can be had.
func (c *checker) tests() {
	seen := map[string]bool{}
	for i, test := range c.def.Spec.Tests {
		field := fmt.Sprintf("spec.tests[%d]", i)
		if test.Name == "" || seen[test.Name] {
			c.fault(field+".name", "every test needs a name of its own")
		}
		seen[test.Name] = true
		typ, ok := c.def.Spec.Types[test.Type]
		if !ok {
			c.add(Problem{Field: field + ".type", Problem: fmt.Sprintf("unknown type %q", test.Type), Known: c.def.Types()})
			continue
		}
		if _, ok := typ.Tiers[test.Tier]; !ok {
			c.add(Problem{Field: field + ".tier", Problem: fmt.Sprintf("unknown tier %q", test.Tier), Known: sortedKeys(typ.Tiers)})
			continue
		}
		if len(c.problems) > 0 {
			continue
		}
		if _, err := c.def.effective(Ask{Type: test.Type, Tier: test.Tier, Inputs: test.Inputs}); err != nil {
			c.fault(field+".inputs", "%v", err)
		}
	}
}

func (c *checker) allTiers() []string {
	all := map[string]bool{}
	for _, t := range c.def.Spec.Types {
		for name := range t.Tiers {
			all[name] = true
		}
	}
	return sortedKeys(all)
}

const nameProblem = "a name is 2 to 40 characters: lower-case letters, digits and single dashes, a letter first and no dash last; not %q"

// plainName reports whether s may name a capability, a type or a tier.
func plainName(s string) bool {
	if len(s) < 2 || len(s) > 40 || s[0] < 'a' || s[0] > 'z' || s[len(s)-1] == '-' || strings.Contains(s, "--") {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// identifier reports whether s may name an input, an output or a variable of a
// module.
func identifier(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '_' && (r < '0' || r > '9')) {
			return false
		}
	}
	return true
}

func currencyCode(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
