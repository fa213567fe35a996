variable "project" {
  description = "The Google Cloud project."
  type        = string
}

variable "region" {
  description = "Where the lake's copy lies."
  type        = string
  default     = "us-east4"
}

variable "environment" {
  description = "dev, staging or prod."
  type        = string
  default     = "prod"

  validation {
    condition     = contains(["dev", "staging", "prod"], var.environment)
    error_message = "dev, staging or prod."
  }
}

variable "network" {
  description = "A subnetwork with private access to Google's services."
  type        = string
}

variable "flink" {
  description = "A Dataproc cluster with Flink over the lake; costs while it stands."
  type        = bool
  default     = false
}

variable "workers" {
  description = "Workers of the cluster."
  type        = number
  default     = 2

  validation {
    condition     = var.workers >= 2 && var.workers <= 20
    error_message = "2 to 20."
  }
}
