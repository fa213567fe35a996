variable "name" {
  description = "Stands before names; the target group is <name>-gateway, which the cluster's binding asks for."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name))
    error_message = "3 to 24 of a-z, 0-9 and -: a target group's name has 32 at most."
  }
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets."
  type        = list(string)
}

variable "security_group_ids" {
  description = "The groups that say whom it hears."
  type        = list(string)
}

variable "certificate_arn" {
  description = "The certificate of the public name in this region."
  type        = string
}

variable "waf_arn" {
  description = "The list of rules before it."
  type        = string
}

variable "log_bucket" {
  description = "Where each request is noted."
  type        = string
}

variable "tls_policy" {
  description = "ELBSecurityPolicy-TLS13-1-3-2021-06 takes TLS 1.3 alone, and no CloudFront that asks with 1.2."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-2021-06"

  validation {
    condition     = startswith(var.tls_policy, "ELBSecurityPolicy-TLS13-1-2") || startswith(var.tls_policy, "ELBSecurityPolicy-TLS13-1-3")
    error_message = "TLS 1.2 at least, with 1.3."
  }
}

variable "paths" {
  description = "What is asked of the gateway; all else is not found here."
  type        = list(string)
  default     = ["/v1/*", "/.well-known/*", "/*"]
}

variable "deletion_protection" {
  description = "Off for trials only."
  type        = bool
  default     = true
}
