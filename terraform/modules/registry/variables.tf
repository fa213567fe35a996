variable "prefix" {
  description = "Stands before each repository's name."
  type        = string
  default     = "cloudeats"
}

variable "repositories" {
  description = "Images, one for each service."
  type        = set(string)
  default     = ["gateway", "identity", "inventory", "orders", "payment", "fleet", "notification", "cloudeats"]
}

variable "key_arn" {
  description = "The KMS key of this region."
  type        = string
}

variable "regions" {
  description = "Other regions that keep a copy of each image, so that one can start without the other."
  type        = set(string)
  default     = []
}

variable "keep" {
  description = "How many images stay in a repository."
  type        = number
  default     = 50

  validation {
    condition     = var.keep >= 10
    error_message = "At least ten: one must be able to go back."
  }
}
