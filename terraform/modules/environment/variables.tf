variable "environment" {
  description = "staging or prod."
  type        = string

  validation {
    condition     = contains(["staging", "prod"], var.environment)
    error_message = "staging or prod."
  }
}

variable "regions" {
  description = "The two regions and their networks."
  type = object({
    east = object({ region = string, cidr = string })
    west = object({ region = string, cidr = string })
  })
  default = {
    east = { region = "us-east-1", cidr = "10.30.0.0/16" }
    west = { region = "us-west-2", cidr = "10.40.0.0/16" }
  }

  validation {
    condition     = var.regions.east.region != var.regions.west.region
    error_message = "Two different regions."
  }

  validation {
    condition     = var.regions.east.cidr != var.regions.west.cidr
    error_message = "Two networks that do not overlap."
  }
}

variable "zone_name" {
  description = "The public zone, which the global root has made."
  type        = string
}

variable "api_domain" {
  description = "The API's name inside the zone."
  type        = string
}

variable "web_domain" {
  description = "The pages' name inside the zone."
  type        = string

  validation {
    condition     = replace(var.web_domain, "/^[^.]+/", "") == replace(var.api_domain, "/^[^.]+/", "")
    error_message = "Beside the API's name: one certificate is for both."
  }
}

variable "size" {
  description = "How large each region is, as module region asks for it."
  type        = any
  default     = {}
}

variable "features" {
  description = "What costs much and can be left out, as module region asks for it."
  type        = any
  default     = {}
}

variable "database" {
  description = "The database of each cell."
  type = object({
    instances      = optional(number, 2)
    instance_class = optional(string, "db.serverless")
    units          = optional(object({ min = number, max = number }), { min = 0.5, max = 16 })
  })
  default = {}
}

variable "accelerator" {
  description = "Fixed addresses before both regions; else DNS alone steers."
  type        = bool
  default     = true
}

variable "graph" {
  description = "Neptune for the road network."
  type        = bool
  default     = false
}

variable "shares" {
  description = "The share (0 to 100) of the users near a region that it takes; 0 evacuates it."
  type        = object({ east = number, west = number })
  default     = { east = 100, west = 100 }
}

variable "master_password" {
  description = "Of each cell's database; never stored in the state."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "iot_fleet_requests" {
  description = "Certificate requests (PEM) of the service fleet by side; each region has its own."
  type        = object({ east = optional(string), west = optional(string) })
  default     = {}
}

variable "admins" {
  description = "Roles that may do everything in the clusters, by name."
  type        = map(string)
  default     = {}
}

variable "alarm_mail" {
  description = "Who is told of alarms."
  type        = set(string)
  default     = []
}

variable "protected" {
  description = "Nothing that holds data is destroyed by mistake."
  type        = bool
  default     = true
}
