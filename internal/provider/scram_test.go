package provider

import (
	"encoding/base64"
	"fmt"
	"testing"
)

// TestScramVerifier holds the verifier against the server's own for the same
// password and salt.
func TestScramVerifier(t *testing.T) {
	_, name := newWorkspace(t)
	for _, password := range []string{"x", "pencil", `@/?#'"\ %~`, "0123456789abcdefABCDEF0123456789"} {
		quoted, err := literal(password)
		if err != nil {
			t.Fatal(err)
		}
		admin(t, "postgres", "DROP ROLE IF EXISTS "+name, "CREATE ROLE "+name+" PASSWORD "+quoted)
		want := ask(t, "postgres", "select rolpassword from pg_authid where rolname = $1", name)
		var iterations int
		var rest string
		if _, err := fmt.Sscanf(want, "SCRAM-SHA-256$%d:%s", &iterations, &rest); err != nil || iterations != scramIterations {
			t.Fatalf("the server's verifier is %q: %v", want, err)
		}
		salt, err := base64.StdEncoding.DecodeString(rest[:24])
		if err != nil {
			t.Fatal(err)
		}
		got, err := scramVerifierOf(password, salt)
		if err != nil || got != want {
			t.Errorf("verifier of %q = %q, %v, want %q", password, got, err, want)
		}
	}
	first, err := scramVerifier("x")
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := scramVerifier("x"); first == second {
		t.Error("two verifiers have the same salt")
	}
}

func TestVerifies(t *testing.T) {
	verifier, err := scramVerifier("secret-1")
	if err != nil {
		t.Fatal(err)
	}
	if !verifies(verifier, "secret-1") {
		t.Error("the password that it was made from does not verify")
	}
	for _, other := range []string{verifier + "x", "none", "", "md5abc", "SCRAM-SHA-256$4096:", "SCRAM-SHA-256$4096:!$x:y"} {
		if verifies(other, "secret-1") {
			t.Errorf("%q verifies", other)
		}
	}
	if verifies(verifier, "secret-2") {
		t.Error("another password verifies")
	}
}
