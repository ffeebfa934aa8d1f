output "host" {
  description = "The host of the server."
  value       = platformctl_postgresql_database.this.host
}

output "port" {
  description = "The port of the server."
  value       = platformctl_postgresql_database.this.port
}

output "sslmode" {
  description = "How connections to the server are encrypted, by libpq's names."
  value       = platformctl_postgresql_database.this.sslmode
}

output "database" {
  description = "The name of the database."
  value       = platformctl_postgresql_database.this.name
}

output "username" {
  description = "The role that owns the database."
  value       = platformctl_postgresql_role.owner.name
}

output "password_ref" {
  description = "The reference by which the secret store knows the role's password; never the password."
  value       = var.password_ref
}
