variable "name" {
  description = "Stands before names."
  type        = string
}

variable "environment" {
  description = "dev, staging or prod; part of the log groups' names."
  type        = string
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "services" {
  description = "Services with a log group each."
  type        = set(string)
  default     = ["gateway", "identity", "inventory", "orders", "payment", "fleet", "notification"]
}

variable "log_days" {
  description = "How long logs are kept: 7 in dev, 30 in production."
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

variable "topic_key_arn" {
  description = "The KMS key of the alarm topic; cloudwatch.amazonaws.com may use it."
  type        = string
}

variable "mail" {
  description = "Who is told of alarms."
  type        = set(string)
  default     = []
}

variable "load_balancer" {
  description = "As metrics name the load balancer and the gateway's group."
  type        = object({ arn_suffix = string, target_group_arn_suffix = string })
}

variable "tables" {
  description = "DynamoDB tables whose throttling is told."
  type        = set(string)
  default     = []
}

variable "undelivered_queues" {
  description = "Queues in which nothing should be."
  type        = set(string)
  default     = []
}

variable "database_clusters" {
  description = "Aurora clusters of this region by cell, for their size."
  type        = map(string)
  default     = {}
}

variable "database_copies" {
  description = "Those of them that copy another region, for their lag."
  type        = map(object({ cluster = string, source_region = string }))
  default     = {}
}

variable "runbooks" {
  description = "Where the runbooks are."
  type        = string
  default     = "docs/runbooks"
}

variable "traces" {
  description = "A rule of X-Ray for orders."
  type        = bool
  default     = true
}

variable "trace_share" {
  description = "Share of requests that X-Ray keeps where it decides."
  type        = number
  default     = 0.05

  validation {
    condition     = var.trace_share >= 0 && var.trace_share <= 1
    error_message = "0 to 1."
  }
}
