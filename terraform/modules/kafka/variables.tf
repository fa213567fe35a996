variable "name" {
  description = "The cluster's name."
  type        = string
}

variable "kafka_version" {
  description = "Of MSK."
  type        = string
  default     = "3.8.x"
}

variable "broker_type" {
  description = "Size of a broker."
  type        = string
  default     = "kafka.m7g.large"
}

variable "disk_gib" {
  description = "Disk of each broker."
  type        = number
  default     = 200

  validation {
    condition     = var.disk_gib >= 10
    error_message = "At least 10 GiB."
  }
}

variable "subnet_ids" {
  description = "Subnets of the stores, one broker in each."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) == 3
    error_message = "Three brokers in three zones: two replicas must stay when one is lost."
  }
}

variable "security_group_id" {
  description = "The group that lets workloads in."
  type        = string
}

variable "key_arn" {
  description = "The KMS key of this region."
  type        = string
}

variable "logs_key_arn" {
  description = "The KMS key for logs."
  type        = string
}

variable "log_days" {
  description = "How long the brokers' logs are kept."
  type        = number
  default     = 30
}

variable "iot_secret" {
  description = "A secret AmazonMSK_… with the name and password by which IoT rules write; null where there are none."
  type        = object({ arn = string })
  default     = null
}
