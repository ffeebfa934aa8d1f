package backstage

// The types of relations, as Backstage names them. [Reverse] pairs them.
const (
	OwnedBy       = "ownedBy"
	OwnerOf       = "ownerOf"
	PartOf        = "partOf"
	HasPart       = "hasPart"
	ProvidesAPI   = "providesApi"
	APIProvidedBy = "apiProvidedBy"
	ConsumesAPI   = "consumesApi"
	APIConsumedBy = "apiConsumedBy"
	DependsOn     = "dependsOn"
	DependencyOf  = "dependencyOf"
	ChildOf       = "childOf"
	ParentOf      = "parentOf"
	MemberOf      = "memberOf"
	HasMember     = "hasMember"
)

// Relation points from the entity that declares it to Target.
type Relation struct {
	Type   string `json:"type"`
	Target Ref    `json:"target"`
}

// Reverse returns the type of the relation in the other direction, "" for a
// type it does not know.
func Reverse(relation string) string {
	pairs := [][2]string{
		{OwnedBy, OwnerOf},
		{PartOf, HasPart},
		{ProvidesAPI, APIProvidedBy},
		{ConsumesAPI, APIConsumedBy},
		{DependsOn, DependencyOf},
		{ChildOf, ParentOf},
		{MemberOf, HasMember},
	}
	for _, p := range pairs {
		switch relation {
		case p[0]:
			return p[1]
		case p[1]:
			return p[0]
		}
	}
	return ""
}

// relationField is a field of spec that holds references: one, or a list.
type relationField struct {
	name        string
	list        bool
	relation    string
	defaultKind string
}

// relationFields returns the fields of spec that make relations for kind.
func relationFields(kind string) []relationField {
	owner := relationField{"owner", false, OwnedBy, KindGroup}
	system := relationField{"system", false, PartOf, KindSystem}
	dependsOn := relationField{"dependsOn", true, DependsOn, ""}
	dependencyOf := relationField{"dependencyOf", true, DependencyOf, ""}
	switch kind {
	case KindComponent:
		return []relationField{
			owner, system,
			{"subcomponentOf", false, PartOf, KindComponent},
			{"providesApis", true, ProvidesAPI, KindAPI},
			{"consumesApis", true, ConsumesAPI, KindAPI},
			dependsOn, dependencyOf,
		}
	case KindResource:
		return []relationField{owner, system, dependsOn, dependencyOf}
	case KindAPI:
		return []relationField{owner, system}
	case KindSystem:
		return []relationField{owner, {"domain", false, PartOf, KindDomain}}
	case KindDomain:
		return []relationField{owner, {"subdomainOf", false, PartOf, KindDomain}}
	case KindTemplate:
		return []relationField{owner}
	case KindGroup:
		return []relationField{
			{"parent", false, ChildOf, KindGroup},
			{"children", true, ParentOf, KindGroup},
			{"members", true, HasMember, KindUser},
		}
	case KindUser:
		return []relationField{{"memberOf", true, MemberOf, KindGroup}}
	}
	return nil
}

// Relations returns what the entity declares of itself, in the order of its
// kind's fields; the other direction ([Reverse]) is for who holds all
// entities. Malformed references, which [Entity.Validate] reports, are left
// out, and so are repetitions.
func (e Entity) Relations() []Relation {
	var out []Relation
	seen := map[string]bool{}
	for _, f := range relationFields(e.Kind) {
		values := e.SpecStrings(f.name)
		if !f.list {
			values = []string{e.SpecString(f.name)}
		}
		for _, value := range values {
			ref, err := ParseRef(value, Ref{Kind: f.defaultKind, Namespace: e.Ref().Namespace})
			if err != nil || seen[f.relation+" "+ref.String()] {
				continue
			}
			seen[f.relation+" "+ref.String()] = true
			out = append(out, Relation{Type: f.relation, Target: ref})
		}
	}
	return out
}
