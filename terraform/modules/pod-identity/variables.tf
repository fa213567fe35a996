variable "cluster_name" {
  description = "The cluster's name."
  type        = string
}

variable "cluster_arn" {
  description = "The cluster; the role is of no use elsewhere."
  type        = string
}

variable "namespace" {
  description = "The namespace of the service account."
  type        = string
  default     = "cloudeats"
}

variable "service_account" {
  description = "The service account; the role is named after it."
  type        = string
}

variable "statements" {
  description = "What it may do: actions on resources, all allowed."
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
    condition = optional(map(map(string)))
  }))

  validation {
    condition     = alltrue(flatten([for s in var.statements : [for a in s.actions : !endswith(a, ":*") && a != "*"]]))
    error_message = "Actions are named; a whole service is never allowed."
  }

  validation {
    condition     = alltrue(flatten([for s in var.statements : [for r in s.resources : r != "*" || startswith(s.sid, "Unscoped")]]))
    error_message = "Resources are named. Where AWS knows no resource, the statement's sid begins with Unscoped."
  }
}
