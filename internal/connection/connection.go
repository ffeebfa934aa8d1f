// Package connection says how to reach a PostgreSQL server that exists and as
// whom to administer it: typed fields, each checked, never a connection string,
// and a password only by where to find it.
package connection

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"

	"github.com/platformctl/platformctl/internal/durable"
	"github.com/platformctl/platformctl/internal/strictyaml"
)

// Server is the administrator's connection to a server. It stands in
// platform.yaml, and as JSON in the file of a server on this machine.
type Server struct {
	// Host is a name, an address, or the absolute directory of a unix socket.
	Host string `yaml:"host" json:"host"`
	// Port is 1 to 65535; 0 is [DefaultPort] in platform.yaml.
	Port int    `yaml:"port" json:"port"`
	User string `yaml:"user" json:"user"`
	// Database is the one to administer from; "postgres" when empty.
	Database string `yaml:"database,omitempty" json:"database,omitempty"`
	// PasswordFile and PasswordEnv say where the password is; at most one is set.
	PasswordFile string `yaml:"passwordFile,omitempty" json:"passwordFile,omitempty"`
	PasswordEnv  string `yaml:"passwordEnv,omitempty" json:"passwordEnv,omitempty"`
	// SSLMode is one of SSLModes; when empty SSLDisable on this machine and
	// SSLVerifyFull elsewhere.
	SSLMode string `yaml:"sslmode,omitempty" json:"sslmode,omitempty"`
	// SSLRootCert is a file of certificates to trust; the system's when empty.
	SSLRootCert string `yaml:"sslrootcert,omitempty" json:"sslrootcert,omitempty"`
}

// DefaultPort is PostgreSQL's own.
const DefaultPort = 5432

// Modes of encryption, by libpq's names. Its "allow" and "prefer" are missing
// on purpose: they send the password in the clear to whoever asks for that.
const (
	SSLDisable    = "disable"
	SSLRequire    = "require"     // encrypted, to whomever
	SSLVerifyCA   = "verify-ca"   // to a server with a trusted certificate
	SSLVerifyFull = "verify-full" // issued for its host
)

// SSLModes returns the modes of encryption, from none to the strictest.
func SSLModes() []string {
	return []string{SSLDisable, SSLRequire, SSLVerifyCA, SSLVerifyFull}
}

// FieldError names a field that cannot be used, and why.
type FieldError struct {
	Field, Problem string
}

func (e *FieldError) Error() string { return fmt.Sprintf("field %q: %s", e.Field, e.Problem) }

// Read reads and checks a connection file. Errors as of [Parse].
func Read(file string) (Server, error) {
	data, err := durable.ReadFile(file, durable.Small)
	if err != nil {
		return Server{}, fmt.Errorf("reading the connection file: %w", err)
	}
	return Parse(file, data)
}

// Parse checks the JSON text of a connection and fills in what it leaves out.
// Relative paths are taken from the directory of file, which errors name:
// [*strictyaml.Error] or a wrapped [*FieldError].
func Parse(file string, data []byte) (Server, error) {
	var s Server
	if err := strictyaml.DecodeJSON(file, data, &s); err != nil {
		return Server{}, err
	}
	s = s.Filled()
	if err := s.Check(); err != nil {
		return Server{}, fmt.Errorf("%s: %w", file, err)
	}
	for _, path := range []*string{&s.PasswordFile, &s.SSLRootCert} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(filepath.Dir(file), *path)
		}
	}
	return s, nil
}

// Filled returns s with database and mode of encryption filled in.
func (s Server) Filled() Server {
	if s.Database == "" {
		s.Database = "postgres"
	}
	if s.SSLMode == "" {
		s.SSLMode = SSLVerifyFull
		if s.Local() {
			s.SSLMode = SSLDisable
		}
	}
	return s
}

// Check returns the first field of a filled Server that cannot be used, as a
// [*FieldError]. It reads no file and no variable.
func (s Server) Check() error {
	switch {
	case !validHost(s.Host):
		return &FieldError{"host", fmt.Sprintf("%q is not one host name, address or absolute directory", s.Host)}
	case s.Port < 1 || s.Port > 65535:
		return &FieldError{"port", fmt.Sprintf("%d is not between 1 and 65535", s.Port)}
	case !validName(s.User):
		return &FieldError{"user", fmt.Sprintf("%q is not a user name", s.User)}
	case !validName(s.Database):
		return &FieldError{"database", fmt.Sprintf("%q is not a database name", s.Database)}
	case s.PasswordFile != "" && s.PasswordEnv != "":
		return &FieldError{"passwordEnv", "must not be set together with passwordFile"}
	case strings.ContainsFunc(s.PasswordFile, control):
		return &FieldError{"passwordFile", fmt.Sprintf("%q is not a path", s.PasswordFile)}
	case strings.Contains(s.PasswordEnv, "=") || strings.ContainsFunc(s.PasswordEnv, control):
		return &FieldError{"passwordEnv", fmt.Sprintf("%q is not the name of an environment variable", s.PasswordEnv)}
	case !slices.Contains(SSLModes(), s.SSLMode):
		return &FieldError{"sslmode", fmt.Sprintf("%q is not one of %s", s.SSLMode, strings.Join(SSLModes(), ", "))}
	case strings.ContainsFunc(s.SSLRootCert, control):
		return &FieldError{"sslrootcert", fmt.Sprintf("%q is not a path", s.SSLRootCert)}
	}
	return nil
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

// maxName is what PostgreSQL keeps of a name.
const maxName = 63

// validName is wide, because the administrator of an existing server may be
// called "x@tenant" or "A B"; the name travels as a field of its own, never in
// a string. What only stands in a connection string or needs escapes is refused.
func validName(s string) bool {
	return s != "" && len(s) <= maxName && !strings.ContainsFunc(s, control) && !strings.ContainsAny(s, "=?&/\\'\",;")
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// Local reports whether the traffic stays on this machine.
func (s Server) Local() bool {
	if filepath.IsAbs(s.Host) || s.Host == "localhost" {
		return true
	}
	ip := net.ParseIP(s.Host)
	return ip != nil && ip.IsLoopback()
}

// Password reads the administrator's password; "" when none is configured.
func (s Server) Password(getenv func(string) string) (string, error) {
	switch {
	case s.PasswordEnv != "":
		password := getenv(s.PasswordEnv)
		if password == "" {
			return "", fmt.Errorf("the environment variable %q, which should hold the password, is not set", s.PasswordEnv)
		}
		return password, nil
	case s.PasswordFile != "":
		data, err := durable.ReadFile(s.PasswordFile, durable.Small)
		if err != nil {
			return "", fmt.Errorf("reading the password file: %w", err)
		}
		password := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
		if password == "" || strings.ContainsRune(password, 0) {
			return "", fmt.Errorf("the password file %q does not hold a password", s.PasswordFile)
		}
		return password, nil
	}
	return "", nil
}

// TLS returns how to encrypt, nil for not at all. It reads SSLRootCert.
func (s Server) TLS() (*tls.Config, error) {
	if s.SSLMode == SSLDisable || filepath.IsAbs(s.Host) {
		return nil, nil
	}
	config := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.SSLRootCert != "" {
		pem, err := durable.ReadFile(s.SSLRootCert, durable.Small)
		if err != nil {
			return nil, fmt.Errorf("reading the root certificate: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("the file %q holds no certificate", s.SSLRootCert)
		}
	}
	mode := s.SSLMode
	if mode == SSLRequire && s.SSLRootCert != "" {
		mode = SSLVerifyCA // as libpq does: who names an authority wants it to be asked
	}
	switch mode {
	case SSLRequire:
		config.InsecureSkipVerify = true // what this mode means; verify-full is the default
	case SSLVerifyCA:
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
