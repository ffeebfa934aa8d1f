package store

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
