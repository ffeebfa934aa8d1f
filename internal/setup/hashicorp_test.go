package setup

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// TestDownload runs the real client against a server laid out like HashiCorp's
// whose releases are signed with a key of the test.
func TestDownload(t *testing.T) {
	signer, other := newKey(t), newKey(t)
	tests := map[string]struct {
		tamper func(files map[string][]byte)
		key    string
		want   string
	}{
		"good":             {key: armored(t, signer)},
		"another signer":   {key: armored(t, other), want: "signature"},
		"HashiCorp's key":  {key: "", want: "signature"},
		"another archive":  {key: armored(t, signer), tamper: func(f map[string][]byte) { f["terraform.zip"] = zipped(t, "evil") }, want: "checksum"},
		"another checksum": {key: armored(t, signer), tamper: func(f map[string][]byte) { f["SUMS"] = []byte(strings.Repeat("0", 64) + "  terraform.zip\n") }, want: "signature"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			files := signedRelease(t, signer)
			if tt.tamper != nil {
				tt.tamper(files)
			}
			r := release{url: serve(t, files), version: "1.2.3", key: tt.key}
			o := options(t)
			unlock, err := o.lock(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer unlock()
			if err := r.reachable(t.Context()); err != nil {
				t.Fatal(err)
			}
			err = o.download(t.Context(), r)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("download() = %v, want %q", err, tt.want)
			}
			path := filepath.Join(o.Tools, "bin", "terraform")
			info, err := os.Stat(path)
			switch {
			case tt.want != "" && err == nil:
				t.Errorf("%s is there", path)
			case tt.want == "" && (err != nil || info.Mode() != 0o755):
				t.Errorf("%s: %v, %v", path, info, err)
			}
		})
	}
}

func TestReachable(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, tt := range map[string]struct{ url, want string }{
		"nobody listens": {closed.URL, "refused"},
		"wrong server":   {serve(t, nil), "404"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := (release{url: tt.url, version: "1.2.3"}).reachable(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("reachable() = %v, want %q", err, tt.want)
			}
		})
	}
}

// signedRelease returns a release's files by the last part of their path.
func signedRelease(t *testing.T, signer *openpgp.Entity) map[string][]byte {
	t.Helper()
	archive := zipped(t, "#!/bin/sh\n")
	sums := fmt.Appendf(nil, "%x  terraform.zip\n", sha256.Sum256(archive))
	var signature bytes.Buffer
	if err := openpgp.DetachSign(&signature, signer, bytes.NewReader(sums), nil); err != nil {
		t.Fatal(err)
	}
	index, err := json.Marshal(map[string]any{
		"name": "terraform", "version": "1.2.3",
		"shasums": "SUMS", "shasums_signature": "terraform_SHA256SUMS.sig",
		"builds": []map[string]string{{
			"os": runtime.GOOS, "arch": runtime.GOARCH, "filename": "terraform.zip", "url": "/terraform/1.2.3/terraform.zip",
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"index.json": index, "SUMS": sums, "terraform_SHA256SUMS.sig": signature.Bytes(), "terraform.zip": archive}
}

func serve(t *testing.T, files map[string][]byte) (url string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, ok := files[strings.TrimPrefix(r.URL.Path, "/terraform/1.2.3/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		switch filepath.Ext(r.URL.Path) {
		case ".json":
			w.Header().Set("Content-Type", "application/json")
		case ".zip":
			w.Header().Set("Content-Type", "application/zip")
		}
		_, _ = w.Write(data)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func zipped(t *testing.T, content string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	f, err := w.Create("terraform")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func newKey(t *testing.T) *openpgp.Entity {
	t.Helper()
	key, err := openpgp.NewEntity("test", "", "test@example.com", nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func armored(t *testing.T, key *openpgp.Entity) string {
	t.Helper()
	var buf bytes.Buffer
	w, err := armor.Encode(&buf, openpgp.PublicKeyType, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := key.Serialize(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}
