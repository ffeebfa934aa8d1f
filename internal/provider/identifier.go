package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/jackc/pgx/v5"
)

// maxIdentifier is what PostgreSQL keeps of a name; it cuts longer ones
// silently, so that two names become one.
const maxIdentifier = 63

// checkIdentifier reports why s is not accepted as the name of a role or a
// database: `^[a-z_][a-z0-9_]{0,62}$` and not reserved by PostgreSQL. It runs
// before any quoting, because quoting drops NUL bytes and would make one name
// of two.
func checkIdentifier(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	if len(s) > maxIdentifier {
		return fmt.Errorf("%s must not be longer than %d bytes", show(s), maxIdentifier)
	}
	for i := range len(s) {
		c := s[i]
		letter := c == '_' || 'a' <= c && c <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && (!digit || i == 0) {
			return fmt.Errorf("%s must consist of a-z, 0-9 and _, and not start with a digit", show(s))
		}
	}
	if strings.HasPrefix(s, "pg_") || s == "public" || s == "none" {
		return fmt.Errorf("%s is reserved by PostgreSQL", show(s))
	}
	return nil
}

// checkExtension reports why s is not accepted as the name of an extension.
// These may hold a dash (uuid-ossp).
func checkExtension(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	if len(s) > maxIdentifier {
		return fmt.Errorf("%s must not be longer than %d bytes", show(s), maxIdentifier)
	}
	for i := range len(s) {
		c := s[i]
		inner := c == '_' || c == '-' || '0' <= c && c <= '9'
		if (c < 'a' || c > 'z') && (!inner || i == 0) {
			return fmt.Errorf("%s must consist of a-z, 0-9, _ and -, and start with a letter", show(s))
		}
	}
	return nil
}

// maxPassword is far above what is generated, and below what makes the
// server's own limits interesting.
const maxPassword = 256

// checkPassword reports why a password is not accepted. The error never holds
// it. Only printable ASCII is: everything else would have to be normalized
// exactly as each client library does it, or logging in fails later.
func checkPassword(s string) error {
	if s == "" || len(s) > maxPassword {
		return fmt.Errorf("must have 1 to %d characters", maxPassword)
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return errors.New("must consist of printable ASCII characters")
		}
	}
	return nil
}

// maxMark keeps the mark readable in psql's listings.
const maxMark = 200

// checkMark reports why s cannot be the mark on what the provider makes.
func checkMark(s string) error {
	if strings.TrimSpace(s) == "" || len(s) > maxMark {
		return fmt.Errorf("must have 1 to %d characters", maxMark)
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			return fmt.Errorf("%s must consist of printable ASCII characters", show(s))
		}
	}
	return nil
}

// ident quotes a checked name for use in a statement.
func ident(s string) string {
	return pgx.Identifier{s}.Sanitize()
}

// literal quotes s as a string constant, whatever standard_conforming_strings
// says. Statements such as COMMENT and CREATE ROLE take no parameters.
func literal(s string) (string, error) {
	if strings.ContainsRune(s, 0) {
		return "", errors.New("a NUL byte cannot be sent to PostgreSQL")
	}
	quoted := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`), nil
	}
	return quoted, nil
}

// show quotes a value of a person for a message, escaped and cut.
func show(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return fmt.Sprintf("%q...", string(runes[:most]))
	}
	return fmt.Sprintf("%q", s)
}

// textRule turns one of the checks above into a validator of an attribute.
type textRule struct {
	about string
	check func(string) error
}

var _ validator.String = textRule{}

func (r textRule) Description(context.Context) string { return r.about }

func (r textRule) MarkdownDescription(context.Context) string { return r.about }

func (r textRule) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if err := r.check(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, fmt.Sprintf("invalid value of %s", req.Path), err.Error())
	}
}

func identifierRule() validator.String {
	return textRule{"1 to 63 characters: a-z, 0-9 and _, not starting with a digit", checkIdentifier}
}
