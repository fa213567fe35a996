variable "zone_name" {
  description = "The public zone, which the global root has made."
  type        = string
  default     = "cloudeats.example"
}

variable "admins" {
  description = "Roles that may do everything in the cluster, by name."
  type        = map(string)
  default     = {}
}

variable "alarm_mail" {
  description = "Who is told of alarms and costs."
  type        = set(string)
  default     = []
}

variable "master_password" {
  description = "Of the database; never stored in the state. Needed when it is made."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}
