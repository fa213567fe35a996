variable "name" {
  description = "The replication group's name."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,38}[a-z0-9]$", var.name))
    error_message = "At most 40 of a-z, 0-9 and -."
  }
}

variable "node_type" {
  description = "cache.t3.micro for trials."
  type        = string
  default     = "cache.r7g.large"
}

variable "nodes" {
  description = "A writer and its copies, each in a zone of its own; 1 for trials."
  type        = number
  default     = 3

  validation {
    condition     = var.nodes >= 1 && var.nodes <= 6
    error_message = "1 to 6."
  }
}

variable "shards" {
  description = "0 for one address without cluster mode; 1 and more for cluster mode, which wants a client that follows MOVED."
  type        = number
  default     = 0

  validation {
    condition     = var.shards >= 0 && var.shards <= 90
    error_message = "0 to 90."
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
