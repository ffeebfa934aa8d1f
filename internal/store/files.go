package store

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// Files and kinds of the record.
const (
	recordFile    = "resource.yaml"
	mainFile      = "main.tf.json"
	lockFile      = ".terraform.lock.hcl"
	variablesFile = "terraform.tfvars.json"

	kindResource = "Resource"
	kindRequest  = "Request"
)

// requestFile is the file of a request.
type requestFile struct {
	APIVersion string  `yaml:"apiVersion"`
	Kind       string  `yaml:"kind"`
	Spec       Request `yaml:"spec"`
}

// encodeYAML writes a record: equal values give equal bytes.
func encodeYAML(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	if err := encoder.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
