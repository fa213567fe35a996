variable "name" {
  description = "Stands before the cell's name."
  type        = string
}

variable "cell" {
  description = "The cell whose rows it holds."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,15}$", var.cell))
    error_message = "2 to 16 of a-z and 0-9."
  }
}

variable "home" {
  description = "Where the writer is."
  type        = object({ region = string, subnet_ids = list(string), security_group_id = string, key_arn = string })
}

variable "standby" {
  description = "Where the copy is; null for none."
  type        = object({ region = string, subnet_ids = list(string), security_group_id = string, key_arn = string })
  default     = null
}

variable "engine_version" {
  description = "Of Aurora PostgreSQL."
  type        = string
  default     = "16.8"
}

variable "instances" {
  description = "In the home region; the standby has one, and gets more when it is promoted."
  type        = number
  default     = 2
}

variable "instance_class" {
  description = "db.serverless, or a fixed size."
  type        = string
  default     = "db.serverless"
}

variable "units" {
  description = "Serverless capacity."
  type        = object({ min = number, max = number })
  default     = { min = 0.5, max = 16 }
}

variable "master_password" {
  description = "Never stored in the state."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "deletion_protection" {
  description = "Off for trials only."
  type        = bool
  default     = true
}
