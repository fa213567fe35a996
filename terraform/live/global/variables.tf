variable "zone_name" {
  description = "The public zone."
  type        = string
  default     = "cloudeats.example"

  validation {
    condition     = can(regex("^([a-z0-9-]+\\.)+[a-z]{2,}$", var.zone_name))
    error_message = "A domain such as cloudeats.example."
  }
}

variable "repository" {
  description = "The repository whose workflows act, owner/name."
  type        = string
}

variable "state" {
  description = "What the root state has made."
  type        = object({ bucket_arn = string, key_arn = string })
}

variable "alarm_mail" {
  description = "Who is told of findings and costs."
  type        = set(string)
  default     = []
}

variable "security_hub" {
  description = "Security Hub in both regions."
  type        = bool
  default     = true
}

variable "config" {
  description = "AWS Config in both regions."
  type        = bool
  default     = true
}
