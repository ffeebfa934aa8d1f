terraform {
  required_version = ">= 1.11"

  required_providers {
    time = {
      source  = "hashicorp/time"
      version = ">= 0.12.0"
    }
  }
}

variable "hours" {
  type = number
}

variable "begin" {
  type    = string
  default = null
}

resource "time_static" "begin" {
  rfc3339 = var.begin
}

resource "time_offset" "end" {
  base_rfc3339 = time_static.begin.rfc3339
  offset_hours = var.hours
}

output "begin" {
  value = time_static.begin.rfc3339
}

output "end" {
  value = time_offset.end.rfc3339
}
