provider "aws" {
  alias  = "us_east_1"
  region = "us-east-1"

  default_tags {
    tags = merge(local.tags, { Region = "us-east-1" })
  }
}

provider "aws" {
  alias  = "us_west_2"
  region = "us-west-2"

  default_tags {
    tags = merge(local.tags, { Region = "us-west-2" })
  }
}

locals {
  # On everything, by each provider: costs, backups and reviews go by them.
  tags = {
    Project     = "cloudeats"
    Environment = "prod"
    ManagedBy   = "terraform"
    Root        = "terraform/live/prod"
  }
}
