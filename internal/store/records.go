package store

import "time"

// ResourceKey names a resource.
type ResourceKey struct {
	Environment, Name string
}

// Resource is what requests made: rendered Terraform, and what is known of it.
type Resource struct {
	Environment, Name string
	// Main is main.tf.json, Variables is terraform.tfvars.json, Lock is
	// .terraform.lock.hcl: the versions and hashes of the providers that the
	// module brings. Nil is no file.
	Main, Variables, Lock []byte
	Record                ResourceRecord
}

// ResourceRecord is resource.yaml. APIVersion and Kind are set by the store.
type ResourceRecord struct {
	APIVersion string           `yaml:"apiVersion" json:"apiVersion"`
	Kind       string           `yaml:"kind" json:"kind"`
	Metadata   ResourceMetadata `yaml:"metadata" json:"metadata"`
	Spec       ResourceSpec     `yaml:"spec" json:"spec"`
}

// ResourceMetadata names a resource.
type ResourceMetadata struct {
	Name string `yaml:"name" json:"name"`
}

// ResourceSpec is what is wanted, and which request last said so.
type ResourceSpec struct {
	// Capability is like "database/postgresql@1.0.0", Digest that of its
	// definition.
	Capability string `yaml:"capability" json:"capability"`
	Digest     string `yaml:"digest" json:"digest"`
	// Module is the digest of the module's files, of those that were fetched too.
	Module      string `yaml:"module,omitempty" json:"module,omitempty"`
	Tier        string `yaml:"tier" json:"tier"`
	Environment string `yaml:"environment" json:"environment"`
	Team        string `yaml:"team" json:"team"`
	// Inputs are those of the user, without defaults.
	Inputs map[string]any `yaml:"inputs,omitempty" json:"inputs,omitempty"`
	// Request is the ULID of the last request.
	Request string    `yaml:"request" json:"request"`
	Created time.Time `yaml:"created" json:"created"`
	Updated time.Time `yaml:"updated" json:"updated"`
	// Machine is where Terraform's state of it and its secrets are.
	Machine string `yaml:"machine,omitempty" json:"machine,omitempty"`
	// Writer is the pseudonym of the user's home on Machine that they are in.
	Writer string `yaml:"writer,omitempty" json:"writer,omitempty"`
	// Needs are the kinds of servers that it lives on, such as "postgresql".
	Needs []string `yaml:"needs,omitempty,flow" json:"needs,omitempty"`
	// For is the entity reference of what uses it.
	For string `yaml:"for,omitempty" json:"for,omitempty"`
}

// Request is a frozen request and its outcome.
type Request struct {
	ID          string         `yaml:"id" json:"id"`
	Capability  string         `yaml:"capability" json:"capability"`
	Name        string         `yaml:"name" json:"name"`
	Team        string         `yaml:"team" json:"team"`
	Tier        string         `yaml:"tier" json:"tier"`
	Environment string         `yaml:"environment" json:"environment"`
	Inputs      map[string]any `yaml:"inputs,omitempty" json:"inputs,omitempty"`
	Mode        string         `yaml:"mode" json:"mode"`
	Actor       string         `yaml:"actor" json:"actor"`
	Created     time.Time      `yaml:"created" json:"created"`
	Finished    time.Time      `yaml:"finished" json:"finished"`
	Outcome     string         `yaml:"outcome" json:"outcome"`
	Steps       []StepTime     `yaml:"steps,omitempty" json:"steps,omitempty"`
}

// StepTime is how long a step of a request took.
type StepTime struct {
	Name   string `yaml:"name" json:"name"`
	Millis int64  `yaml:"millis" json:"millis"`
}
