package platform

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"strings"
	"time"
)

// The top of a platform's repository.
const (
	CatalogDir      = "catalog"
	ResourcesDir    = "resources"
	RequestsDir     = "requests"
	LedgerDir       = "ledger"
	CapabilitiesDir = "capabilities"
	TemplatesDir    = "templates"
	PoliciesDir     = "policies"
	// LocationFile is the Backstage Location that leads to every entity.
	LocationFile = "catalog-info.yaml"
)

var (
	entityKind      = regexp.MustCompile(`^[a-z][a-z0-9]{0,62}$`)
	entityNamespace = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	entityName      = regexp.MustCompile(`^[a-z0-9]([a-z0-9_.-]{0,61}[a-z0-9])?$`)
)

// EntityPath returns the file of an entity in the repository:
// catalog/<namespace>/<kind>/<2 hex of sha256(name)>/<name>.yaml, all in lower
// case, so that references that are the same to a catalog share one file. A
// part that no entity can have is a [*NameError].
func EntityPath(kind, namespace, name string) (string, error) {
	kind, namespace, name = strings.ToLower(kind), strings.ToLower(namespace), strings.ToLower(name)
	for _, part := range []struct {
		field, value string
		form         *regexp.Regexp
	}{
		{"kind", kind, entityKind},
		{"namespace", namespace, entityNamespace},
		{"name", name, entityName},
	} {
		if !part.form.MatchString(part.value) {
			return "", &NameError{Field: part.field, Value: show(part.value), Problem: "is not that of a catalog entity"}
		}
	}
	sum := sha256.Sum256([]byte(name))
	return path.Join(CatalogDir, namespace, kind, hex.EncodeToString(sum[:1]), name+".yaml"), nil
}

// ResourceDir returns the directory of a resource in the repository. Both
// names must keep [CheckName].
func ResourceDir(environment, name string) string {
	return path.Join(ResourcesDir, environment, name)
}

// RequestPath returns the file of the request id, a ULID, made at t.
func RequestPath(id string, t time.Time) string {
	return path.Join(RequestsDir, t.UTC().Format("2006/01"), id+".yaml")
}

// LedgerPath returns the file that takes the events of writer at t.
func LedgerPath(writer string, t time.Time) string {
	return path.Join(LedgerDir, writer, t.UTC().Format("2006-01")+".ndjson")
}
