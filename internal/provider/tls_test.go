package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/platformctl/platformctl/internal/connection"
)

// certificate makes a certificate for addr, signed by one that it writes to a
// file and returns the name of, and puts certificate and key where the server reads them.
func certificate(t *testing.T, addr string) (root string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(err)
		return k
	}
	about := func(n int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		}
	}
	ca, caKey := about(1, "test authority"), key()
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	must(err)
	leaf, leafKey := about(2, addr), key()
	leaf.IPAddresses = []net.IP{net.ParseIP(addr)}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, leafKey.Public(), caKey)
	must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(leafKey)
	must(err)
	write := func(path, kind string, der []byte) {
		must(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	}
	root = filepath.Join(t.TempDir(), "root.crt")
	write(root, "CERTIFICATE", caDER)
	for _, f := range []struct {
		name, kind string
		der        []byte
	}{{"server.crt", "CERTIFICATE", leafDER}, {"server.key", "PRIVATE KEY", keyDER}} {
		path := filepath.Join(pg.dir, "data", f.name)
		write(path, f.kind, f.der)
		must(pg.own(path))
	}
	return root
}

// encrypt turns TLS on for the server of the tests until the test ends.
func encrypt(t *testing.T, on bool) {
	t.Helper()
	setting := map[bool]string{true: "on", false: "off"}[on]
	admin(t, "postgres", "ALTER SYSTEM SET ssl = "+setting)
	admin(t, "postgres", "SELECT pg_reload_conf()")
	c := connection.Server{Host: "127.0.0.1", Port: pg.port, User: "postgres", PasswordFile: pg.passwordFile(), SSLMode: connection.SSLRequire}.Filled()
	for range 200 {
		if _, err := Examine(context.Background(), c, os.Getenv); (err == nil) == on {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("the server does not turn TLS %s", setting)
}

func TestExamine(t *testing.T) {
	root := certificate(t, "127.0.0.1")
	defer encrypt(t, false)
	encrypt(t, true)
	other := certificate(t, "127.0.0.2") // on disk only: the server does not look again
	admin(t, "postgres", "CREATE ROLE examined LOGIN CREATEDB PASSWORD 'examined'")
	defer admin(t, "postgres", "DROP ROLE examined")
	t.Setenv("EXAMINED", "examined")
	for about, test := range map[string]struct {
		change func(*connection.Server)
		want   Facts
		words  string // of the error
	}{
		"plain":          {func(c *connection.Server) { c.SSLMode = connection.SSLDisable }, Facts{CreateRole: true, CreateDB: true}, ""},
		"require":        {func(c *connection.Server) { c.SSLMode = connection.SSLRequire }, Facts{TLS: "TLS 1.3", CreateRole: true, CreateDB: true}, ""},
		"require and CA": {func(c *connection.Server) { c.SSLMode, c.SSLRootCert = connection.SSLRequire, other }, Facts{}, "certificate"},
		"verify-ca":      {func(c *connection.Server) { c.SSLMode, c.SSLRootCert = connection.SSLVerifyCA, root }, Facts{TLS: "TLS 1.3", CreateRole: true, CreateDB: true}, ""},
		"verify-full":    {func(c *connection.Server) { c.SSLMode, c.SSLRootCert = connection.SSLVerifyFull, root }, Facts{TLS: "TLS 1.3", CreateRole: true, CreateDB: true}, ""},
		"other host": {func(c *connection.Server) {
			c.Host, c.SSLMode, c.SSLRootCert = "localhost", connection.SSLVerifyFull, root
		}, Facts{}, "certificate"},
		"other CA":      {func(c *connection.Server) { c.SSLMode, c.SSLRootCert = connection.SSLVerifyCA, other }, Facts{}, "certificate"},
		"system's CAs":  {func(c *connection.Server) { c.SSLMode = connection.SSLVerifyCA }, Facts{}, "certificate"},
		"limited":       {func(c *connection.Server) { c.User, c.PasswordFile, c.PasswordEnv = "examined", "", "EXAMINED" }, Facts{CreateDB: true}, ""},
		"no variable":   {func(c *connection.Server) { c.PasswordFile, c.PasswordEnv = "", "NOWHERE" }, Facts{}, `"NOWHERE"`},
		"wrong":         {func(c *connection.Server) { c.User, c.PasswordFile, c.PasswordEnv = "postgres", "", "EXAMINED" }, Facts{}, AccessDenied},
		"not reachable": {func(c *connection.Server) { c.Port = freePort() }, Facts{}, Unreachable},
	} {
		t.Run(about, func(t *testing.T) {
			c := connection.Server{Host: "127.0.0.1", Port: pg.port, User: "postgres", PasswordFile: pg.passwordFile()}
			test.change(&c)
			got, err := Examine(t.Context(), c.Filled(), os.Getenv)
			if test.words != "" {
				p, ok := errors.AsType[*Problem](err)
				if !ok || !strings.Contains(p.Error(), test.words) {
					t.Fatalf("Examine = %+v, %v, want a Problem with %q", got, err, test.words)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Number < MinServerVersion || got.Version == "" {
				t.Errorf("version = %q, %d", got.Version, got.Number)
			}
			got.Version, got.Number = "", 0
			if got != test.want {
				t.Errorf("Examine = %+v, want %+v", got, test.want)
			}
		})
	}
}

// A configuration may hold the connection itself.
func TestConnectionInline(t *testing.T) {
	w, name := newWorkspace(t)
	w.inline = true
	w.write(databaseConfig(name, ""))
	w.apply()
	w.unchanged()
	w.connection["sslmode"] = "require" // the server of the tests has no TLS
	w.write(databaseConfig(name, ""))
	w.fails([]string{Unreachable}, "plan")
}
