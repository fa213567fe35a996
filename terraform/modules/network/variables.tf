variable "name" {
  description = "Stands before the names of what is made, such as cloudeats-prod."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,24}$", var.name))
    error_message = "A name has 2 to 25 of a-z, 0-9 and -, and begins with a letter."
  }
}

variable "region" {
  description = "The region of the provider."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "A region is written like us-east-1."
  }
}

variable "cidr" {
  description = "The addresses of the network, a /16 of 10.0.0.0/8; regions that replicate must not share one."
  type        = string

  validation {
    condition     = can(regex("^10\\.[0-9]{1,3}\\.0\\.0/16$", var.cidr)) && can(cidrhost(var.cidr, 0))
    error_message = "The network is 10.x.0.0/16."
  }
}

variable "zones" {
  description = "Zones by letter; three, so that one may be lost (REG-06). Two are for trials."
  type        = list(string)
  default     = ["a", "b", "c"]

  validation {
    condition     = contains([2, 3], length(distinct(var.zones))) && length(var.zones) == length(distinct(var.zones))
    error_message = "Two or three different zones."
  }
}

variable "nat_per_zone" {
  description = "A NAT gateway in each zone; else one for all, which is cheaper and dies with its zone."
  type        = bool
  default     = true
}

variable "interface_endpoints" {
  description = "AWS services that are reached without NAT, each for about 22 USD a month in three zones."
  type        = set(string)
  default     = ["ecr.api", "ecr.dkr", "sts", "eks-auth", "logs", "secretsmanager", "kms", "sqs", "events"]
  nullable    = false
}

variable "log_days" {
  description = "How long flow logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([7, 14, 30, 90, 365], var.log_days)
    error_message = "7, 14, 30, 90 or 365 days."
  }
}

variable "logs_key_arn" {
  description = "The KMS key for logs."
  type        = string
}

variable "behind_cloudfront" {
  description = "The load balancer hears CloudFront and the health checks of Route 53 only; else the world."
  type        = bool
  default     = false
}
