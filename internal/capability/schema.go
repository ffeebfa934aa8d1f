package capability

import (
	_ "embed"
)

//go:embed schema/capability.schema.json
var schemaText string

// Schema returns the JSON Schema (draft 2020-12) of capability.yaml.
func Schema() []byte { return []byte(schemaText) }
