variable "endpoint" {
  description = "Where the emulator answers."
  type        = string
  default     = "http://127.0.0.1:25560"

  validation {
    condition     = can(regex("^http://(127\\.0\\.0\\.1|localhost):[0-9]+$", var.endpoint))
    error_message = "An emulator on this machine; nothing here may reach AWS."
  }
}
