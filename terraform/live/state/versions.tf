terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }

  # What holds the state of the others has its own on the disk of who made it; it can be imported again.
}
