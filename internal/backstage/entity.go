// Package backstage holds Backstage catalog entities: their YAML and JSON
// forms, references, relations and the rules a catalog holds them to.
//
// The rules are those of the Backstage catalog backend as it runs, which are
// stricter than its published JSON schemas: an entity that [Entity.Validate]
// passes is registered and shown, not only accepted.
package backstage

import (
	"encoding/json"
	"maps"
)

// The API versions and kinds that a catalog knows without extensions.
const (
	APIVersion         = "backstage.io/v1alpha1"
	APIVersionBeta     = "backstage.io/v1beta1"
	APIVersionTemplate = "scaffolder.backstage.io/v1beta3"

	KindComponent = "Component"
	KindAPI       = "API"
	KindResource  = "Resource"
	KindSystem    = "System"
	KindDomain    = "Domain"
	KindGroup     = "Group"
	KindUser      = "User"
	KindLocation  = "Location"
	KindTemplate  = "Template"

	// DefaultNamespace is the namespace of an entity that names none.
	DefaultNamespace = "default"
)

// Entity is one catalog entity of any kind. Spec holds plain JSON values:
// nil, string, bool, int64 (int is taken too), float64, []any ([]string is
// taken too) and map[string]any.
type Entity struct {
	APIVersion string         `yaml:"apiVersion"`
	Kind       string         `yaml:"kind"`
	Metadata   Metadata       `yaml:"metadata"`
	Spec       map[string]any `yaml:"spec"`
}

// Metadata is what every entity has. Extra holds the fields of metadata that
// have no field here; a catalog keeps them and so does this package.
type Metadata struct {
	Name        string            `yaml:"name"`
	Namespace   string            `yaml:"namespace"`
	Title       string            `yaml:"title"`
	Description string            `yaml:"description"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
	Tags        []string          `yaml:"tags"`
	Links       []Link            `yaml:"links"`
	Extra       map[string]any    `yaml:",inline"`
}

// Link is a hyperlink shown with an entity; only URL is required.
type Link struct {
	URL   string `json:"url" yaml:"url"`
	Title string `json:"title,omitempty" yaml:"title"`
	Icon  string `json:"icon,omitempty" yaml:"icon"`
	Type  string `json:"type,omitempty" yaml:"type"`
}

// Ref returns the reference of the entity, in the default namespace when it
// names none.
func (e Entity) Ref() Ref {
	ns := e.Metadata.Namespace
	if ns == "" {
		ns = DefaultNamespace
	}
	return Ref{Kind: e.Kind, Namespace: ns, Name: e.Metadata.Name}
}

// SpecString returns the string spec.key, or "" when there is none.
func (e Entity) SpecString(key string) string {
	s, _ := e.Spec[key].(string)
	return s
}

// SpecStrings returns the strings of the list spec.key, leaving out what is
// no string.
func (e Entity) SpecStrings(key string) []string {
	switch list := e.Spec[key].(type) {
	case []string:
		return list
	case []any:
		var out []string
		for _, item := range list {
			if s, ok := item.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// Owner returns the reference in spec.owner, where a bare name is a Group in
// the namespace of the entity; false when there is none or it is malformed.
func (e Entity) Owner() (Ref, bool) {
	owner := e.SpecString("owner")
	if owner == "" {
		return Ref{}, false
	}
	ref, err := ParseRef(owner, Ref{Kind: KindGroup, Namespace: e.Ref().Namespace})
	return ref, err == nil
}

// MarshalJSON gives the form of Backstage's API.
func (e Entity) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		APIVersion string         `json:"apiVersion"`
		Kind       string         `json:"kind"`
		Metadata   Metadata       `json:"metadata"`
		Spec       map[string]any `json:"spec,omitzero"`
	}{e.APIVersion, e.Kind, e.Metadata, e.Spec})
}

// MarshalJSON gives the form of Backstage's API, Extra among the fields.
func (m Metadata) MarshalJSON() ([]byte, error) {
	out := maps.Clone(m.Extra)
	if out == nil {
		out = map[string]any{}
	}
	for _, f := range m.fields() {
		out[f.key] = f.value
	}
	return json.Marshal(out)
}

// field is one named value of an entity, in the order it is written.
type field struct {
	key   string
	value any
}

// fields returns what is set in m, except Extra, in canonical order.
func (m Metadata) fields() []field {
	var out []field
	add := func(set bool, key string, value any) {
		if set {
			out = append(out, field{key, value})
		}
	}
	add(m.Name != "", "name", m.Name)
	add(m.Namespace != "", "namespace", m.Namespace)
	add(m.Title != "", "title", m.Title)
	add(m.Description != "", "description", m.Description)
	add(len(m.Labels) > 0, "labels", m.Labels)
	add(len(m.Annotations) > 0, "annotations", m.Annotations)
	add(len(m.Tags) > 0, "tags", m.Tags)
	add(len(m.Links) > 0, "links", m.Links)
	return out
}
