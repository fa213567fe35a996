variable "name" {
  description = "Stands before names."
  type        = string
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "topic_arn" {
  description = "Where findings of weight are told."
  type        = string
}

variable "config" {
  description = "AWS Config: the bucket it writes to, and whether this is the region that notes global resources; null for none."
  type        = object({ bucket = string, global = bool })
  default     = null
}

variable "security_hub" {
  description = "Security Hub with the foundational standard."
  type        = bool
  default     = true
}

variable "access_analyzer" {
  description = "Tell what is shared with others."
  type        = bool
  default     = true
}

variable "guardduty_features" {
  description = "What GuardDuty reads besides the trail, flows and names."
  type        = set(string)
  default     = ["S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "RDS_LOGIN_EVENTS"]
}
