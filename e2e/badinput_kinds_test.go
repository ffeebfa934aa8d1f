package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// entityAt is the path of an entity in a catalog.
func entityAt(kind, name string) string {
	sum := sha256.Sum256([]byte(name))
	return path.Join("catalog", "default", kind, hex.EncodeToString(sum[:1]), name+".yaml")
}

// strayEntities are entities that lie where none of their kind belongs, by their
// file. Each is called evil, and would be a team, a person or a place to read
// more from if it counted.
func strayEntities() map[string]string {
	entity := func(kind, spec string) string {
		return "apiVersion: backstage.io/v1alpha1\nkind: " + kind + "\nmetadata:\n  name: evil\nspec:\n  " + spec + "\n"
	}
	group := entity("Group", "type: team\n  children: []")
	return map[string]string{
		"B41_group_among_components":    "catalog/default/component/" + "4f/evil.yaml\n" + group,
		"B41_group_among_resources":     entityAt("resource", "evil") + "\n" + group,
		"B41_group_as_a_user":           entityAt("user", "evil") + "\n" + group,
		"B41_group_in_no_namespace":     "catalog/group/evil.yaml\n" + group,
		"B41_group_in_the_top":          "catalog/evil.yaml\n" + group,
		"B41_group_beside_its_place":    "catalog/default/group/00/evil.yaml\n" + group,
		"B41_group_of_other_namespace":  strings.Replace(entityAt("group", "evil"), "/default/", "/other/", 1) + "\n" + group,
		"B41_user_as_a_group":           entityAt("group", "evil") + "\n" + entity("User", "memberOf: [platform]"),
		"B41_template_as_a_component":   entityAt("component", "evil") + "\n" + entity("Template", "type: service\n  owner: platform\n  steps: []"),
		"B41_location_as_a_component":   entityAt("component", "evil") + "\n" + entity("Location", "type: url\n  target: https://example.org/x.yaml"),
		"B41_location_as_an_API":        entityAt("api", "evil") + "\n" + entity("Location", "type: file\n  target: /etc/passwd"),
		"B41_group_behind_a_component":  entityAt("component", "evil") + "\n" + entity("Component", "type: service\n  lifecycle: production\n  owner: platform") + "---\n" + group,
		"B41_kind_that_escapes":         entityAt("component", "evil") + "\n" + entity(`"..\/group"`, "type: team"),
		"B41_kind_that_is_no_catalog's": entityAt("component", "evil") + "\n" + entity("Capability", "type: service"),
	}
}

// badKinds commits entities where they do not belong. None of them is a team,
// none is listed, and the file is named.
func badKinds(t *testing.T) {
	t.Helper()
	s := newSite(t)
	s.must(t, "init", ".", "--name=acme", "--closed")
	for title, stray := range strayEntities() {
		t.Run(title, func(t *testing.T) {
			name, text, _ := strings.Cut(stray, "\n")
			file := filepath.Join(s.work, filepath.FromSlash(name))
			write(t, file, text)
			commit(t, s.work)
			defer func() {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
				commit(t, s.work)
			}()
			s.refusesTeam(t, "evil")
			if a := s.run(t, "catalog", "list", "-o", "name"); a.code != 0 || strings.Contains(a.out, "evil") || !strings.Contains(a.err, name) {
				t.Errorf("catalog list: exit code %d, stdout %q, stderr %q", a.code, a.out, a.err)
			}
			if a := s.run(t, "verify"); a.code != 3 || !strings.Contains(a.out, name) {
				t.Errorf("verify: exit code %d, stdout %q", a.code, a.out)
			}
		})
	}
	t.Run("B41_group_of_a_capability", func(t *testing.T) {
		addCapability(t, s.work, "note")
		group := filepath.Join(s.work, "capabilities", "note", entityAt("group", "evil"))
		write(t, group, "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: evil\nspec:\n  type: team\n  children: []\n")
		write(t, filepath.Join(s.work, "capabilities", "note", "catalog-info.yaml"), "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: evil\nspec:\n  type: team\n  children: []\n")
		commit(t, s.work)
		s.refusesTeam(t, "evil")
	})
	t.Run("B41_group_behind_a_link", func(t *testing.T) {
		link := filepath.Join(s.work, filepath.FromSlash(entityAt("group", "evil")))
		write(t, filepath.Join(s.work, "evil.yaml"), "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata:\n  name: evil\nspec:\n  type: team\n  children: []\n")
		if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("../../../../evil.yaml", link); err != nil {
			t.Fatal(err)
		}
		commit(t, s.work)
		s.refusesTeam(t, "evil")
		if a := s.run(t, "verify"); a.code != 3 || !strings.Contains(a.out, entityAt("group", "evil")) {
			t.Errorf("verify: exit code %d, stdout %q", a.code, a.out)
		}
	})
}

// refusesTeam checks that nobody takes name for a team.
func (s *site) refusesTeam(t *testing.T, name string) {
	t.Helper()
	for _, command := range []string{
		"team show " + name,
		"request database --type=postgresql --tier=development --auto-approve --team=" + name,
	} {
		s.refuses(t, refusal{says: []string{name}}, func() answer { return s.run(t, strings.Fields(command)...) })
	}
	if a := s.run(t, "team", "list", "-o", "name"); strings.Contains(a.out, name) {
		t.Errorf("team list: %q", a.out)
	}
}
