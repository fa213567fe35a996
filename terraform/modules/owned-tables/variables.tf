variable "name" {
  description = "Stands before the stack's name."
  type        = string
}

variable "prefix" {
  description = "Stands before every table's name."
  type        = string
  default     = ""
}

variable "keys" {
  description = "The regions that hold the tables, with their KMS keys: two and a witness, or three."
  type        = map(string)

  validation {
    condition     = contains([2, 3], length(var.keys)) && alltrue([for region, key in var.keys : can(regex("^arn:aws:kms:${region}:", key))])
    error_message = "Two or three regions, each with a key of its own."
  }

  # Strong consistency is offered inside a set of regions only.
  validation {
    condition     = alltrue([for region in keys(var.keys) : contains(["us-east-1", "us-east-2", "us-west-2"], region)])
    error_message = "us-east-1, us-east-2 and us-west-2 form the set."
  }
}

variable "witness" {
  description = "The third vote where two regions hold the tables; it holds no row that can be read."
  type        = string
  default     = "us-east-2"

  validation {
    condition     = contains(["us-east-1", "us-east-2", "us-west-2"], var.witness)
    error_message = "us-east-1, us-east-2 or us-west-2."
  }
}
