terraform {
  required_version = ">= 1.11"
}

variable "vault" {
  type = string
}

variable "capacity_mib" {
  type = number
}

variable "location" {
  type = string
}

resource "terraform_data" "vault" {
  triggers_replace = var.location
  input = {
    vault        = var.vault
    capacity_mib = var.capacity_mib
  }
}

output "address" {
  value = "${terraform_data.vault.output.vault}.${var.location}.archive.example"
}

output "mib" {
  value = terraform_data.vault.output.capacity_mib
}
