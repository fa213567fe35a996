variable "name" {
  description = "The trail's name."
  type        = string
}

variable "region" {
  description = "The region of the provider, where the trail is at home."
  type        = string
}

variable "bucket" {
  description = "The bucket's name, unique in the world."
  type        = string
}

variable "key_arn" {
  description = "The KMS key; cloudtrail.amazonaws.com may use it."
  type        = string
}

variable "keep_days" {
  description = "How long the trail is kept."
  type        = number
  default     = 400

  validation {
    condition     = var.keep_days >= 365
    error_message = "At least a year."
  }
}

variable "force_destroy" {
  description = "For trials only."
  type        = bool
  default     = false
}
