variable "name" {
  description = "Stands before names, such as cloudeats-prod-east: roles are known in all regions, so it differs between them."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "3 to 24 of a-z, 0-9 and -."
  }
}

variable "environment" {
  description = "dev, staging or prod."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "dev, staging or prod."
  }
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "cidr" {
  description = "The addresses of the network."
  type        = string
}

variable "peer_region" {
  description = "The other region; null for none."
  type        = string
  default     = null
}

variable "media_copy_to" {
  description = "The other region's bucket for pictures and documents; null for none."
  type        = object({ bucket_arn = string, key_arn = string })
  default     = null
}

variable "zone_id" {
  description = "The public zone."
  type        = string
}

variable "api_domain" {
  description = "The name under which the load balancer is asked."
  type        = string
}

variable "behind_cloudfront" {
  description = "The load balancer is asked by CloudFront alone; else by the world."
  type        = bool
  default     = false
}

variable "size" {
  description = "How large everything is; the defaults are production's."
  type = object({
    zones        = optional(list(string), ["a", "b", "c"])
    nat_per_zone = optional(bool, true)
    nodes = optional(map(object({ instance_types = list(string), min = number, max = number, spot = optional(bool, false) })), {
      steady = { instance_types = ["m7g.xlarge"], min = 3, max = 9 }
      spare  = { instance_types = ["m7g.xlarge", "m6g.xlarge"], min = 0, max = 9, spot = true }
    })
    redis_type  = optional(string, "cache.r7g.large")
    redis_nodes = optional(number, 3)
    broker_type = optional(string, "kafka.m7g.large")
    log_days    = optional(number, 30)
  })
  default = {}
}

variable "features" {
  description = "What costs much and can be left out."
  type = object({
    kafka               = optional(bool, true)
    memorydb            = optional(bool, false)
    iot                 = optional(bool, true)
    telemetry           = optional(bool, false)
    interface_endpoints = optional(bool, true)
    lake                = optional(bool, true)
    warehouse           = optional(bool, false)
    reviews             = optional(bool, false)
    bot_control         = optional(bool, false)
    backup              = optional(bool, true)
  })
  default = {}
}

variable "admins" {
  description = "Roles that may do everything in the cluster, by name."
  type        = map(string)
  default     = {}
}

variable "alarm_mail" {
  description = "Who is told of alarms."
  type        = set(string)
  default     = []
}

variable "database_clusters" {
  description = "Aurora clusters of this region by cell, for alarms and the monthly restore."
  type        = map(string)
  default     = {}
}

variable "database_copies" {
  description = "Those of them that copy another region, by cell."
  type        = map(object({ cluster = string, source_region = string }))
  default     = {}
}

variable "iot_fleet_request" {
  description = "The certificate request (PEM) of the service fleet."
  type        = string
  default     = null
}

variable "protected" {
  description = "Nothing that holds data is destroyed by mistake. Off for trials only."
  type        = bool
  default     = true
}
