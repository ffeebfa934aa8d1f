// Package catalog is the built-in platform, laid out like the repository of an
// organization's own.
package catalog

import "embed"

// FS holds the built-in platform: capabilities/<name>/capability.yaml and what
// belongs to it.
//
//go:embed all:capabilities
var FS embed.FS
