package secret

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"
)

const ref = "postgresql/checkout-db/password"

var generated = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// open returns the store below a directory that does not exist yet.
func open(t *testing.T, dir, identity string) Store {
	t.Helper()
	s, err := Open(dir, identity)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newDir(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "a", "secrets")
}

// newIdentity writes a file of n identities and returns them too.
func newIdentity(t *testing.T, n int) (string, []*age.X25519Identity) {
	t.Helper()
	lines, ids := []string{"# a comment", ""}, []*age.X25519Identity{}
	for range n {
		id, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, id.String())
		ids = append(ids, id)
	}
	return writeIdentity(t, strings.Join(lines, "\n")), ids
}

func writeIdentity(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "identity.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustGet(t *testing.T, get func(string) (string, error), ref string) string {
	t.Helper()
	value, err := get(ref)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// tree maps the files and directories below dir to their modes.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		rel, _ := filepath.Rel(dir, path)
		found[rel] = info.Mode().String()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestStoreLifeOfASecret(t *testing.T) {
	identity, _ := newIdentity(t, 2)
	stores := map[string]func(*testing.T) (s Store, again func() Store){
		"plain": func(t *testing.T) (Store, func() Store) {
			dir := newDir(t)
			return open(t, dir, ""), func() Store { return open(t, dir, "") }
		},
		"age": func(t *testing.T) (Store, func() Store) {
			dir := newDir(t)
			return open(t, dir, identity), func() Store { return open(t, dir, identity) }
		},
		"overlay": func(*testing.T) (Store, func() Store) {
			s := Overlay(nil)
			return s, func() Store { return s }
		},
	}
	for name, newStore := range stores {
		t.Run(name, func(t *testing.T) {
			s, again := newStore(t)
			if _, err := s.Get(ref); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), ref) {
				t.Errorf("Get before = %v, want %v with the reference", err, ErrNotFound)
			}
			if err := s.Delete(ref); err != nil {
				t.Errorf("Delete before = %v", err)
			}
			first := mustGet(t, s.GetOrCreate, ref)
			if !generated.MatchString(first) {
				t.Errorf("value = %q, want 32 letters and digits", first)
			}
			if got := mustGet(t, again().GetOrCreate, ref); got != first {
				t.Errorf("second GetOrCreate = %q, want %q", got, first)
			}
			if got := mustGet(t, again().Get, ref); got != first {
				t.Errorf("Get = %q, want %q", got, first)
			}
			for _, other := range []string{"postgresql/checkout-db", "postgresql", "postgresql/checkout-db/password/age"} {
				if got := mustGet(t, s.GetOrCreate, other); got == first {
					t.Errorf("%s has the value of %s", other, ref)
				}
			}
			for range 2 {
				if err := again().Delete(ref); err != nil {
					t.Errorf("Delete = %v", err)
				}
			}
			if _, err := s.Get(ref); !errors.Is(err, ErrNotFound) {
				t.Errorf("Get after Delete = %v, want %v", err, ErrNotFound)
			}
			if got := mustGet(t, s.GetOrCreate, ref); got == first {
				t.Errorf("the value after Delete is the old one")
			}
		})
	}
}

// TestDeleteLeavesNoDirectory removes one value after the other: a directory
// goes with the last one in it.
func TestDeleteLeavesNoDirectory(t *testing.T) {
	dir := newDir(t)
	s := open(t, dir, "")
	for _, ref := range []string{"local/one/password", "local/one/token", "local/two/password"} {
		mustGet(t, s.GetOrCreate, ref)
	}
	for _, step := range []struct{ ref, left string }{
		{"local/one/token", "one"}, {"local/one/none", "one"}, {"local/one/password", "two"},
	} {
		if err := s.Delete(step.ref); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "local", step.left)); err != nil {
			t.Errorf("after %s: %v", step.ref, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "local", "one")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("local/one is left: %v", err)
	}
	if err := s.Delete("local/two/password"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "local")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("local is left: %v", err)
	}
}

func TestReadingWritesNothing(t *testing.T) {
	identity, _ := newIdentity(t, 1)
	for _, id := range []string{"", identity} {
		dir := newDir(t)
		s := open(t, dir, id)
		_, _ = s.Get(ref)
		_ = s.Delete(ref)
		mustGet(t, Overlay(s).GetOrCreate, ref)
		if _, err := os.Lstat(filepath.Dir(dir)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("reading created %s", dir)
		}
	}
}

func TestUnsafePathsAreRefused(t *testing.T) {
	identity, _ := newIdentity(t, 1)
	chmod := func(mode fs.FileMode) func(string) error {
		return func(path string) error { return os.Chmod(path, mode) }
	}
	problems := map[string]struct {
		spoil func(path string) error
		want  string
	}{
		"group may list":   {chmod(0o710), "0710"},
		"others may read":  {chmod(0o704), "0704"},
		"everybody writes": {chmod(0o777), "0777"},
	}
	if os.Geteuid() == 0 { // nobody else can give a directory away
		problems["owned by another"] = struct {
			spoil func(path string) error
			want  string
		}{func(path string) error { return os.Chown(path, 1, 1) }, "uid 1"}
	}
	for name, tt := range problems {
		t.Run(name, func(t *testing.T) {
			dir := newDir(t)
			s := open(t, dir, "")
			mustGet(t, s.GetOrCreate, ref)
			if err := tt.spoil(dir); err != nil {
				t.Fatal(err)
			}
			before := tree(t, dir)
			_, openErr := Open(dir, "")
			_, getErr := s.Get(ref)
			_, createErr := s.GetOrCreate("new")
			for call, err := range map[string]error{"Open": openErr, "Get": getErr, "GetOrCreate": createErr, "Delete": s.Delete(ref)} {
				if u, ok := errors.AsType[*UnsafeError](err); !ok || u.Path != dir || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%s = %v, want an UnsafeError with %q", call, err, tt.want)
				}
			}
			if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
				t.Errorf("files changed (-want +got):\n%s", diff)
			}
			if err := tt.spoil(identity); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(newDir(t), identity); !errors.As(err, new(*UnsafeError)) {
				t.Errorf("Open with such an identity file = %v, want an UnsafeError", err)
			}
			if err := errors.Join(os.Chown(identity, os.Geteuid(), -1), os.Chmod(identity, 0o600)); err != nil {
				t.Fatal(err)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, ""); !errors.As(err, new(*UnsafeError)) {
		t.Errorf("Open of a file = %v, want an UnsafeError", err)
	}
}

func TestIdentities(t *testing.T) {
	dir := newDir(t)
	both, ids := newIdentity(t, 2)
	plain := mustGet(t, open(t, dir, "").GetOrCreate, "before")
	secret := mustGet(t, open(t, dir, both).GetOrCreate, ref)

	data, err := os.ReadFile(filepath.Join(dir, ref+".age"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), secret) || !strings.HasPrefix(string(data), "age-encryption.org/v1\n") {
		t.Errorf("the file is not encrypted: %q", data)
	}
	for i, id := range ids {
		s := open(t, dir, writeIdentity(t, id.String()+"\n"))
		if got := mustGet(t, s.Get, ref); got != secret {
			t.Errorf("with identity %d alone Get = %q, want %q", i, got, secret)
		}
		if got := mustGet(t, s.GetOrCreate, "before"); got != plain {
			t.Errorf("a plain value from before = %q, want %q", got, plain)
		}
	}
	other, _ := newIdentity(t, 1)
	for want, identity := range map[error]string{ErrWrongIdentity: other, ErrNoIdentity: ""} {
		s := open(t, dir, identity)
		_, getErr := s.Get(ref)
		_, createErr := s.GetOrCreate(ref)
		for _, err := range []error{getErr, createErr} {
			if !errors.Is(err, want) || !strings.Contains(err.Error(), ref) {
				t.Errorf("error = %v, want %v with the reference", err, want)
			}
		}
	}
	after, err := os.ReadFile(filepath.Join(dir, ref+".age"))
	if err != nil || string(after) != string(data) {
		t.Errorf("the encrypted value changed (%v)", err)
	}
}

func TestIdentityFilesAreRefused(t *testing.T) {
	const key = "AGE-SECRET-KEY-1"
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty": "", "comments": "# nothing\n", "damaged": key + "QQQQ\n", "no identity": "password\n",
		"of another type": hybrid.String() + "\n", "not UTF-8": "\xff\xfe\n",
	} {
		path := writeIdentity(t, text)
		_, err := Open(newDir(t), path)
		if err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), key) {
			t.Errorf("%s: Open = %v, want an error that names the file and shows nothing of it", name, err)
		}
	}
	if _, err := Open(newDir(t), filepath.Join(t.TempDir(), "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("absent: Open = %v, want %v", err, fs.ErrNotExist)
	}
}

func TestStoredValues(t *testing.T) {
	tests := map[string]struct{ stored, want, problem string }{
		"a line":               {"value\n", "value", ""},
		"without a line end":   {"value", "value", ""},
		"of windows":           {"value\r\n", "value", ""},
		"odd characters":       {"@/?#'\\ %\"é日本 \n", "@/?#'\\ %\"é日本 ", ""},
		"empty":                {"", "", "empty"},
		"only a line end":      {"\n", "", "empty"},
		"two lines":            {"value\nmore\n", "", "more than one line"},
		"a trailing empty one": {"value\n\n", "", "more than one line"},
		"nul":                  {"val\x00ue", "", "control character"},
		"escape":               {"val\x1b[mue", "", "control character"},
		"not UTF-8":            {"val\xffue", "", "not UTF-8"},
		"huge":                 {strings.Repeat("x", maxValue+10), "", "longer"},
	}
	identity, ids := newIdentity(t, 1)
	for name, tt := range tests {
		for suffix, data := range map[string]string{plainSuffix: tt.stored, ageSuffix: encrypted(t, tt.stored, ids[0])} {
			t.Run(name+suffix, func(t *testing.T) {
				dir := t.TempDir()
				if err := errors.Join(os.Chmod(dir, 0o700), os.WriteFile(filepath.Join(dir, "x"+suffix), []byte(data), 0o600)); err != nil {
					t.Fatal(err)
				}
				s := open(t, dir, identity)
				for call, get := range map[string]func(string) (string, error){"Get": s.Get, "GetOrCreate": s.GetOrCreate} {
					got, err := get("x")
					damaged, ok := errors.AsType[*DamagedError](err)
					switch {
					case tt.problem == "" && (err != nil || got != tt.want):
						t.Errorf("%s = %q, %v, want %q", call, got, err, tt.want)
					case tt.problem != "" && (!ok || got != "" || damaged.Ref != "x"):
						t.Errorf("%s = %q, %v, want a DamagedError", call, got, err)
					case tt.problem != "" && strings.Contains(err.Error(), "val"):
						t.Errorf("%s shows the value: %v", call, err)
					}
				}
			})
		}
	}
}

func encrypted(t *testing.T, s string, id *age.X25519Identity) string {
	t.Helper()
	data, err := encrypt([]byte(s), []age.Recipient{id.Recipient()})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDamagedEncryption(t *testing.T) {
	identity, _ := newIdentity(t, 1)
	dir := newDir(t)
	s := open(t, dir, identity)
	mustGet(t, s.GetOrCreate, "x")
	path := filepath.Join(dir, "x.age")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte{}, whole...)
	flipped[len(flipped)-5] ^= 1
	for name, data := range map[string][]byte{"empty": nil, "cut": whole[:len(whole)-9], "cut in the header": whole[:40], "flipped": flipped, "text": []byte("value\n")} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := s.GetOrCreate("x"); !errors.As(err, new(*DamagedError)) || got != "" {
			t.Errorf("%s: GetOrCreate = %q, %v, want a DamagedError", name, got, err)
		}
	}
	if err := s.Delete("x"); err != nil {
		t.Errorf("Delete of a damaged value = %v", err)
	}
}
