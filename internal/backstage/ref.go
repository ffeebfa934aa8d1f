package backstage

import (
	"fmt"
	"strings"
)

// Ref names an entity.
type Ref struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// RefError says why a text is no entity reference.
type RefError struct {
	// Ref is the text, cut when it is long.
	Ref     string
	Problem string
}

func (e *RefError) Error() string {
	return fmt.Sprintf("entity reference %q: %s", e.Ref, e.Problem)
}

// ParseRef reads [<kind>:][<namespace>/]<name>, taking kind and namespace
// from defaults where the text has none; the default of a default namespace
// is [DefaultNamespace]. It follows Backstage to the letter: the text before
// the first ":" is the kind unless a "/" comes earlier, and the parts keep
// their case. Errors are [*RefError].
func ParseRef(s string, defaults Ref) (Ref, error) {
	colon, slash := strings.IndexByte(s, ':'), strings.IndexByte(s, '/')
	if slash >= 0 && slash < colon {
		colon = -1
	}
	ref := defaults
	if ref.Namespace == "" {
		ref.Namespace = DefaultNamespace
	}
	if colon >= 0 {
		ref.Kind = s[:colon]
	}
	if slash >= 0 {
		ref.Namespace = s[colon+1 : slash]
	}
	ref.Name = s[max(colon, slash)+1:]
	switch {
	case s == "":
		return Ref{}, refError(s, "must not be empty")
	case ref.Name == "", ref.Namespace == "", colon == 0:
		return Ref{}, refError(s, "is not of the form [<kind>:][<namespace>/]<name>")
	case ref.Kind == "":
		return Ref{}, refError(s, "names no kind")
	}
	return ref, nil
}

// String returns the canonical form kind:namespace/name, in lower case.
// Two references name the same entity when their canonical forms are equal.
func (r Ref) String() string {
	return strings.ToLower(r.Kind + ":" + r.Namespace + "/" + r.Name)
}

func refError(s, problem string) error {
	const longest = 120
	if len(s) > longest {
		s = s[:longest] + "..."
	}
	return &RefError{Ref: s, Problem: problem}
}
