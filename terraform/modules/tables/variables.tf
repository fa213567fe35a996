variable "prefix" {
  description = "Stands before every name, as CE_DYNAMO_TABLE_PREFIX does."
  type        = string
  default     = ""
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "key_arn" {
  description = "The KMS key of this region."
  type        = string
}

variable "replicas" {
  description = "The KMS keys of the other regions that hold a replica, by region."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for region, key in var.replicas : can(regex("^arn:aws:kms:${region}:", key))])
    error_message = "Each replica is encrypted with a key of its own region."
  }
}

variable "deletion_protection" {
  description = "Off for trials only."
  type        = bool
  default     = true
}
