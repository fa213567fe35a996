variable "name" {
  description = "Stands before names."
  type        = string
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "key_arn" {
  description = "The KMS key of this region."
  type        = string
}

variable "keep_days" {
  description = "How long a day's backup is kept."
  type        = number
  default     = 14

  validation {
    condition     = var.keep_days >= 14
    error_message = "At least 14 days (OPS-15)."
  }
}

variable "subnet_group" {
  description = "Where the monthly restore is tried; null for no try."
  type        = object({ name = string, security_group_id = string })
  default     = null
}
