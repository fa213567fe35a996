variable "name" {
  description = "The bus, as CE_EVENTBRIDGE_BUS names it."
  type        = string
  default     = "cloudeats"
}

variable "queue_prefix" {
  description = "Stands before a consumer's name, as CE_SQS_QUEUE_PREFIX does."
  type        = string
  default     = "cloudeats-"
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "peer_region" {
  description = "The region that hears what originates here; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.peer_region == null ? true : var.peer_region != var.region
    error_message = "The peer is another region."
  }
}

variable "key_arn" {
  description = "The KMS key of this region; events.amazonaws.com may use it."
  type        = string
}

variable "consumers" {
  description = "What each service hears, as docs/service-graph.toml says."
  type        = map(set(string))
  default = {
    orders       = ["fleet", "inventory"]
    inventory    = ["orders"]
    fleet        = ["orders"]
    notification = ["orders"]
  }
}

variable "archive_days" {
  description = "How long events can be told again from the bus."
  type        = number
  default     = 14
}
