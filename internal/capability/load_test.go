package capability_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/capability"
	"github.com/platformctl/platformctl/internal/strictyaml"
)

func TestLoadRefuses(t *testing.T) {
	const types, plain = "spec.types", "spec.types.plain"
	const inputs, module = plain + ".inputs", plain + ".implementations[0].module"
	tests := map[string]struct {
		old, new string
		field    string
		problem  string
	}{
		"api version":          {"platformctl.io/v1", "platformctl.io/v2", "apiVersion", "must be one of platformctl.io/v1"},
		"kind":                 {"kind: Capability", "kind: Template", "kind", "must be one of Capability"},
		"name":                 {"name: thing", "name: Thing", "metadata.name", "lower-case letters"},
		"B3_name":              {"name: thing", "name: ../thing", "metadata.name", "lower-case letters"},
		"name of directory":    {"name: thing", "name: other", "metadata.name", `is "other" in directory "thing"`},
		"owner":                {"owner: group:default/platform", "owner: 'group:/x'", "metadata.owner", "must name the group"},
		"tag":                  {"  owner: group:default/platform\n", "  owner: group:default/platform\n  tags: ['a b']\n", "metadata.tags[0]", "must be 1 to 63"},
		"no owner":             {"  owner: group:default/platform\n", "", "metadata.owner", "must name the group"},
		"version":              {"version: 1.2.3", "version: v1.2", "spec.version", `as in 1.0.0, not "v1.2"`},
		"lifecycle":            {"lifecycle: production", "lifecycle: retired", "spec.lifecycle", "experimental, production, deprecated"},
		"deprecated":           {"lifecycle: production", "lifecycle: deprecated", "spec.lifecycle", "needs spec.replacedBy or spec.sunset"},
		"sunset of production": {"lifecycle: production", "lifecycle: production\n  sunset: 2027-01-31", "spec.lifecycle", "for a deprecated"},
		"replacedBy":           {"lifecycle: production", "lifecycle: deprecated\n  replacedBy: '-x'", "spec.replacedBy", "lower-case letters"},
		"maturity":             {"lifecycle: production", "lifecycle: production\n  maturity: great", "spec.maturity", "scalable"},
		"type name":            {"    plain:\n", "    Plain:\n", types, `not "Plain"`},
		"tier name":            {"small: {", "s: {", plain + ".tiers", `not "s"`},

		"schema is none":           {"size: {type: integer, minimum: 1,", "size: {type: integer, minimum: a,", inputs + ".properties.size.minimum", "must be of type number"},
		"schema of no object":      {"        type: object\n        required", "        type: array\n        required", inputs + ".type", `must be "object"`},
		"B40_unknown keyword":      {"default: 2}", "defaut: 2}", inputs + ".properties.size.defaut", "unknown keyword"},
		"keyword in items":         {"items: {type: string,", "items: {tipe: string,", inputs + ".properties.tags.items.tipe", "unknown keyword"},
		"B44_reference to itself":  {"ratio: {type: number,", "ratio: {type: number, $ref: '#/properties/ratio',", inputs + ".properties.ratio.$ref", "references are not supported"},
		"B44_reference to a file":  {"ratio: {type: number,", "ratio: {type: number, $ref: 'file:///etc/passwd',", inputs + ".properties.ratio.$ref", "references are not supported"},
		"B44_reference to a host":  {"ratio: {type: number,", "ratio: {type: number, $ref: 'http://169.254.169.254/',", inputs + ".properties.ratio.$ref", "references are not supported"},
		"B44_other dialect":        {"        required: [text]", "        $schema: http://json-schema.org/draft-04/schema#", inputs + ".$schema", "references are not supported"},
		"B45_pattern":              {"text: {type: string,", "text: {type: string, pattern: '(',", inputs + ".properties.text.pattern", "must be of the format regex"},
		"input without type":       {"open: {type: boolean, default: false}", "open: {default: false}", inputs + ".properties.open.type", "needs one type"},
		"input of two types":       {"open: {type: boolean,", "open: {type: [boolean, string],", inputs + ".properties.open.type", "needs one type"},
		"input name":               {"open: {type: boolean, default: false}", "is-open: {type: boolean}", inputs + ".properties.is-open", "must be a letter"},
		"x-immutable":              {"maxLength: 20, x-immutable: true", "maxLength: 20, x-immutable: 'yes'", inputs + ".properties.text.x-immutable", "must be of type boolean"},
		"default of another type":  {"default: 2}", "default: two}", inputs + ".properties.size.default", "must be of type integer"},
		"default out of range":     {"default: 2}", "default: 20}", inputs + ".properties.size.default", "must be at most 10"},
		"required input not there": {"required: [text]", "required: [text, more]", inputs + ".required", `no input is called "more"`},

		"set of no input":      {"set: {size: 1}", "set: {sise: 1}", plain + ".tiers.small.set.sise", "unknown input"},
		"set of a wrong value": {"set: {size: 1}", "set: {size: 11}", plain + ".tiers.small.set.size", "must be at most 10"},
		"lock of no input":     {"lock: [size, ratio]", "lock: [size, nothing]", plain + ".tiers.large.lock[1]", `no input is called "nothing"`},
		"lock twice":           {"lock: [size, ratio]", "lock: [size, size]", plain + ".tiers.large.lock[1]", "locked twice"},

		"match of no tier": {"match: {target: local}", "match: {tier: huge}", plain + ".implementations[0].match.tier", `unknown tier "huge"`},
		"variable name":    {"amount:", "'amount of it':", module + ".variables", "no name of a variable"},

		"no source":               {"source: ./modules/plain", "source: ''", module + ".source", "is required"},
		"B94_source leaves":       {"source: ./modules/plain", "source: ../../x", module + ".source", "lies in the capability"},
		"B94_source leaves later": {"source: ./modules/plain", "source: ./modules/../../x", module + ".source", "lies in the capability"},
		"B4_source absolute":      {"source: ./modules/plain", "source: /etc", module + ".source", "lies in the capability"},
		"source of home":          {"source: ./modules/plain", "source: ~/x", module + ".source", "lies in the capability"},
		"source not there":        {"source: ./modules/plain", "source: ./modules/other", module + ".source", "no Terraform files"},
		"source without files":    {"source: ./modules/plain", "source: ./modules/none", module + ".source", "no Terraform files"},
		"source of version":       {"source: ./modules/plain", "source: ./modules/plain\n            version: 1.0.0", module + ".version", "from a registry"},
		"B94_option":              {"source: ./modules/plain", "source: --upload-pack=x", module + ".source", "no source of a module"},
		"B94_option as ref":       {"source: ./modules/plain", "source: 'git::ssh://h/x?ref=--upload-pack=x'", module + ".source", "with a tag or a commit"},
		"B94_no ref":              {"source: ./modules/plain", "source: 'git::https://h/x.git//m'", module + ".source", "with a tag or a commit"},
		"B73_ext transport":       {"source: ./modules/plain", "source: 'git::ext::sh'", module + ".source", "https, ssh or file"},
		"B77_clear text":          {"source: ./modules/plain", "source: 'git::http://h/x.git?ref=v1'", module + ".source", "https, ssh or file"},
		"B77_password":            {"source: ./modules/plain", "source: 'git::https://u:pw@h/x.git?ref=v1'", module + ".source", "holds a password"},
		"B78_line feed":           {"source: ./modules/plain", `source: "git::https://h/x\ny?ref=v1"`, module + ".source", "no source of a module"},
		"B94_leaves git":          {"source: ./modules/plain", "source: 'git::https://h/x.git//../y?ref=v1'", module + ".source", "out of the repository"},
		"registry unpinned":       {"source: ./modules/plain", "source: terraform-aws-modules/rds/aws", module + ".version", "exact version"},
		"registry range":          {"source: ./modules/plain", "source: a/b/c\n            version: ~> 6.0", module + ".version", "exact version"},
		"archive unpinned":        {"source: ./modules/plain", "source: https://h/x.zip", module + ".digest", "is required"},
		"archive with a key":      {"source: ./modules/plain", "source: 'https://h/x.zip?aws_access_key_id=x'", module + ".source", "no other parameter"},
		"archive leaves":          {"source: ./modules/plain", "source: https://h/x.zip//../y", module + ".source", "out of the archive"},
		"git depth":               {"source: ./modules/plain", "source: 'git::https://h/x.git?ref=v1&depth=-1'", module + ".source", "no other parameter"},
		"git, capitals":           {"source: ./modules/plain", "source: 'git::HTTPS://h/x.git?ref=v1'", module + ".source", "https, ssh or file"},
		"git, no slashes":         {"source: ./modules/plain", "source: 'git::https:h/x.git?ref=v1'", module + ".source", "https, ssh or file"},
		"registry leaves":         {"source: ./modules/plain", "source: a/b/c//../x\n            version: 1.0.0", module + ".source", "must be a path"},
		"fragment":                {"source: ./modules/plain", "source: 'git::https://h/x.git?ref=v1#x'", module + ".source", "no plain address"},
		"other source":            {"source: ./modules/plain", "source: github.com/a/b", module + ".source", "must be a path"},
		"digest":                  {"source: ./modules/plain", "source: ./modules/plain\n            digest: sha256:12", module + ".digest", "64 hexadecimal"},

		"output name":       {"        host: {from: host}", "        the-host: {from: host}", plain + ".outputs", `not "the-host"`},
		"output of nothing": {"        host: {from: host}", "        host: {from: ''}", plain + ".outputs.host.from", "must name an output"},
		"env name":          {"        HOST:", "        host:", plain + ".env.host", "upper-case"},
		"connect":           {"      env:", "      connect: ['']\n      env:", plain + ".connect[0]", "is empty"},

		"slo":             {"  types:", "  slo: {provisioning: {p50: 2s, p95: 1s}}\n  types:", "spec.slo.provisioning.p95", "is below p50"},
		"currency":        {"  types:", "  cost: {currency: $, monthly: {}}\n  types:", "spec.cost.currency", "three letters"},
		"cost of no tier": {"  types:", "  cost: {currency: USD, monthly: {huge: 1}}\n  types:", "spec.cost.monthly.huge", "no type has such a tier"},
		"cost below zero": {"  types:", "  cost: {currency: USD, monthly: {small: -1}}\n  types:", "spec.cost.monthly.small", "is below zero"},
		"no document":     {"  types:", "  docs: {readme: READ.md}\n  types:", "spec.docs.readme", `there is no file "READ.md"`},
		"B3_document":     {"  types:", "  docs: {runbook: ../../etc/passwd}\n  types:", "spec.docs.runbook", "within the capability"},
		"test of no type": {"  types:", "  tests: [{name: a, type: b, tier: small}]\n  types:", "spec.tests[0].type", `unknown type "b"`},
		"test of no tier": {"  types:", "  tests: [{name: a, type: plain, tier: b}]\n  types:", "spec.tests[0].tier", `unknown tier "b"`},
		"test of input":   {"  types:", "  tests: [{name: a, type: plain, tier: small, inputs: {text: a, size: 11}}]\n  types:", "spec.tests[0].inputs", "must be at most 10"},
		"test without name": {
			"  types:", "  tests: [{name: '', type: plain, tier: small, inputs: {text: a}}]\n  types:", "spec.tests[0].name", "a name of its own",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			d, err := capability.Load(files(t, tt.old, tt.new), "thing")
			e, ok := errors.AsType[*capability.DefinitionError](err)
			if !ok {
				t.Fatalf("Load = %v, %v, want *DefinitionError", d, err)
			}
			if e.File != "thing/capability.yaml" {
				t.Errorf("File = %q", e.File)
			}
			if !slices.ContainsFunc(e.Problems, func(p capability.Problem) bool {
				return p.Field == tt.field && strings.Contains(p.Problem, tt.problem)
			}) {
				t.Errorf("problems = %v, want %q: %q", e.Problems, tt.field, tt.problem)
			}
		})
	}
}

func TestLoadUnreadable(t *testing.T) {
	tests := map[string]struct {
		old, new string
		field    string
		problem  string
	}{
		"B25_version is a number": {"version: 1.2.3", "version: 1.10", "spec.version", "must be a string"},
		"B40_unknown field":       {"lifecycle: production", "lifecycel: production", "spec.lifecycel", "unknown field"},
		"B30_duplicate type":      {"      outputs:\n", "      env: {}\n      outputs:\n", "spec.types.plain.env", "given twice"},
		"B32_anchor":              {"set: {size: 1}", "set: &a {size: 1}", "spec.types.plain.tiers.small.set", "anchors"},
		"ttl":                     {"ttl: 720h", "ttl: 30 days", "spec.types.plain.tiers.small.ttl", "as in 720h"},
		"B34_ttl below zero":      {"ttl: 720h", "ttl: -1h", "spec.types.plain.tiers.small.ttl", "above zero"},
		"sunset":                  {"lifecycle: production", "sunset: 31.1.2027", "spec.sunset", "as in 2027-01-31"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := capability.Load(files(t, tt.old, tt.new), "thing")
			e, ok := errors.AsType[*strictyaml.Error](err)
			if !ok || e.Field != tt.field || !strings.Contains(e.Problem, tt.problem) || e.Line == 0 {
				t.Errorf("Load = %v, want field %q: %q", err, tt.field, tt.problem)
			}
		})
	}
}

// All problems are told at once, not one after the other.
func TestLoadTellsAllProblems(t *testing.T) {
	_, err := capability.Load(files(t, "version: 1.2.3", "version: one", "default: 2}", "default: 20}", "lock: [size,", "lock: [sise,"), "thing")
	e, ok := errors.AsType[*capability.DefinitionError](err)
	if !ok || len(e.Problems) != 3 {
		t.Errorf("Load = %v, want three problems", err)
	}
}

func TestLoadFiles(t *testing.T) {
	_, err := capability.Load(fstest.MapFS{}, "thing")
	if e, ok := errors.AsType[*capability.FileError](err); !ok || e.File != "thing/capability.yaml" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Load of nothing = %v, want a *FileError for fs.ErrNotExist", err)
	}
	tree := files(t)
	tree["thing/capability.yaml"] = &fstest.MapFile{Mode: fs.ModeDir}
	if _, err := capability.Load(tree, "thing"); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("Load of a directory = %v", err)
	}
	tree = files(t)
	tree["thing/capability.yaml"].Data = make([]byte, strictyaml.MaxSize+1)
	if _, err := capability.Load(tree, "thing"); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("B42: Load of a large file = %v", err)
	}
	tree = files(t)
	tree["thing/modules/plain/link.tf"] = &fstest.MapFile{Mode: fs.ModeSymlink, Data: []byte("/etc/passwd")}
	if _, err := capability.Load(tree, "thing"); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("B62: Load of a tree with a link = %v", err)
	}
}

func TestDigest(t *testing.T) {
	first := thing(t).Digest()
	if !strings.HasPrefix(first, "sha256:") || len(first) != len("sha256:")+64 {
		t.Fatalf("Digest = %q", first)
	}
	if again := thing(t).Digest(); again != first {
		t.Errorf("Digest of the same files = %q, then %q", first, again)
	}
	onDisk := t.TempDir()
	if err := os.CopyFS(onDisk, files(t)); err != nil {
		t.Fatal(err)
	}
	if got := load(t, os.DirFS(onDisk), "thing").Digest(); got != first {
		t.Errorf("Digest on disk = %q, in memory %q", got, first)
	}
	changed := files(t)
	changed["thing/modules/plain/main.tf"].Data = []byte(`variable "test" {}`)
	renamed := files(t)
	renamed["thing/modules/plain/other.tf"] = renamed["thing/modules/plain/main.tf"]
	delete(renamed, "thing/modules/plain/main.tf")
	for name, tree := range map[string]fstest.MapFS{"content": changed, "name": renamed} {
		if got := load(t, tree, "thing").Digest(); got == first {
			t.Errorf("Digest does not see a change of %s", name)
		}
	}
}

func TestLoadAll(t *testing.T) {
	builtin, own := files(t), files(t, "version: 1.2.3", "version: 9.0.0")
	builtin["note.txt"] = &fstest.MapFile{Data: []byte("not a capability")}
	builtin["other/capability.yaml"] = builtin["thing/capability.yaml"]
	builtin[".git/config"] = &fstest.MapFile{}
	own["broken/capability.yaml"] = &fstest.MapFile{Data: []byte("kind: [")}
	own["empty/README.md"] = &fstest.MapFile{}

	set, err := capability.LoadAll(builtin, own)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"broken", "empty", "other", "thing"}, set.Names()); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
	if d, err := set.Get("thing"); err != nil || d.Spec.Version != "9.0.0" {
		t.Errorf("Get = %v, %v: the organization's own must hide the built-in one", d, err)
	}
	if _, err := set.Get("broken"); err == nil || !strings.Contains(err.Error(), "broken/capability.yaml") {
		t.Errorf("Get of a broken one = %v", err)
	}
	_, err = set.Get("thingy")
	if diff := cmp.Diff(&capability.UnknownError{What: "capability", Name: "thingy", Known: set.Names()}, err); diff != "" {
		t.Errorf("Get of an unknown one (-want +got):\n%s", diff)
	}
	var got []string
	for _, e := range set.Entries() {
		state := "builtin"
		if e.Own {
			state = "own"
		}
		if (e.Definition == nil) != (e.Err != nil) {
			t.Errorf("entry %+v has neither or both", e)
		}
		if e.Err != nil {
			state += " broken"
		}
		got = append(got, e.Name+" "+state)
	}
	want := []string{"broken own broken", "empty own broken", "other builtin broken", "thing own"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Entries (-want +got):\n%s", diff)
	}
}

func TestLoadAllWithoutTrees(t *testing.T) {
	missing := os.DirFS(filepath.Join(t.TempDir(), "nowhere"))
	for name, own := range map[string]fs.FS{"nil": nil, "missing": missing} {
		set, err := capability.LoadAll(nil, own)
		if err != nil || len(set.Names()) != 0 {
			t.Errorf("%s: LoadAll = %v, %v, want an empty set", name, set.Names(), err)
		}
	}
}
