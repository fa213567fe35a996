variable "domain" {
  description = "The name it is for."
  type        = string

  validation {
    condition     = can(regex("^(\\*\\.)?([a-z0-9-]+\\.)+[a-z]{2,}$", var.domain))
    error_message = "A domain such as api.cloudeats.example or *.cloudeats.example."
  }
}

variable "algorithm" {
  description = "Of the key: EC_prime256v1 or RSA_2048."
  type        = string
  default     = "EC_prime256v1"

  validation {
    condition     = contains(["EC_prime256v1", "RSA_2048"], var.algorithm)
    error_message = "EC_prime256v1 or RSA_2048."
  }
}

variable "zone_id" {
  description = "The zone in which the proof of ownership is written."
  type        = string
}
