provider "aws" {
  alias      = "us_east_1"
  region     = "us-east-1"
  access_key = "emulated"
  secret_key = "emulated"

  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
  # What the emulator does not know would be asked 25 times.
  max_retries = 1

  default_tags {
    tags = merge(local.tags, { Region = "us-east-1" })
  }

  endpoints {
    acm            = var.endpoint
    autoscaling    = var.endpoint
    backup         = var.endpoint
    budgets        = var.endpoint
    cloudformation = var.endpoint
    cloudfront     = var.endpoint
    cloudtrail     = var.endpoint
    cloudwatch     = var.endpoint
    logs           = var.endpoint
    cognitoidp     = var.endpoint
    configservice  = var.endpoint
    dynamodb       = var.endpoint
    ec2            = var.endpoint
    ecr            = var.endpoint
    eks            = var.endpoint
    elasticache    = var.endpoint
    elbv2          = var.endpoint
    events         = var.endpoint
    glue           = var.endpoint
    guardduty      = var.endpoint
    iam            = var.endpoint
    kms            = var.endpoint
    rds            = var.endpoint
    route53        = var.endpoint
    s3             = var.endpoint
    s3control      = var.endpoint
    secretsmanager = var.endpoint
    sesv2          = var.endpoint
    sns            = var.endpoint
    sqs            = var.endpoint
    ssm            = var.endpoint
    sts            = var.endpoint
    wafv2          = var.endpoint
    xray           = var.endpoint
  }
}

provider "aws" {
  alias      = "us_west_2"
  region     = "us-west-2"
  access_key = "emulated"
  secret_key = "emulated"

  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = false
  # What the emulator does not know would be asked 25 times.
  max_retries = 1

  default_tags {
    tags = merge(local.tags, { Region = "us-west-2" })
  }

  endpoints {
    acm            = var.endpoint
    autoscaling    = var.endpoint
    backup         = var.endpoint
    budgets        = var.endpoint
    cloudformation = var.endpoint
    cloudfront     = var.endpoint
    cloudtrail     = var.endpoint
    cloudwatch     = var.endpoint
    logs           = var.endpoint
    cognitoidp     = var.endpoint
    configservice  = var.endpoint
    dynamodb       = var.endpoint
    ec2            = var.endpoint
    ecr            = var.endpoint
    eks            = var.endpoint
    elasticache    = var.endpoint
    elbv2          = var.endpoint
    events         = var.endpoint
    glue           = var.endpoint
    guardduty      = var.endpoint
    iam            = var.endpoint
    kms            = var.endpoint
    rds            = var.endpoint
    route53        = var.endpoint
    s3             = var.endpoint
    s3control      = var.endpoint
    secretsmanager = var.endpoint
    sesv2          = var.endpoint
    sns            = var.endpoint
    sqs            = var.endpoint
    ssm            = var.endpoint
    sts            = var.endpoint
    wafv2          = var.endpoint
    xray           = var.endpoint
  }
}

locals {
  tags = {
    Project     = "cloudeats"
    Environment = "emulator"
    ManagedBy   = "terraform"
    Root        = "terraform/live/emulator"
  }
}
