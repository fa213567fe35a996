variable "name" {
  description = "The global database's name."
  type        = string
}

variable "home" {
  description = "Where the writer is."
  type        = object({ region = string, subnet_ids = list(string), security_group_id = string, key_arn = string })
}

variable "standby" {
  description = "Where the copy is; null for none."
  type        = object({ region = string, subnet_ids = list(string), security_group_id = string, key_arn = string })
  default     = null
}

variable "units" {
  description = "Serverless capacity."
  type        = object({ min = number, max = number })
  default     = { min = 1, max = 8 }

  validation {
    condition     = var.units.min >= 1 && var.units.min <= var.units.max && var.units.max <= 128
    error_message = "1 to 128, min at most max."
  }
}
