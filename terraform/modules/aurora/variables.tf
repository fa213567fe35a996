variable "name" {
  description = "The cluster's name, such as cloudeats-prod-east-us-west-2."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,50}[a-z0-9]$", var.name))
    error_message = "3 to 52 of a-z, 0-9 and -."
  }
}

variable "global_cluster_id" {
  description = "The global database it belongs to; null for a cluster of its own."
  type        = string
  default     = null
}

variable "primary" {
  description = "It is made as the writer; else as a copy that a failover may promote."
  type        = bool
}

variable "engine_version" {
  description = "Of Aurora PostgreSQL."
  type        = string
  default     = "16.8"

  validation {
    condition     = can(regex("^1[5-9]\\.[0-9]+$", var.engine_version))
    error_message = "PostgreSQL 15 or later, such as 16.8."
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

variable "instances" {
  description = "1 for trials, 2 and more for a reader in another zone that takes over by itself."
  type        = number
  default     = 2

  validation {
    condition     = var.instances >= 1 && var.instances <= 15
    error_message = "1 to 15."
  }
}

variable "instance_class" {
  description = "db.serverless, or a fixed size such as db.r6g.large."
  type        = string
  default     = "db.serverless"
}

variable "units" {
  description = "Serverless capacity in units of about 2 GiB."
  type        = object({ min = number, max = number })
  default     = { min = 0.5, max = 16 }

  validation {
    condition     = var.units.min >= 0 && var.units.min <= var.units.max && var.units.max <= 256
    error_message = "min is at most max, and max at most 256."
  }
}

variable "master_password" {
  description = "Never stored in the state. Null where the cluster is there already, or a copy."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "master_password_version" {
  description = "Raised to set the password anew."
  type        = number
  default     = 1
}

variable "backup_days" {
  description = "How far back the cluster can be restored, to the second."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "1 to 35 days."
  }
}

variable "deletion_protection" {
  description = "Off for trials only."
  type        = bool
  default     = true
}
