package terraform_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/terraform"
)

// A module of a registry is fetched by its version, and pinned by its digest.
func TestRegistryModule(t *testing.T) {
	repo := repository(t, "main.tf", dataModule)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/.well-known/terraform.json":
			_, _ = w.Write([]byte(`{"modules.v1": "/v1/modules/"}`))
		case "/v1/modules/acme/cache/local/versions":
			_, _ = w.Write([]byte(`{"modules": [{"versions": [{"version": "1.2.0"}, {"version": "1.3.0"}]}]}`))
		case "/v1/modules/acme/cache/local/1.2.0/download":
			w.Header().Set("X-Terraform-Get", repo+"?ref=v1")
			w.WriteHeader(http.StatusNoContent)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	trust := filepath.Join(t.TempDir(), "ca.pem")
	write(t, trust, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})), 0o600)
	e := engine(t, "SSL_CERT_FILE", trust)
	m := terraform.Module{
		Source: strings.TrimPrefix(server.URL, "https://") + "/acme/cache/local", Version: "1.2.0",
		Variables: map[string]any{"name": "x"}, Pinned: true,
	}
	is, err := e.Describe(t.Context(), t.TempDir(), m)
	if err != nil || !is.Fetched || len(is.Variables) != 1 {
		t.Fatalf("Describe = %+v, %v", is, err)
	}
	m.Digest = is.Digest
	r := prepare(t, e, t.TempDir(), m)
	if !strings.Contains(string(r.Main), `"version": "1.2.0"`) {
		t.Errorf("main.tf.json:\n%s", r.Main)
	}
	m.Version = "1.4.0"
	if _, err := e.Prepare(t.Context(), t.TempDir(), m, ""); err == nil || !strings.Contains(err.Error(), "terraform get") {
		t.Errorf("Prepare of a version that is not there = %v", err)
	}
}
