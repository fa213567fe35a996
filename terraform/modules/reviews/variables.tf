variable "name" {
  description = "The cluster's name."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the stores."
  type        = list(string)
}

variable "security_group_id" {
  description = "The group that lets workloads in."
  type        = string
}

variable "key_arn" {
  description = "The KMS key of this region."
  type        = string
}

variable "instances" {
  description = "A writer and its copies."
  type        = number
  default     = 2

  validation {
    condition     = var.instances >= 1 && var.instances <= 16
    error_message = "1 to 16."
  }
}
