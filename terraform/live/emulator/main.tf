# The core of an environment, small enough for the emulator of AWS to really apply: what it cannot do (EKS whole,
# ElastiCache, MSK, IoT, Global Accelerator, replicas of tables, headers of CloudFront, X-Ray) has its mocked tests.

locals {
  name    = "cloudeats-emulator"
  account = "123456789012"
}

module "key_east" {
  source    = "../../modules/kms-key"
  providers = { aws = aws.us_east_1 }

  name        = "${local.name}/data"
  description = "Everything"
  region      = "us-east-1"
  services    = ["events.amazonaws.com", "sns.amazonaws.com", "cloudwatch.amazonaws.com", "cloudtrail.amazonaws.com"]
  logs        = true
}

module "key_west" {
  source    = "../../modules/kms-key"
  providers = { aws = aws.us_west_2 }

  name        = "${local.name}/data"
  description = "Everything"
  region      = "us-west-2"
  services    = ["events.amazonaws.com"]
  logs        = true
}

module "network_east" {
  source    = "../../modules/network"
  providers = { aws = aws.us_east_1 }

  name                = "${local.name}-east"
  region              = "us-east-1"
  cidr                = "10.0.0.0/16"
  interface_endpoints = ["sqs"]
  logs_key_arn        = module.key_east.arn
}

module "network_west" {
  source    = "../../modules/network"
  providers = { aws = aws.us_west_2 }

  name                = "${local.name}-west"
  region              = "us-west-2"
  cidr                = "10.1.0.0/16"
  nat_per_zone        = false
  interface_endpoints = []
  logs_key_arn        = module.key_west.arn
}

module "cell_east" {
  source    = "../../modules/aurora-global"
  providers = { aws.home = aws.us_east_1, aws.standby = aws.us_west_2 }

  name                = local.name
  cell                = "east"
  master_password     = "only-for-the-emulator"
  deletion_protection = false

  home = {
    region            = "us-east-1"
    subnet_ids        = module.network_east.store_subnet_ids
    security_group_id = module.network_east.security_group_ids.postgres
    key_arn           = module.key_east.arn
  }

  standby = {
    region            = "us-west-2"
    subnet_ids        = module.network_west.store_subnet_ids
    security_group_id = module.network_west.security_group_ids.postgres
    key_arn           = module.key_west.arn
  }
}

module "tables" {
  source    = "../../modules/tables"
  providers = { aws = aws.us_east_1 }

  prefix              = "emulator-"
  region              = "us-east-1"
  key_arn             = module.key_east.arn
  deletion_protection = false
}

module "events_east" {
  source    = "../../modules/events"
  providers = { aws = aws.us_east_1 }

  region      = "us-east-1"
  peer_region = "us-west-2"
  key_arn     = module.key_east.arn
}

module "events_west" {
  source    = "../../modules/events"
  providers = { aws = aws.us_west_2 }

  region      = "us-west-2"
  peer_region = "us-east-1"
  key_arn     = module.key_west.arn
}

module "media_east" {
  source    = "../../modules/bucket"
  providers = { aws = aws.us_east_1 }

  name          = "${local.name}-east-media"
  key_arn       = module.key_east.arn
  tiering       = true
  log_bucket    = { name = module.logs.name }
  copy_to       = { bucket_arn = module.media_west.arn, key_arn = module.key_west.arn }
  force_destroy = true
}

module "media_west" {
  source    = "../../modules/bucket"
  providers = { aws = aws.us_west_2 }

  name          = "${local.name}-west-media"
  key_arn       = module.key_west.arn
  copy_to       = { bucket_arn = module.media_east.arn, key_arn = module.key_east.arn }
  force_destroy = true
}

module "logs" {
  source    = "../../modules/bucket"
  providers = { aws = aws.us_east_1 }

  name          = "${local.name}-east-logs"
  expire_days   = 7
  force_destroy = true

  statements = jsonencode([{
    Sid       = "Buckets"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "{bucket}/*"
    Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
  }])
}

module "secrets" {
  source    = "../../modules/secrets"
  providers = { aws = aws.us_east_1 }

  prefix        = "cloudeats/emulator"
  key_arn       = module.key_east.arn
  secrets       = { "orders/database" = "CE_DATABASE_URL", "identity/signing-key" = "CE_SIGNING_KEY_FILE" }
  recovery_days = 0
}

module "registry" {
  source    = "../../modules/registry"
  providers = { aws = aws.us_east_1 }

  key_arn = module.key_east.arn
}
