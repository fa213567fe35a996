variable "name" {
  description = "Stands before names."
  type        = string
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "bucket" {
  description = "The bucket in which events lie as Parquet."
  type        = object({ name = string, arn = string })
}

variable "key_arn" {
  description = "The KMS key of the bucket."
  type        = string
}

variable "query_gib_max" {
  description = "What one query may read; about 5 USD for each 1000."
  type        = number
  default     = 100

  validation {
    condition     = var.query_gib_max >= 1
    error_message = "At least 1 GiB."
  }
}

variable "warehouse" {
  description = "Redshift Serverless over the lake: its size in units (8 to 512), and its network; null for none."
  type        = object({ units = number, subnet_ids = list(string), security_group_id = string })
  default     = null
}
