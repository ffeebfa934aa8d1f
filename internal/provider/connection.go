package provider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/strictyaml"
)

// connection is the content of a connection file: where the server is and as
// whom to administer it. The password is never in it, only where to find it.
type connection struct {
	Host         string `yaml:"host"` // a name, an address, or the absolute directory of a unix socket
	Port         int    `yaml:"port"`
	User         string `yaml:"user"`
	Database     string `yaml:"database"` // the one to administer from; "postgres" when empty
	PasswordFile string `yaml:"passwordFile"`
	PasswordEnv  string `yaml:"passwordEnv"`
	SSLMode      string `yaml:"sslmode"`
	SSLRootCert  string `yaml:"sslrootcert"`
}

// Modes of encryption, by libpq's names. Its "allow" and "prefer" are missing
// on purpose: they send the password in the clear to whoever asks for that.
const (
	sslDisable    = "disable"
	sslRequire    = "require"
	sslVerifyCA   = "verify-ca"
	sslVerifyFull = "verify-full"
)

// fieldError names the field of a connection file and what is wrong with it.
type fieldError struct {
	File, Field, Problem string
}

func (e *fieldError) Error() string {
	return fmt.Sprintf("%s: field %q: %s", e.File, e.Field, e.Problem)
}

// readConnection reads and checks a connection file.
func readConnection(file string) (connection, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return connection{}, fmt.Errorf("reading the connection file: %w", err)
	}
	return parseConnection(file, data)
}

// parseConnection checks the text of a connection file and fills in what it
// leaves out. Relative paths are taken from the directory of the file.
func parseConnection(file string, data []byte) (connection, error) {
	var c connection
	if err := strictyaml.DecodeJSON(file, data, &c); err != nil {
		return connection{}, err
	}
	if c.Database == "" {
		c.Database = "postgres"
	}
	if c.SSLMode == "" {
		c.SSLMode = sslVerifyFull
		if c.local() {
			c.SSLMode = sslDisable
		}
	}
	if field, err := c.check(); err != nil {
		return connection{}, &fieldError{File: file, Field: field, Problem: err.Error()}
	}
	for _, path := range []*string{&c.PasswordFile, &c.SSLRootCert} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(file), *path)
		}
	}
	return c, nil
}

// check returns the first field that cannot be used, and why.
func (c *connection) check() (field string, err error) {
	switch {
	case !validHost(c.Host):
		return "host", fmt.Errorf("%s is not one host name, address or absolute directory", show(c.Host))
	case c.Port < 1 || c.Port > 65535:
		return "port", fmt.Errorf("%d is not between 1 and 65535", c.Port)
	case !validName(c.User):
		return "user", fmt.Errorf("%s is not a user name", show(c.User))
	case !validName(c.Database):
		return "database", fmt.Errorf("%s is not a database name", show(c.Database))
	case c.PasswordFile != "" && c.PasswordEnv != "":
		return "passwordEnv", errors.New("must not be set together with passwordFile")
	case strings.ContainsFunc(c.PasswordFile, control):
		return "passwordFile", fmt.Errorf("%s is not a path", show(c.PasswordFile))
	case strings.Contains(c.PasswordEnv, "=") || strings.ContainsFunc(c.PasswordEnv, control):
		return "passwordEnv", fmt.Errorf("%s is not the name of an environment variable", show(c.PasswordEnv))
	case !slices.Contains([]string{sslDisable, sslRequire, sslVerifyCA, sslVerifyFull}, c.SSLMode):
		return "sslmode", fmt.Errorf("%s is not one of disable, require, verify-ca, verify-full", show(c.SSLMode))
	case strings.ContainsFunc(c.SSLRootCert, control):
		return "sslrootcert", fmt.Errorf("%s is not a path", show(c.SSLRootCert))
	}
	return "", nil
}

// validHost refuses lists of hosts and everything that a connection string
// would read as more than a host.
func validHost(s string) bool {
	if filepath.IsAbs(s) {
		return !strings.ContainsFunc(s, control)
	}
	if strings.Contains(s, ":") {
		return net.ParseIP(s) != nil
	}
	if s == "" || len(s) > 253 || s[0] == '-' || s[0] == '.' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		plain := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !plain && r != '.' && r != '-' && r != '_'
	})
}

// validName is wide, because the administrator of an existing server may be
// called anything; the name travels as a field of its own, never in a string.
func validName(s string) bool {
	return s != "" && len(s) <= maxIdentifier && !strings.ContainsFunc(s, control)
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// local reports whether the traffic stays on this machine.
func (c *connection) local() bool {
	if filepath.IsAbs(c.Host) || c.Host == "localhost" {
		return true
	}
	ip := net.ParseIP(c.Host)
	return ip != nil && ip.IsLoopback()
}

// password reads the administrator's password; "" when none is configured.
func (c *connection) password(getenv func(string) string) (string, error) {
	switch {
	case c.PasswordEnv != "":
		password := getenv(c.PasswordEnv)
		if password == "" {
			return "", fmt.Errorf("the environment variable %q, which should hold the password, is not set", c.PasswordEnv)
		}
		return password, nil
	case c.PasswordFile != "":
		data, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("reading the password file: %w", err)
		}
		password := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
		if password == "" || strings.ContainsRune(password, 0) {
			return "", fmt.Errorf("the password file %q does not hold a password", c.PasswordFile)
		}
		return password, nil
	}
	return "", nil
}

// tls returns how to encrypt, nil for not at all.
func (c *connection) tls() (*tls.Config, error) {
	if c.SSLMode == sslDisable || filepath.IsAbs(c.Host) {
		return nil, nil
	}
	config := &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}
	if c.SSLRootCert != "" {
		pem, err := os.ReadFile(c.SSLRootCert)
		if err != nil {
			return nil, fmt.Errorf("reading the root certificate: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the file %q holds no certificate", c.SSLRootCert)
		}
	}
	switch c.SSLMode {
	case sslRequire:
		config.InsecureSkipVerify = true // what this mode means; verify-full is the default
	case sslVerifyCA:
		config.InsecureSkipVerify = true // replaced by the check below, which leaves out the host name
		config.VerifyConnection = verifyChain(config.RootCAs)
	}
	return config, nil
}

// verifyChain checks the server's certificate, but not for whom it was issued.
func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			between.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
		return err
	}
}
