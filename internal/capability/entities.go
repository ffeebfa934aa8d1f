package capability

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/platformctl/platformctl/internal/backstage"
)

// The annotations of a capability's entities.
const (
	AnnotationCapability = "platformctl.io/capability" // value as in database/postgresql@1.0.0
	AnnotationMaturity   = "platform.maturity"
)

// Entities returns the catalog entities of the capability: for each type, by
// name, the Component and the API that it provides.
func (d *Definition) Entities() ([]backstage.Entity, error) {
	var out []backstage.Entity
	for _, typ := range d.Types() {
		contract, err := d.contract(typ)
		if err != nil {
			return nil, fmt.Errorf("capability %s: %w", d.ID(typ), err)
		}
		component, api := d.entity(typ, d.ComponentRef(typ)), d.entity(typ, d.APIRef(typ))
		component.Spec["type"] = "service"
		component.Spec["providesApis"] = []any{d.APIRef(typ).Name}
		api.Spec["type"] = "json-schema"
		api.Spec["definition"] = contract
		for _, e := range []backstage.Entity{component, api} {
			if err := e.Validate(); err != nil {
				return nil, fmt.Errorf("capability %s: %s: %w", d.ID(typ), e.Ref(), err)
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// ComponentRef names the Component of a type.
func (d *Definition) ComponentRef(typ string) backstage.Ref {
	return backstage.Ref{Kind: backstage.KindComponent, Namespace: backstage.DefaultNamespace, Name: typ + "-managed"}
}

// APIRef names the API of a type.
func (d *Definition) APIRef(typ string) backstage.Ref {
	return backstage.Ref{Kind: backstage.KindAPI, Namespace: backstage.DefaultNamespace, Name: typ + "-api"}
}

// entity is what the entities of a type have in common.
func (d *Definition) entity(typ string, ref backstage.Ref) backstage.Entity {
	annotations := map[string]string{AnnotationCapability: d.ID(typ)}
	if d.Spec.Maturity != "" {
		annotations[AnnotationMaturity] = d.Spec.Maturity
	}
	return backstage.Entity{
		APIVersion: backstage.APIVersion,
		Kind:       ref.Kind,
		Metadata: backstage.Metadata{
			Name: ref.Name, Namespace: ref.Namespace, Title: d.Title() + ": " + typ,
			Description: d.Metadata.Description, Annotations: annotations, Tags: d.Metadata.Tags,
		},
		Spec: map[string]any{"owner": d.Metadata.Owner, "lifecycle": d.Spec.Lifecycle},
	}
}

// contract is the JSON Schema of what a type takes and gives.
func (d *Definition) contract(typ string) (string, error) {
	t := d.Spec.Types[typ]
	outputs := make(map[string]any, len(t.Outputs))
	for name, output := range t.Outputs {
		about := map[string]any{}
		if output.Secret {
			about["description"] = "reference of a secret"
			about["type"] = "string"
		}
		outputs[name] = about
	}
	inputs := t.Inputs
	if inputs == nil {
		inputs = map[string]any{"type": "object"}
	}
	text, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   d.ID(typ),
		"type":    "object",
		"properties": map[string]any{
			"inputs":  inputs,
			"outputs": map[string]any{"type": "object", "properties": outputs, "required": sortedKeys(outputs)},
		},
	}, "", "  ")
	return string(text) + "\n", err
}

// Deprecation returns a sentence about the end of a deprecated capability, and
// "" for any other.
func (d *Definition) Deprecation() string {
	if d.Spec.Lifecycle != "deprecated" {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s is deprecated", d.Metadata.Name)
	if d.Spec.Sunset != nil {
		fmt.Fprintf(&b, " and ends on %s", d.Spec.Sunset)
	}
	if d.Spec.ReplacedBy != "" {
		fmt.Fprintf(&b, "; use %s instead", d.Spec.ReplacedBy)
	}
	return b.String()
}
