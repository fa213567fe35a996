variable "name" {
  description = "The bucket's name, unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "3 to 63 of a-z, 0-9 and -."
  }
}

variable "key_arn" {
  description = "The KMS key; null for Amazon's own key, which is all that load balancers can write with."
  type        = string
  default     = null
}

variable "expire_days" {
  description = "Objects are deleted after so many days; null keeps them."
  type        = number
  default     = null
}

variable "tiering" {
  description = "Objects that nobody reads move to cheaper storage by themselves."
  type        = bool
  default     = false
}

variable "log_bucket" {
  description = "Where reads and writes are logged; null for none."
  type        = object({ name = string })
  default     = null
}

variable "statements" {
  description = "Statements of the bucket's policy beside \"TLS only\", as a JSON list; {bucket} stands for its ARN."
  type        = string
  default     = "[]"
}

variable "copy_to" {
  description = "A bucket of another region into which everything is copied (REG-03); null for none."
  type        = object({ bucket_arn = string, key_arn = string })
  default     = null
}

variable "force_destroy" {
  description = "Destroy it with all that is in it: for trials only."
  type        = bool
  default     = false
}
