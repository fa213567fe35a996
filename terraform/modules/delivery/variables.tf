variable "name" {
  description = "Stands before the roles' names."
  type        = string
}

variable "repository" {
  description = "The repository whose workflows act, owner/name."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.repository))
    error_message = "owner/name."
  }
}

variable "environments" {
  description = "Environments of the repository that may apply; each asks for a person's approval there."
  type        = set(string)

  validation {
    condition     = length(var.environments) >= 1
    error_message = "At least one."
  }
}

variable "state_bucket_arn" {
  description = "Where the state is."
  type        = string
}

variable "state_key_arn" {
  description = "The KMS key of the state."
  type        = string
}

variable "image_repository_arns" {
  description = "Where images may be pushed."
  type        = list(string)
}
