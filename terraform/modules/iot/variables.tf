variable "name" {
  description = "Stands before names."
  type        = string
}

variable "region" {
  description = "The region of the provider."
  type        = string
}

variable "vehicles" {
  description = "Certificate requests (PEM) of vehicles by their id; the private key never leaves the device."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in keys(var.vehicles) : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "A vehicle is named by its UUID."
  }
}

variable "fleet_request" {
  description = "The certificate request (PEM) of the service fleet; null where it has none yet."
  type        = string
  default     = null
}

variable "kafka" {
  description = "Where telemetry goes: SCRAM brokers, the secret and the network; null for nowhere but MQTT."
  type = object({
    bootstrap         = string
    secret_arn        = string
    key_arn           = string
    vpc_id            = string
    subnet_ids        = list(string)
    security_group_id = string
  })
  default = null
}

variable "logs_key_arn" {
  description = "The KMS key for logs."
  type        = string
}

variable "log_days" {
  description = "How long failures of the rule are kept."
  type        = number
  default     = 30
}
