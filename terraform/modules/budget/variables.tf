variable "name" {
  description = "The budget's name."
  type        = string
}

variable "environment" {
  description = "Costs are told apart by the tag Environment."
  type        = string
}

variable "model" {
  description = "The table of terraform/cost whose sum is expected each month."
  type        = string

  validation {
    condition     = can(regex("^[a-z_]+$", var.model))
    error_message = "The name of a table without .csv."
  }
}

variable "margin_percent" {
  description = "How far above the model the budget is."
  type        = number
  default     = 20

  validation {
    condition     = var.margin_percent >= 0 && var.margin_percent <= 100
    error_message = "0 to 100."
  }
}

variable "topic_arns" {
  description = "Who is told."
  type        = list(string)

  validation {
    condition     = length(var.topic_arns) >= 1
    error_message = "Somebody is told."
  }
}

variable "anomalies" {
  description = "Tell of unusual days too: once for an account, not for each environment."
  type        = bool
  default     = false
}
