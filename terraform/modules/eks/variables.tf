variable "name" {
  description = "The cluster's name."
  type        = string
}

variable "kubernetes_version" {
  description = "Such as 1.34; the manifests are checked against the API of 1.32."
  type        = string
  default     = "1.34"

  validation {
    condition     = can(regex("^1\\.(3[2-9]|[4-9][0-9])$", var.kubernetes_version))
    error_message = "1.32 or later."
  }
}

variable "subnet_ids" {
  description = "Subnets of the workloads, one in each zone."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "At least two zones."
  }
}

variable "security_group_id" {
  description = "The group of the workloads, which the stores let in."
  type        = string
}

variable "public_cidrs" {
  description = "Who may reach the cluster's API from outside; nobody by default."
  type        = list(string)
  default     = []

  validation {
    condition     = !contains(var.public_cidrs, "0.0.0.0/0")
    error_message = "Not the whole world."
  }
}

variable "nodes" {
  description = "Node groups by name. Spot nodes are cheaper and may be called back with two minutes' notice."
  type = map(object({
    instance_types = list(string)
    min            = number
    max            = number
    spot           = optional(bool, false)
    disk_gib       = optional(number, 50)
  }))

  validation {
    condition     = alltrue([for group in var.nodes : group.min >= 0 && group.min <= group.max])
    error_message = "min is at most max."
  }

  validation {
    condition     = alltrue(flatten([for group in var.nodes : [for type in group.instance_types : can(regex("^[a-z]+[0-9]g[a-z]*\\.", type))]]))
    error_message = "Graviton, such as m7g.large: images are built for it alone."
  }

  validation {
    condition     = anytrue([for group in var.nodes : !group.spot && group.min >= 1])
    error_message = "At least one group that is not called back."
  }
}

variable "addons" {
  description = "EKS add-ons; network policies are enforced by the first."
  type        = set(string)
  default     = ["vpc-cni", "coredns", "kube-proxy", "eks-pod-identity-agent", "metrics-server"]
}

variable "admins" {
  description = "Roles that may do everything in the cluster, by name."
  type        = map(string)
  default     = {}
}

variable "secrets_key_arn" {
  description = "The KMS key for Kubernetes secrets."
  type        = string
}

variable "logs_key_arn" {
  description = "The KMS key for logs."
  type        = string
}

variable "log_days" {
  description = "How long the control plane's logs are kept."
  type        = number
  default     = 30
}
