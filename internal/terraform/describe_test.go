package terraform_test

import (
	"encoding/json"
	"testing"
)

func TestDescribeVariables(t *testing.T) {
	tests := map[string]struct{ block, want string }{
		"string":        {`type = string`, `{"type":"string"}`},
		"quoted":        {`type = "string"`, `{}`},
		"no type":       {``, `{}`},
		"any":           {"type = any\n default = 1", `{"default":1}`},
		"list":          {"type = list(string)\n default = []", `{"default":[],"items":{"type":"string"},"type":"array"}`},
		"bare list":     {`type = list`, `{"items":{},"type":"array"}`},
		"set":           {"type = set(number)\n default = [2, 1, 2]", `{"default":[1,2],"items":{"type":"number"},"type":"array","uniqueItems":true}`},
		"map":           {`type = map(bool)`, `{"additionalProperties":{"type":"boolean"},"type":"object"}`},
		"tuple":         {`type = tuple([string, bool])`, `{"maxItems":2,"minItems":2,"prefixItems":[{"type":"string"},{"type":"boolean"}],"type":"array"}`},
		"object":        {"type = object({a = string, b = optional(number, 3), c = optional(string)})\n default = { a = 1 }", `{"additionalProperties":false,"default":{"a":"1"},"properties":{"a":{"type":"string"},"b":{"type":"number"},"c":{"type":"string"}},"required":["a"],"type":"object"}`},
		"null":          {"type = string\n default = null", `{"type":"string"}`},
		"converted":     {"type = string\n default = 5", `{"default":"5","type":"string"}`},
		"huge number":   {"type = number\n default = 123456789012345678901234567890", `{"type":"number"}`},
		"enum":          {"type = string\n validation {\n condition = contains([\"a\", \"b\"], var.x)\n error_message = \"\"\n}", `{"enum":["a","b"],"type":"string"}`},
		"enum or null":  {"type = string\n default = null\n validation {\n condition = var.x == null || contains([\"a\"], var.x)\n error_message = \"\"\n}", `{"enum":["a"],"type":"string"}`},
		"other's enum":  {"type = string\n validation {\n condition = contains([\"a\"], var.y)\n error_message = \"\"\n}", `{"type":"string"}`},
		"negated enum":  {"type = string\n validation {\n condition = !contains([\"a\"], var.x)\n error_message = \"\"\n}", `{"type":"string"}`},
		"range":         {"type = number\n validation {\n condition = var.x >= 1 && (10 > var.x)\n error_message = \"\"\n}", `{"exclusiveMaximum":10,"minimum":1,"type":"number"}`},
		"either":        {"type = number\n validation {\n condition = var.x >= 1 || var.x < 0\n error_message = \"\"\n}", `{"type":"number"}`},
		"length":        {"type = string\n validation {\n condition = length(var.x) > 2 && length(var.x) <= 8\n error_message = \"\"\n}", `{"maxLength":8,"minLength":3,"type":"string"}`},
		"length, list":  {"type = list(string)\n validation {\n condition = length(var.x) < 3\n error_message = \"\"\n}", `{"items":{"type":"string"},"maxItems":2,"type":"array"}`},
		"pattern":       {"type = string\n validation {\n condition = can(regex(\"^[a-z]+$\", var.x))\n error_message = \"\"\n}", `{"pattern":"^[a-z]+$","type":"string"}`},
		"equal to":      {"type = number\n validation {\n condition = var.x == 1\n error_message = \"\"\n}", `{"type":"number"}`},
		"two of them":   {"type = number\n validation {\n condition = var.x > 1\n error_message = \"\"\n}\n validation {\n condition = var.x < 4\n error_message = \"\"\n}", `{"exclusiveMaximum":4,"exclusiveMinimum":1,"type":"number"}`},
		"negative size": {"type = string\n validation {\n condition = length(var.x) > -5\n error_message = \"\"\n}", `{"type":"string"}`},
	}
	e := engine(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := e.Describe(t.Context(), t.TempDir(), local("./x", nil, "main.tf", "variable \"x\" {\n"+tt.block+"\n}\n"))
			if err != nil || len(got.Variables) != 1 {
				t.Fatalf("Describe = %+v, %v", got, err)
			}
			if text, _ := json.Marshal(got.Variables[0].Schema); string(text) != tt.want {
				t.Errorf("schema = %s, want %s", text, tt.want)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	m := local("./x", nil, "main.tf", `
variable "password" {
  type      = string
  sensitive = true
}
variable "token" {
  description = " of a day "
  ephemeral   = true
  default     = null
}
output "secret" {
  value     = var.password
  sensitive = true
}
output "plain" {
  description = "as it is"
  value       = 1
}
resource "platformctl_postgresql_database" "x" {
  name = "x"
}
terraform {
  required_providers {
    platformctl = { source = "platformctl.local/platform/platformctl" }
    time        = { source = "hashicorp/time", version = ">= 0.1" }
  }
}
`)
	got, err := engine(t).Describe(t.Context(), t.TempDir(), m)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(got)
	want := `{"Digest":"` + got.Digest + `","Fetched":false,"Variables":[` +
		`{"Name":"password","Type":"string","Required":true,"Sensitive":true,"Ephemeral":false,"Description":"","Schema":{"type":"string"}},` +
		`{"Name":"token","Type":"","Required":false,"Sensitive":false,"Ephemeral":true,"Description":"of a day","Schema":{}}],` +
		`"Outputs":[{"Name":"plain","Description":"as it is","Sensitive":false,"Ephemeral":false},{"Name":"secret","Description":"","Sensitive":true,"Ephemeral":false}],` +
		`"Providers":["hashicorp/time \u003e= 0.1"],"Needs":["postgresql"],"Own":true,"Risks":null}`
	if string(text) != want {
		t.Errorf("Describe = %s\nwant %s", text, want)
	}
}
