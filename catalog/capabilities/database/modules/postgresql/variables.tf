variable "name" {
  description = "What the database is for: a-z, 0-9 and single dashes. Database and role get this name with _ for each dash."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 63 && can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name))
    error_message = "The name must consist of a-z, 0-9 and single dashes, start with a letter and have at most 63 characters."
  }
}

variable "connection_limit" {
  description = "How many connections the database takes at once; -1 for any number."
  type        = number
  default     = -1
  nullable    = false
}

variable "extensions" {
  description = "PostgreSQL extensions that the database must have."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "password_ref" {
  description = "The reference by which the secret store knows the password of the role."
  type        = string
  nullable    = false
}
