variable "name" {
  description = "The cluster's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "At most 40 of a-z, 0-9 and -."
  }
}

variable "node_type" {
  description = "Size of a node."
  type        = string
  default     = "db.t4g.small"
}

variable "shards" {
  description = "Shards."
  type        = number
  default     = 1

  validation {
    condition     = var.shards >= 1
    error_message = "At least one."
  }
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
