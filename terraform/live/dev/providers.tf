provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = local.tags
  }
}

locals {
  # On everything, by each provider: costs, backups and reviews go by them.
  tags = {
    Project     = "cloudeats"
    Environment = "dev"
    ManagedBy   = "terraform"
    Root        = "terraform/live/dev"
  }
}
