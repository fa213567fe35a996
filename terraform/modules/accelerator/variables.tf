variable "name" {
  description = "The accelerator's name."
  type        = string
}

variable "regions" {
  description = "The load balancer of each region, and the share (0 to 100) of the users near it that it takes; 0 evacuates it."
  type        = map(object({ load_balancer_arn = string, share = optional(number, 100) }))

  validation {
    condition     = alltrue([for region, to in var.regions : can(regex(":elasticloadbalancing:${region}:", to.load_balancer_arn))])
    error_message = "A region's load balancer is in that region."
  }

  validation {
    condition     = alltrue([for to in values(var.regions) : to.share >= 0 && to.share <= 100]) && anytrue([for to in values(var.regions) : to.share > 0])
    error_message = "0 to 100, and not all 0."
  }
}

variable "log_bucket" {
  description = "Where flows are noted."
  type        = string
}
