variable "zone_id" {
  description = "The public zone."
  type        = string
}

variable "api_domain" {
  description = "The name of the load balancers; in each region it is also <region>.<name>."
  type        = string
}

variable "regions" {
  description = "Load balancers by region."
  type        = map(object({ name = string, zone_id = string }))

  validation {
    condition     = length(var.regions) >= 1
    error_message = "At least one."
  }
}

variable "accelerator" {
  description = "Fixed addresses before the regions; null where DNS alone steers."
  type        = object({ name = string, zone_id = string })
  default     = null
}

variable "web_domains" {
  description = "The names that lead to the distribution."
  type        = list(string)
  default     = []
}

variable "web" {
  description = "The distribution; null for none."
  type        = object({ name = string, zone_id = string })
  default     = null
}

variable "health_path" {
  description = "What is asked from outside: it passes the gateway, identity and its database."
  type        = string
  default     = "/.well-known/jwks.json"
}
