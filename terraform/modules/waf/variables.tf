variable "name" {
  description = "The list's name."
  type        = string
}

variable "scope" {
  description = "REGIONAL before a load balancer; CLOUDFRONT, in us-east-1 only."
  type        = string

  validation {
    condition     = contains(["REGIONAL", "CLOUDFRONT"], var.scope)
    error_message = "REGIONAL or CLOUDFRONT."
  }
}

variable "rate" {
  description = "Requests of one address in five minutes: all, to the login, and to order (flash sales, ORD-21)."
  type        = object({ all = number, auth = number, orders = number })
  default     = { all = 3000, auth = 200, orders = 100 }

  validation {
    condition     = alltrue([for limit in values(var.rate) : limit >= 10])
    error_message = "AWS counts from 10 on."
  }
}

variable "count_addresses" {
  description = "Hold each address to its rate. Not behind CloudFront, whose addresses stand for everybody; there its own list counts."
  type        = bool
  default     = true
}

variable "bot_control" {
  description = "Tell bots from people, for about 10 USD a month and 1 USD for a million requests."
  type        = bool
  default     = false
}

variable "logs_key_arn" {
  description = "The KMS key for logs."
  type        = string
}

variable "log_days" {
  description = "How long refusals are kept."
  type        = number
  default     = 30
}
