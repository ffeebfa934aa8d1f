package platform

import _ "embed" // for the schema

//go:embed schema/platform.schema.json
var schema string

// Schema returns the JSON Schema (draft 2020-12) of platform.yaml.
func Schema() []byte { return []byte(schema) }
