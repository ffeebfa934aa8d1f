terraform {
  required_version = ">= 1.11"
}

variable "name" {
  type = string
}

variable "text" {
  type = string
}

variable "priority" {
  type = number
}

variable "pinned" {
  type = bool
}

resource "terraform_data" "note" {
  input = {
    name     = var.name
    text     = var.text
    priority = var.priority
    pinned   = var.pinned
  }
}

output "text" {
  value = terraform_data.note.output.text
}

output "priority" {
  value = terraform_data.note.output.priority
}
