package backstage

import (
	"errors"
	"testing"
)

func TestParseRef(t *testing.T) {
	defaults := Ref{Kind: "Group", Namespace: "ours"}
	tests := map[string]struct {
		in   string
		want Ref
	}{
		"name":                       {"checkout", Ref{"Group", "ours", "checkout"}},
		"kind and name":              {"component:checkout", Ref{"component", "ours", "checkout"}},
		"namespace and name":         {"theirs/checkout", Ref{"Group", "theirs", "checkout"}},
		"all":                        {"Component:Theirs/Checkout", Ref{"Component", "Theirs", "Checkout"}},
		"colon after slash":          {"theirs/a:b", Ref{"Group", "theirs", "a:b"}},
		"second slash is the name's": {"component:theirs/a/b", Ref{"component", "theirs", "a/b"}},
		"second colon is the name's": {"component:a:b", Ref{"component", "ours", "a:b"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRef(tt.in, defaults)
			if err != nil || got != tt.want {
				t.Errorf("ParseRef(%q) = %+v, %v, want %+v", tt.in, got, err, tt.want)
			}
		})
	}
}

func TestParseRefErrors(t *testing.T) {
	tests := map[string]struct {
		in       string
		defaults Ref
	}{
		"empty":                    {"", Ref{Kind: "Group"}},
		"empty kind":               {":checkout", Ref{Kind: "Group"}},
		"empty namespace":          {"group:/x", Ref{Kind: "Group"}},
		"empty namespace, no kind": {"/x", Ref{Kind: "Group"}},
		"empty name":               {"group:", Ref{Kind: "Group"}},
		"empty name in namespace":  {"group:ours/", Ref{Kind: "Group"}},
		"only colon and slash":     {":/", Ref{Kind: "Group"}},
		"no kind":                  {"checkout", Ref{}},
		"no kind, namespace given": {"ours/checkout", Ref{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRef(tt.in, tt.defaults)
			if _, ok := errors.AsType[*RefError](err); !ok {
				t.Errorf("ParseRef(%q) = %+v, %v, want a RefError", tt.in, got, err)
			}
		})
	}
}

func TestParseRefDefaultNamespace(t *testing.T) {
	ref, err := ParseRef("Resource:Orders-DB", Ref{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := ref.String(), "resource:default/orders-db"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"", "a", "a:b", "a/b", "a:b/c", ":/", "a/b:c", "A:B/C", "\x00:\xff/é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := ParseRef(s, Ref{Kind: "Group"})
		if err != nil {
			return
		}
		if ref.Kind == "" || ref.Namespace == "" || ref.Name == "" {
			t.Fatalf("ParseRef(%q) = %+v, with an empty part", s, ref)
		}
		again, err := ParseRef(ref.String(), Ref{})
		if err != nil {
			t.Fatalf("ParseRef(%q) of %q: %v", ref.String(), s, err)
		}
		if again.String() != ref.String() {
			t.Fatalf("%q: canonical form changed from %q to %q", s, ref, again)
		}
	})
}
