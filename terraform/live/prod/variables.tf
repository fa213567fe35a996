variable "zone_name" {
  description = "The public zone, which the global root has made."
  type        = string
  default     = "cloudeats.example"
}

variable "admins" {
  description = "Roles that may do everything in the clusters, by name."
  type        = map(string)
  default     = {}
}

variable "alarm_mail" {
  description = "Who is told of alarms and costs."
  type        = set(string)
  default     = []
}

variable "master_password" {
  description = "Of the databases; never stored in the state. Needed when they are made."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "shares" {
  description = "The share (0 to 100) of the users near a region that it takes; 0 evacuates it."
  type        = object({ east = number, west = number })
  default     = { east = 100, west = 100 }
}

variable "iot_fleet_requests" {
  description = "Certificate requests (PEM) of the service fleet by side; no secret, and kept in iot.auto.tfvars.json."
  type        = object({ east = optional(string), west = optional(string) })
  default     = {}
}
