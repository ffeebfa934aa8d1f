package store_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"testing"

	"github.com/platformctl/platformctl/internal/backstage"
	"github.com/platformctl/platformctl/internal/platform"
	"github.com/platformctl/platformctl/internal/store"
)

// large makes a platform with n entities, of which every tenth is a resource
// with its files, as git itself packs it.
func large(b *testing.B, bare bool, n int) (*store.Store, store.Options) {
	b.Helper()
	s, o := create(b, bare)
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata 1\nx\nfrom %s\n", noon.Unix(), snapshot(b, s).Hash())
	put := func(name string, data []byte) {
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", name, len(data), data)
	}
	for i := range n {
		name := fmt.Sprintf("team-%d-postgresql", i)
		data, err := resource(name, "platform").Marshal()
		if err != nil {
			b.Fatal(err)
		}
		path, err := platform.EntityPath("resource", "default", name)
		if err != nil {
			b.Fatal(err)
		}
		put(path, data)
		if i%10 == 0 {
			for _, file := range []string{"main.tf.json", "terraform.tfvars.json", "resource.yaml"} {
				put(platform.ResourceDir("local", name)+"/"+file, fmt.Appendf(nil, "{\"%s\": %d}\n", file, i))
			}
		}
	}
	cmd := exec.CommandContext(b.Context(), "git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Stdin = o.Location.Dir, &in
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	git(b, o.Location.Dir, "gc", "-q")
	if !bare {
		git(b, o.Location.Dir, "reset", "-q", "--hard", "main")
	}
	return s, o
}

// BenchmarkCommit is one request: entity, resource, request and event.
func BenchmarkCommit(b *testing.B) {
	for _, entities := range []int{0, 10_000} {
		for _, bare := range []bool{true, false} {
			b.Run(fmt.Sprintf("entities=%d/bare=%v", entities, bare), func(b *testing.B) {
				_, o := large(b, bare, entities)
				n := 0
				for b.Loop() {
					s, err := store.Open(b.Context(), o) // as each run of the command does
					if err != nil {
						b.Fatal(err)
					}
					n++
					commit(b, s, request(n))
				}
			})
		}
	}
}

// BenchmarkSnapshotLookup opens a platform and looks up one entity.
func BenchmarkSnapshotLookup(b *testing.B) {
	for _, entities := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("entities=%d", entities), func(b *testing.B) {
			_, o := large(b, true, entities)
			for b.Loop() {
				s, err := store.Open(b.Context(), o)
				if err != nil {
					b.Fatal(err)
				}
				ref := backstage.Ref{Kind: "resource", Namespace: "default", Name: "team-7-postgresql"}
				if _, found, err := snapshot(b, s).Entity(ref); !found || err != nil {
					b.Fatal(found, err)
				}
			}
		})
	}
}

// BenchmarkEntities lists a whole catalog.
func BenchmarkEntities(b *testing.B) {
	_, o := large(b, true, 10_000)
	for b.Loop() {
		s, err := store.Open(b.Context(), o)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for _, err := range snapshot(b, s).Entities() {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 10_001 {
			b.Fatalf("%d entities", n)
		}
	}
}
