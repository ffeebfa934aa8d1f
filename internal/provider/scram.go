package provider

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// scramIterations is the server's own default.
const scramIterations = 4096

// scramVerifier returns what PostgreSQL stores for a password that passed
// checkPassword: `SCRAM-SHA-256$4096:salt$stored:server` (RFC 5803). Sending
// this in place of the password keeps the password out of the server's log,
// out of pg_stat_statements and out of crash dumps.
func scramVerifier(password string) (string, error) {
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("drawing a salt: %w", err)
	}
	return scramVerifierOf(password, salt)
}

func scramVerifierOf(password string, salt []byte) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("deriving the SCRAM key: %w", err)
	}
	stored := sha256.Sum256(mac(salted, "Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return "SCRAM-SHA-256$" + strconv.Itoa(scramIterations) + ":" + b64(salt) +
		"$" + b64(stored[:]) + ":" + b64(mac(salted, "Server Key")), nil
}

// verifies reports whether verifier was made from password. One of another form
// than scramVerifier's was not.
func verifies(verifier, password string) bool {
	var salt string
	rest, ok := strings.CutPrefix(verifier, "SCRAM-SHA-256$"+strconv.Itoa(scramIterations)+":")
	if ok {
		salt, _, ok = strings.Cut(rest, "$")
	}
	raw, err := base64.StdEncoding.DecodeString(salt)
	if !ok || err != nil {
		return false
	}
	want, err := scramVerifierOf(password, raw)
	return err == nil && hmac.Equal([]byte(want), []byte(verifier))
}

func mac(key []byte, message string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(message))
	return h.Sum(nil)
}
