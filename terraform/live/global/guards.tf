module "findings_east" {
  source    = "../../modules/topic"
  providers = { aws = aws.us_east_1 }

  name     = "cloudeats-findings"
  key_arn  = module.key.arn
  services = ["events.amazonaws.com", "budgets.amazonaws.com", "costalerts.amazonaws.com"]
  mail     = var.alarm_mail
}

module "findings_west" {
  source    = "../../modules/topic"
  providers = { aws = aws.us_west_2 }

  name     = "cloudeats-findings"
  key_arn  = module.key_west.arn
  services = ["events.amazonaws.com"]
  mail     = var.alarm_mail
}

module "config_bucket" {
  source    = "../../modules/bucket"
  count     = var.config ? 1 : 0
  providers = { aws = aws.us_east_1 }

  name        = "cloudeats-config-${local.account}"
  key_arn     = module.key.arn
  expire_days = 400

  statements = jsonencode([
    {
      Sid       = "Look"
      Effect    = "Allow"
      Principal = { Service = "config.amazonaws.com" }
      Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
      Resource  = "{bucket}"
      Condition = { StringEquals = { "AWS:SourceAccount" = local.account } }
    },
    {
      Sid       = "Write"
      Effect    = "Allow"
      Principal = { Service = "config.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "{bucket}/AWSLogs/${local.account}/Config/*"
      Condition = { StringEquals = { "AWS:SourceAccount" = local.account } }
    },
  ])
}

module "guard_east" {
  source    = "../../modules/guard"
  providers = { aws = aws.us_east_1 }

  name         = "cloudeats"
  region       = "us-east-1"
  topic_arn    = module.findings_east.arn
  security_hub = var.security_hub
  config       = var.config ? { bucket = module.config_bucket[0].name, global = true } : null
}

module "guard_west" {
  source    = "../../modules/guard"
  providers = { aws = aws.us_west_2 }

  name         = "cloudeats"
  region       = "us-west-2"
  topic_arn    = module.findings_west.arn
  security_hub = var.security_hub
  config       = var.config ? { bucket = module.config_bucket[0].name, global = false } : null
}
