variable "name" {
  description = "Stands before names."
  type        = string
}

variable "domains" {
  description = "The public names of web and API, such as www.cloudeats.example."
  type        = list(string)
}

variable "api_domain" {
  description = "Where the API answers in the nearest region, to CloudFront alone."
  type        = string
}

variable "certificate_arn" {
  description = "The certificate of the public name, in us-east-1."
  type        = string

  validation {
    condition     = startswith(var.certificate_arn, "arn:aws:acm:us-east-1:")
    error_message = "CloudFront takes certificates of us-east-1 only."
  }
}

variable "waf_arn" {
  description = "The list of rules before it."
  type        = string
}

variable "key_arn" {
  description = "The KMS key of the pages; cloudfront.amazonaws.com may use it."
  type        = string
}

variable "bucket" {
  description = "The bucket's name, unique in the world."
  type        = string
}

variable "log_bucket" {
  description = "Where each request is noted; null for nowhere."
  type        = object({ arn = string })
  default     = null
}

variable "price_class" {
  description = "PriceClass_100 is America and Europe, PriceClass_All everywhere."
  type        = string
  default     = "PriceClass_100"

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "countries" {
  description = "Countries that are served; none named: all."
  type        = list(string)
  default     = []
}

variable "force_destroy" {
  description = "For trials only."
  type        = bool
  default     = false
}
