# What an account has once: the zone, images, the trail, the guards, the roles of workflows.

data "aws_caller_identity" "this" {
  provider = aws.us_east_1
}

locals {
  account = data.aws_caller_identity.this.account_id
}

module "key" {
  source    = "../../modules/kms-key"
  providers = { aws = aws.us_east_1 }

  name        = "cloudeats/account"
  description = "Trail, images, findings"
  region      = "us-east-1"
  services    = ["cloudtrail.amazonaws.com", "config.amazonaws.com", "events.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com", "sns.amazonaws.com"]
  logs        = true
}

module "key_west" {
  source    = "../../modules/kms-key"
  providers = { aws = aws.us_west_2 }

  name        = "cloudeats/account"
  description = "Findings"
  region      = "us-west-2"
  services    = ["events.amazonaws.com", "sns.amazonaws.com"]
}

resource "aws_route53_zone" "this" {
  provider = aws.us_east_1

  #checkov:skip=CKV2_AWS_38:DNSSEC is signed once the registrar takes the record; docs/setup-aws.md says how
  #checkov:skip=CKV2_AWS_39:query logs would hold the names of visitors' resolvers; nobody needs them
  name    = var.zone_name
  comment = "Public"
}

module "registry" {
  source    = "../../modules/registry"
  providers = { aws = aws.us_east_1 }

  key_arn = module.key.arn
  regions = ["us-west-2"]
}

module "trail" {
  source    = "../../modules/trail"
  providers = { aws = aws.us_east_1 }

  name    = "cloudeats"
  region  = "us-east-1"
  bucket  = "cloudeats-trail-${local.account}"
  key_arn = module.key.arn
}

module "delivery" {
  source    = "../../modules/delivery"
  providers = { aws = aws.us_east_1 }

  name                  = "cloudeats-delivery"
  repository            = var.repository
  environments          = ["infrastructure", "production"]
  state_bucket_arn      = var.state.bucket_arn
  state_key_arn         = var.state.key_arn
  image_repository_arns = values(module.registry.arns)
}

module "budget" {
  source    = "../../modules/budget"
  providers = { aws = aws.us_east_1 }

  name        = "cloudeats-account"
  environment = "account"
  model       = "account"
  topic_arns  = [module.findings_east.arn]
  anomalies   = true
}

resource "aws_xray_encryption_config" "east" {
  provider = aws.us_east_1

  type   = "KMS"
  key_id = module.key.arn
}
