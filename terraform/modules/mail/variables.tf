variable "name" {
  description = "Stands before names."
  type        = string
}

variable "domain" {
  description = "The domain that letters come from."
  type        = string
}

variable "zone_id" {
  description = "The zone in which the proof of ownership is written."
  type        = string
}

variable "sms_monthly_usd" {
  description = "What short messages may cost each month; AWS stops there."
  type        = number
  default     = 1

  validation {
    condition     = var.sms_monthly_usd >= 0
    error_message = "0 and more."
  }
}

variable "topic_key_arn" {
  description = "The KMS key of topics."
  type        = string
}
