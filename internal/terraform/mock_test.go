package terraform_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/platformctl/platformctl/internal/terraform"
)

const mockedModule = `
terraform {
  required_providers {
    fake = {
      source                = "example.com/test/fake"
      configuration_aliases = [fake.other]
    }
  }
}

resource "platformctl_postgresql_database" "one" {
  provider = fake
  owner    = "one"
  name     = "one"
}

resource "platformctl_postgresql_database" "two" {
  provider = fake.other
  owner    = "two"
  name     = platformctl_postgresql_database.one.name
}

resource "terraform_data" "three" {}
`

// A provider that cannot reach what it stands for is mocked by its schema, and
// one that is not there cannot be.
func TestPlanMocked(t *testing.T) {
	config, _ := mirror(t, "0.1.0")
	e := engine(t, "TF_CLI_CONFIG_FILE", config)
	dir := t.TempDir()
	m := local("./fake", nil, "main.tf", mockedModule)
	m.Providers = map[string]map[string]any{"fake": {}, "fake.other": {}}
	r := prepare(t, e, dir, m)
	if want := []string{"fake", "fake.other"}; !slices.Equal(r.Providers, want) {
		t.Fatalf("Providers = %v, want %v", r.Providers, want)
	}
	got, err := e.PlanMocked(t.Context(), dir, terraform.Run{}, r.Providers)
	if err != nil || got.Add != 3 {
		t.Errorf("PlanMocked = %+v, %v, want 3 to add", got, err)
	}
	m = local("./fake", nil, "main.tf", strings.Replace(mockedModule, `"one"
}`, `"one"
  nonsense = 1
}`, 1))
	m.Providers = map[string]map[string]any{"fake": {}, "fake.other": {}}
	prepare(t, e, dir, m)
	var failed *terraform.RunError
	if _, err := e.PlanMocked(t.Context(), dir, terraform.Run{}, r.Providers); !errors.As(err, &failed) || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("PlanMocked of a wrong argument = %v", err)
	}
}
