variable "name" {
  description = "The key's alias, without alias/."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9/-]{1,60}$", var.name))
    error_message = "2 to 61 of a-z, 0-9, / and -."
  }
}

variable "description" {
  description = "What is encrypted with it."
  type        = string
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "services" {
  description = "AWS services that use it for this account, such as sns.amazonaws.com."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for service in var.services : endswith(service, ".amazonaws.com")])
    error_message = "A service is a principal such as sns.amazonaws.com."
  }
}

variable "logs" {
  description = "CloudWatch Logs may use it for the log groups of this account and region."
  type        = bool
  default     = false
}

variable "deletion_days" {
  description = "How long a deleted key can be called back."
  type        = number
  default     = 30

  validation {
    condition     = var.deletion_days >= 7 && var.deletion_days <= 30
    error_message = "7 to 30 days."
  }
}
