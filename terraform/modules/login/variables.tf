variable "name" {
  description = "The pool's name."
  type        = string
}

variable "domain_prefix" {
  description = "Stands before the hosted pages' name, unique in the region."
  type        = string
}

variable "callback_urls" {
  description = "Where a browser may come back to."
  type        = list(string)

  validation {
    condition     = length(var.callback_urls) > 0 && alltrue([for url in var.callback_urls : startswith(url, "https://")])
    error_message = "HTTPS only."
  }
}

variable "deletion_protection" {
  description = "Off for trials only."
  type        = bool
  default     = true
}
