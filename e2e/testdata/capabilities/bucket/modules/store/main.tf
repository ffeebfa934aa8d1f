terraform {
  required_version = ">= 1.11"
}

variable "identifier" {
  type = string
}

variable "capacity_mib" {
  type = number
}

variable "location" {
  type = string
}

variable "acl" {
  type = string
}

variable "metadata" {
  type = map(string)
}

variable "cors" {
  type     = list(string)
  default  = ["*"]
  nullable = false
}

variable "context" {
  type = object({ where = string, tier = string, price = string })
}

resource "terraform_data" "store" {
  triggers_replace = var.location
  input = {
    identifier   = var.identifier
    capacity_mib = var.capacity_mib
    acl          = var.acl
    metadata     = var.metadata
    cors         = var.cors
    context      = var.context
  }
}

output "address" {
  value = "${terraform_data.store.output.identifier}.${var.location}.store.example"
}

output "mib" {
  value = terraform_data.store.output.capacity_mib
}
