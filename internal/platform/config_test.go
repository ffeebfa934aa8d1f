package platform

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/platformctl/platformctl/internal/connection"
	"github.com/platformctl/platformctl/internal/strictyaml"
)

var update = flag.Bool("update", false, "write the golden files anew")

func acme() Config {
	c := DefaultConfig("acme")
	c.Spec.Owner = "group:default/enablement"
	c.Spec.Teams = TeamsClosed
	c.Spec.Environments = append(c.Spec.Environments, Environment{
		Name:          "production",
		Target:        "aws",
		Production:    true,
		Tiers:         []string{"production", "staging"},
		Backend:       map[string]any{"type": "s3", "bucket": "state"},
		Values:        map[string]any{"region": "eu-west-1", "zones": int64(3), "yes": "no", "deep": map[string]any{"a": []any{true}}},
		Observability: &Observability{OTLP: "https://otlp.example.org:4317", Logs: "http://logs.example.org"},
	}, Environment{
		Name:   "testing",
		Target: TargetServer,
		Tiers:  []string{"testing"},
		Servers: &Servers{PostgreSQL: &connection.Server{
			Host: "db.example.org", Port: 6432, User: "x@tenant", Database: "postgres",
			PasswordEnv: "TESTING_PASSWORD", SSLMode: "verify-full", SSLRootCert: "/etc/ssl/db.pem",
		}},
	})
	return c
}

func TestMarshalGolden(t *testing.T) {
	tests := map[string]Config{"default.yaml": DefaultConfig("platform"), "acme.yaml": acme()}
	for file, config := range tests {
		t.Run(file, func(t *testing.T) {
			got, err := config.Marshal()
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile("testdata/"+file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile("testdata/" + file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("Marshal() (-testdata/%s +got):\n%s", file, diff)
			}
			back, err := ParseConfig(file, got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(config, back); diff != "" {
				t.Errorf("ParseConfig(Marshal()) (-want +got):\n%s", diff)
			}
		})
	}
}

const head = "apiVersion: platformctl.io/v1\nkind: Platform\nmetadata: {name: acme}\n"

func TestParseConfigDefaults(t *testing.T) {
	got, err := ParseConfig("platform.yaml", []byte(head+"spec: {environments: [{name: local, target: local}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DefaultConfig("acme"), got); diff != "" {
		t.Errorf("ParseConfig() (-want +got):\n%s", diff)
	}
}

// badConfigs are refused, with the field named; those that also break the JSON
// schema say so.
var badConfigs = map[string]struct {
	in, field string
	schema    bool // whether the schema refuses it too
}{
	"empty":                           {"", "", false},
	"other apiVersion":                {"apiVersion: platformctl.io/v2\nkind: Platform\nmetadata: {name: acme}\nspec: {environments: [{name: local, target: local}]}\n", "apiVersion", true},
	"other kind":                      {"apiVersion: platformctl.io/v1\nkind: Capability\nmetadata: {name: acme}\nspec: {environments: [{name: local, target: local}]}\n", "kind", true},
	"no name":                         {"apiVersion: platformctl.io/v1\nkind: Platform\nspec: {environments: [{name: local, target: local}]}\n", "metadata.name", true},
	"bad name":                        {"apiVersion: platformctl.io/v1\nkind: Platform\nmetadata: {name: A}\nspec: {environments: [{name: local, target: local}]}\n", "metadata.name", true},
	"reserved name":                   {"apiVersion: platformctl.io/v1\nkind: Platform\nmetadata: {name: public}\nspec: {environments: [{name: local, target: local}]}\n", "metadata.name", true},
	"B40 unknown field":               {head + "spec: {ownr: a, environments: [{name: local, target: local}]}\n", "spec.ownr", true},
	"unknown in metadata":             {head + "extra: {}\nspec: {environments: [{name: local, target: local}]}\n", "extra", true},
	"B31 case":                        {head + "spec: {Owner: a, environments: [{name: local, target: local}]}\n", "spec.Owner", true},
	"no environments":                 {head + "spec: {teams: open}\n", "spec.environments", true},
	"empty environments":              {head + "spec: {environments: []}\n", "spec.environments", true},
	"teams":                           {head + "spec: {teams: half, environments: [{name: local, target: local}]}\n", "spec.teams", true},
	"identify as string":              {head + "spec: {identify: \"yes\", environments: [{name: local, target: local}]}\n", "spec.identify", true},
	"owner":                           {head + "spec: {owner: \"group:/x\", environments: [{name: local, target: local}]}\n", "spec.owner", true},
	"environment name":                {head + "spec: {environments: [{name: Prod, target: local}]}\n", "spec.environments[0].name", true},
	"B19 environment":                 {head + "spec: {environments: [{name: system, target: local}]}\n", "spec.environments[0].name", true},
	"B25 environment":                 {head + "spec: {environments: [{name: 014, target: local}]}\n", "spec.environments[0].name", true},
	"two dashes":                      {head + "spec: {environments: [{name: a--b, target: local}]}\n", "spec.environments[0].name", true},
	"same environment":                {head + "spec: {environments: [{name: local, target: local}, {name: local, target: aws}]}\n", "spec.environments[1].name", false},
	"no target":                       {head + "spec: {environments: [{name: local}]}\n", "spec.environments[0].target", true},
	"target":                          {head + "spec: {environments: [{name: local, target: A/b}]}\n", "spec.environments[0].target", true},
	"tier":                            {head + "spec: {environments: [{name: local, target: local, tiers: [a, B]}]}\n", "spec.environments[0].tiers[1]", true},
	"same tier":                       {head + "spec: {environments: [{name: local, target: local, tiers: [a, a]}]}\n", "spec.environments[0].tiers[1]", true},
	"tiers as string":                 {head + "spec: {environments: [{name: local, target: local, tiers: a}]}\n", "spec.environments[0].tiers", true},
	"backend, no type":                {head + "spec: {environments: [{name: local, target: local, backend: {bucket: b}}]}\n", "spec.environments[0].backend.type", true},
	"backend type":                    {head + "spec: {environments: [{name: local, target: local, backend: {type: 3}}]}\n", "spec.environments[0].backend.type", true},
	"otlp without scheme":             {head + "spec: {environments: [{name: local, target: local, observability: {otlp: \"host:4317\"}}]}\n", "spec.environments[0].observability.otlp", true},
	"logs with password":              {head + "spec: {environments: [{name: local, target: local, observability: {logs: \"https://u:p@h/\"}}]}\n", "spec.environments[0].observability.logs", true},
	"metrics script":                  {head + "spec: {environments: [{name: local, target: local, observability: {metrics: \"javascript:x\"}}]}\n", "spec.environments[0].observability.metrics", true},
	"servers, B95 host list":          {servers("host: \"h1,evil\", user: u"), "spec.environments[0].servers.postgresql.host", false},
	"servers, B95 host as string":     {servers("host: \"h1 port=1\", user: u"), "spec.environments[0].servers.postgresql.host", false},
	"servers, B95 database as string": {servers("host: h, user: u, database: \"mydb host=evil\""), "spec.environments[0].servers.postgresql.database", true},
	"servers, B95 database as URL":    {servers("host: h, user: u, database: \"mydb?host=evil\""), "spec.environments[0].servers.postgresql.database", true},
	"servers, B97 database quoted":    {servers("host: h, user: u, database: 'a\"b'"), "spec.environments[0].servers.postgresql.database", true},
	"servers, B95 options":            {servers("host: h, user: u, options: \"-c search_path=evil\""), "spec.environments[0].servers.postgresql.options", true},
	"servers, B95 servicefile":        {servers("host: h, user: u, servicefile: /x"), "spec.environments[0].servers.postgresql.servicefile", true},
	"servers, password in it":         {servers("host: h, user: u, password: x"), "spec.environments[0].servers.postgresql.password", true},
	"servers, no host":                {servers("user: u"), "spec.environments[0].servers.postgresql.host", true},
	"servers, no user":                {servers("host: h"), "spec.environments[0].servers.postgresql.user", true},
	"servers, port":                   {servers("host: h, user: u, port: 65536"), "spec.environments[0].servers.postgresql.port", true},
	"servers, port as text":           {servers("host: h, user: u, port: \"5432\""), "spec.environments[0].servers.postgresql.port", true},
	"servers, sslmode":                {servers("host: h, user: u, sslmode: prefer"), "spec.environments[0].servers.postgresql.sslmode", true},
	"servers, relative password file": {servers("host: h, user: u, passwordFile: pw"), "spec.environments[0].servers.postgresql.passwordFile", true},
	"servers, relative certificate":   {servers("host: h, user: u, sslrootcert: ../ca.pem"), "spec.environments[0].servers.postgresql.sslrootcert", true},
	"servers, two passwords":          {servers("host: h, user: u, passwordFile: /pw, passwordEnv: PW"), "spec.environments[0].servers.postgresql.passwordEnv", false},
	"servers, variable":               {servers("host: h, user: u, passwordEnv: \"A=B\""), "spec.environments[0].servers.postgresql.passwordEnv", true},
	"servers, other target":           {head + "spec: {environments: [{name: local, target: local, servers: {postgresql: {host: h, user: u}}}]}\n", "spec.environments[0].servers", false},
	"servers, none":                   {head + "spec: {environments: [{name: staging, target: server, servers: {}}]}\n", "spec.environments[0].servers", false},
	"servers, unknown":                {head + "spec: {environments: [{name: staging, target: server, servers: {mysql: {}}}]}\n", "spec.environments[0].servers.mysql", true},
}

// servers makes a platform.yaml with a server of target server.
func servers(fields string) string {
	return head + "spec: {environments: [{name: staging, target: server, servers: {postgresql: {" + fields + "}}}]}\n"
}

func TestParseConfigServers(t *testing.T) {
	for about, test := range map[string]struct {
		fields string
		want   connection.Server
	}{
		"least": {
			"host: db.example.org, user: admin",
			connection.Server{Host: "db.example.org", Port: 5432, User: "admin", Database: "postgres", SSLMode: "verify-full"},
		},
		"this machine": {
			"host: localhost, port: 1, user: admin, passwordFile: ~/pw",
			connection.Server{Host: "localhost", Port: 1, User: "admin", Database: "postgres", SSLMode: "disable", PasswordFile: "~/pw"},
		},
	} {
		c, err := ParseConfig("platform.yaml", []byte(servers(test.fields)))
		if err != nil {
			t.Errorf("%s: %v", about, err)
			continue
		}
		if diff := cmp.Diff(&test.want, c.Spec.Environments[0].Servers.PostgreSQL); diff != "" {
			t.Errorf("%s (-want +got):\n%s", about, diff)
		}
	}
}

func TestParseConfigRefuses(t *testing.T) {
	for name, tt := range badConfigs {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfig("platform.yaml", []byte(tt.in))
			if err == nil {
				t.Fatal("ParseConfig() took it")
			}
			if got := fieldOf(err); got != tt.field {
				t.Errorf("field = %q, want %q (%v)", got, tt.field, err)
			}
			if !strings.Contains(err.Error(), "platform.yaml") || strings.Contains(err.Error(), "u:p@") {
				t.Errorf("error = %v", err)
			}
		})
	}
}

func fieldOf(err error) string {
	if e, ok := errors.AsType[*strictyaml.Error](err); ok {
		return e.Field
	}
	if e, ok := errors.AsType[*ConfigError](err); ok {
		return e.Field
	}
	if e, ok := errors.AsType[*NameError](err); ok {
		return e.Field
	}
	return "no typed error"
}

func TestPlace(t *testing.T) {
	one := DefaultConfig("acme")
	three := acme()
	three.Spec.Environments = append(three.Spec.Environments, Environment{Name: "staging", Target: "aws", Tiers: []string{"staging"}})
	tests := map[string]struct {
		config Config
		ask    Ask
		want   string
		err    error
	}{
		"the only one":           {one, Ask{}, "local", nil},
		"the only one, any tier": {one, Ask{Tier: "production"}, "local", nil},
		"named":                  {three, Ask{Environment: "production"}, "production", nil},
		"named, serves the tier": {three, Ask{Environment: "staging", Tier: "staging"}, "staging", nil},
		"named, serves all":      {three, Ask{Environment: "local", Tier: "anything"}, "local", nil},
		"the only one that does": {three, Ask{Tier: "development"}, "local", nil},
		"none named, four serve": {three, Ask{}, "", &PlacementError{Candidates: []string{"local", "production", "testing", "staging"}}},
		"more than one": {
			three,
			Ask{Tier: "staging"},
			"",
			&PlacementError{Tier: "staging", Candidates: []string{"local", "production", "staging"}},
		},
		"named, does not serve": {
			three,
			Ask{Environment: "production", Tier: "development"},
			"",
			&PlacementError{Tier: "development", Environment: "production", Tiers: []string{"production", "staging"}},
		},
		"none serves": {
			Config{Spec: Spec{Environments: three.Spec.Environments[1:]}},
			Ask{Tier: "development"},
			"",
			&PlacementError{Tier: "development", Candidates: []string{}},
		},
		"unknown": {
			three,
			Ask{Environment: "prod"},
			"",
			&UnknownError{What: "environment", Name: "prod", Known: []string{"local", "production", "testing", "staging"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := Place(t.Context(), tt.config, tt.ask)
			if got.Name != tt.want {
				t.Errorf("Place() = %q, want %q", got.Name, tt.want)
			}
			if diff := cmp.Diff(tt.err, err); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPlacementErrorText(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"does not serve": {
			&PlacementError{Tier: "development", Environment: "production", Tiers: []string{"production", "staging"}},
			`environment "production" does not serve tier "development": it serves production, staging`,
		},
		"none":      {&PlacementError{Tier: "a\x1bb"}, `no environment serves tier "a^[b"`},
		"many":      {&PlacementError{Tier: "a", Candidates: []string{"b", "c"}}, `more than one environment serves tier "a": b, c`},
		"many, any": {&PlacementError{Candidates: []string{"b", "c"}}, "more than one environment to choose from: b, c"},
		"unknown":   {&UnknownError{What: "environment", Name: "pr\x1bd"}, `unknown environment "pr^[d"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.err.Error(); got != tt.want {
				t.Errorf("error = %s, want %s", got, tt.want)
			}
		})
	}
}
