# A PostgreSQL database and the role that owns it, on a server that exists.
# Which server, and where the password is kept, is the provider's configuration
# and differs from machine to machine; it is not part of this module.

terraform {
  required_version = ">= 1.11"

  required_providers {
    platformctl = {
      source = "platformctl.local/platform/platformctl"
    }
  }
}

locals {
  # Names are joined by "-", which PostgreSQL identifiers cannot hold without
  # quotes. Names hold no "_", so no two of them meet here.
  identifier = replace(var.name, "-", "_")
}

# Made at the first use of the reference. Terraform keeps neither this nor the
# password that the role gets.
ephemeral "platformctl_secret" "password" {
  ref = var.password_ref
}

resource "platformctl_postgresql_role" "owner" {
  name                = local.identifier
  password_wo         = ephemeral.platformctl_secret.password.value
  password_wo_version = 1
}

resource "platformctl_postgresql_database" "this" {
  name             = local.identifier
  owner            = platformctl_postgresql_role.owner.name
  connection_limit = var.connection_limit
  extensions       = var.extensions
}
