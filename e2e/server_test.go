package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdServer makes a second real PostgreSQL server that knows nothing of the
// script's platform and takes encrypted connections only: server DIR. In DIR are
// the authority ca.pem, another one of its name in other.pem, and the file password of its administrator platform_admin,
// who may make roles and databases and no more. It sets SERVER_PORT.
//
// A platform of its own below DIR runs the server, as that knows how to on
// every machine.
func cmdServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: server DIR")
	}
	dir := ts.MkAbs(args[0])
	home := filepath.Join(dir, "home")
	ts.Check(os.MkdirAll(home, 0o700))
	start := exec.Command(binary, "request", "database", "--type", "postgresql", "--tier", "development", "--team", "others", "--auto-approve", "-o", "name")
	start.Env = append(os.Environ(), "PLATFORMCTL_HOME="+home, "PLATFORMCTL_TOOLS="+ts.Getenv("PLATFORMCTL_TOOLS"), "HOME="+dir)
	start.Dir = dir
	if out, err := start.CombinedOutput(); err != nil {
		ts.Fatalf("starting the server: %v\n%s", err, out)
	}
	data := glob(ts, filepath.Join(home, "data", "platforms", "*", "local", "postgresql", "data"))
	ts.Check(certify(data, dir))
	hba := "hostssl all all 127.0.0.1/32 scram-sha-256\nhost all platformctl 127.0.0.1/32 scram-sha-256\n"
	ts.Check(os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o600))

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn := administrator(ctx, ts, home, "postgres")
	defer func() { _ = conn.Close(ctx) }()
	const password = "s3cret of the administrator"
	for _, statement := range []string{
		"ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()",
		"CREATE ROLE platform_admin LOGIN CREATEDB CREATEROLE PASSWORD '" + password + "'",
	} {
		_, err := conn.Exec(ctx, statement)
		ts.Check(err)
	}
	ts.Check(os.WriteFile(filepath.Join(dir, "password"), []byte(password+"\n"), 0o600))
	for {
		config := conn.Config()
		config.User, config.Password = "platform_admin", password
		plain, err := pgx.ConnectConfig(ctx, config)
		if err != nil && strings.Contains(err.Error(), "no encryption") {
			break // it has read its new configuration
		}
		if err == nil {
			_ = plain.Close(ctx)
		}
		if ctx.Err() != nil {
			ts.Fatalf("the server does not turn TLS on: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Setenv("SERVER_PORT", strconv.Itoa(int(conn.Config().Port)))
	ts.Setenv("SERVER_HOME", home)
}

// glob returns the only match of a pattern.
func glob(ts *testscript.TestScript, pattern string) string {
	matches, err := filepath.Glob(pattern)
	ts.Check(err)
	if len(matches) != 1 {
		ts.Fatalf("%s matches %d files", pattern, len(matches))
	}
	return matches[0]
}

// certify puts a key and a certificate for 127.0.0.1 into a server's data
// directory, and into dir the authority that signed it and one that did not.
func certify(data, dir string) error {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := func(n int64, name string) *x509.Certificate {
		return &x509.Certificate{
			SerialNumber: big.NewInt(n), Subject: pkix.Name{CommonName: name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		}
	}
	ca, leaf := template(1, "authority of a story"), template(2, "127.0.0.1")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	otherDER, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		return err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		path, kind string
		der        []byte
	}{
		{filepath.Join(dir, "ca.pem"), "CERTIFICATE", caDER},
		{filepath.Join(dir, "other.pem"), "CERTIFICATE", otherDER},
		{filepath.Join(data, "server.crt"), "CERTIFICATE", leafDER},
		{filepath.Join(data, "server.key"), "PRIVATE KEY", keyDER},
	} {
		if err := os.WriteFile(f.path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			return err
		}
	}
	return sameOwner(data, filepath.Join(data, "server.key"), filepath.Join(data, "server.crt"))
}

// sameOwner gives files to the owner of dir: the user that the server runs as.
func sameOwner(dir string, files ...string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	uid, gid := owner(info)
	for _, file := range files {
		if err := os.Chown(file, uid, gid); err != nil {
			return fmt.Errorf("giving %s to the server: %w", file, err)
		}
	}
	return nil
}
