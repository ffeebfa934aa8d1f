// Package terraform drives Terraform or OpenTofu through terraform-exec: it
// finds the engine, keeps run directories, plans, applies and destroys.
//
// A run directory holds one root module that calls one module, "this", and
// passes values to it. Values are in terraform.tfvars.json alone, where nothing
// is evaluated. The directory is complete without `terraform init`, and a
// person's plain `terraform plan` and `terraform init` work in it:
//
//	main.tf.json                 the root module; nothing of the machine in it
//	terraform.tfvars.json        the values
//	provider.tf.json             configuration of our provider on this machine
//	module/                      the module, when it is not fetched
//	.terraform/                  what `terraform init` would have written
//	.terraform.lock.hcl          the hash of our provider and of all others
//	terraform.d/plugins/         the mirror that holds our provider
//	terraform.tfstate            the state (local backend)
//	state.json                   which state was seen last, see [Outputs]
//	plan.tfplan                  the plan that Apply will apply
//	prepared.json                what was fetched and installed for which input
//
// Callers serialise what they do in one run directory. The environment of every
// command is composed here; nothing is inherited but what [Find] lists.
package terraform
