variable "prefix" {
  description = "Stands before every name, such as cloudeats/prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9/-]*[a-z0-9]$", var.prefix))
    error_message = "a-z, 0-9, / and -."
  }
}

variable "key_arn" {
  description = "The KMS key of this region."
  type        = string
}

variable "secrets" {
  description = "What each secret is for, by service/name."
  type        = map(string)

  validation {
    condition     = alltrue([for name in keys(var.secrets) : can(regex("^[a-z]+/[a-z][a-z0-9-]*$", name))])
    error_message = "service/name."
  }
}

variable "replicas" {
  description = "The KMS keys of the other regions that hold a copy, by region."
  type        = map(string)
  default     = {}
}

variable "recovery_days" {
  description = "How long a deleted secret can be called back; 0 for trials."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30)
    error_message = "0, or 7 to 30 days."
  }
}

variable "rotation" {
  description = "The function that turns passwords, and after how many days; null where people do."
  type        = object({ lambda_arn = string, days = number, names = set(string) })
  default     = null

  validation {
    condition     = try(var.rotation.days <= 90, true)
    error_message = "At least every 90 days."
  }
}
