variable "name" {
  description = "The topic's name."
  type        = string
}

variable "key_arn" {
  description = "The KMS key; the services may use it."
  type        = string
}

variable "services" {
  description = "AWS services that tell something here."
  type        = set(string)

  validation {
    condition     = alltrue([for service in var.services : endswith(service, ".amazonaws.com")])
    error_message = "A service is a principal such as cloudwatch.amazonaws.com."
  }
}

variable "mail" {
  description = "Who is told."
  type        = set(string)
  default     = []
}
