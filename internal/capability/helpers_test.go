package capability_test

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/platformctl/platformctl/internal/capability"
)

// definition is a small capability that tests change at one place.
const definition = `apiVersion: platformctl.io/v1
kind: Capability
metadata:
  name: thing
  owner: group:default/platform
spec:
  version: 1.2.3
  lifecycle: production
  types:
    plain:
      inputs:
        type: object
        required: [text]
        properties:
          text: {type: string, maxLength: 20, x-immutable: true}
          size: {type: integer, minimum: 1, maximum: 10, default: 2}
          ratio: {type: number, minimum: 0, maximum: 1}
          open: {type: boolean, default: false}
          color: {type: string, enum: [red, green], x-immutable: true, default: red}
          tags: {type: array, items: {type: string, enum: [a, b, c]}, uniqueItems: true}
          labels: {type: object, additionalProperties: {type: string}}
      tiers:
        small: {set: {size: 1}, ttl: 720h}
        large: {set: {size: 9, open: true}, lock: [size, ratio], deletion: {protect: true}}
      implementations:
        - match: {target: local}
          module:
            source: ./modules/plain
            variables:
              text: "${inputs.text}"
              amount: "${inputs.size}"
              labels: "${inputs.labels}"
              sentence: "${request.name} of ${request.team} has ${inputs.size}"
      outputs:
        host: {from: host}
        port: {from: port}
        key: {from: key_ref, secret: true}
      env:
        HOST: "${outputs.host}"
        URL: "x://${urlescape(secrets.key)}@${outputs.host}:${outputs.port}"
`

// files is a tree with the capability thing, each pair of edits replaced in
// its definition.
func files(t testing.TB, edits ...string) fstest.MapFS {
	t.Helper()
	text := definition
	for i := 0; i+1 < len(edits); i += 2 {
		if strings.Count(text, edits[i]) != 1 {
			t.Fatalf("%q occurs %d times in the definition", edits[i], strings.Count(text, edits[i]))
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return fstest.MapFS{
		"thing/capability.yaml":       {Data: []byte(text)},
		"thing/README.md":             {Data: []byte("# Thing\n")},
		"thing/modules/plain/main.tf": {Data: []byte(`variable "text" {}`)},
		"thing/modules/none/README":   {Data: []byte("no Terraform here")},
	}
}

// thing loads the capability thing with edits.
func thing(t testing.TB, edits ...string) *capability.Definition {
	t.Helper()
	return load(t, files(t, edits...), "thing")
}

func load(t testing.TB, fsys fs.FS, dir string) *capability.Definition {
	t.Helper()
	d, err := capability.Load(fsys, dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// example loads a capability of the end-to-end tests.
func example(t testing.TB, name string) *capability.Definition {
	t.Helper()
	return load(t, os.DirFS("../../e2e/testdata/capabilities"), name)
}

// ask is a good request for the capability thing.
func ask(inputs map[string]any) capability.Ask {
	all := map[string]any{"text": "hello"}
	maps.Copy(all, inputs)
	return capability.Ask{
		Type: "plain", Tier: "small", Team: "team", Name: "team-plain", Inputs: all,
		Environment: capability.Environment{Name: "here", Target: "local", Values: map[string]any{"region": "eu"}},
	}
}
