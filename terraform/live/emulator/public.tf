resource "aws_route53_zone" "this" {
  provider = aws.us_east_1

  #checkov:skip=CKV2_AWS_38:a zone of the emulator
  #checkov:skip=CKV2_AWS_39:nobody asks it
  name          = "cloudeats.example"
  force_destroy = true
}

module "certificate" {
  source    = "../../modules/certificate"
  providers = { aws = aws.us_east_1 }

  domain  = "api.cloudeats.example"
  zone_id = aws_route53_zone.this.zone_id
  # The emulator makes no other.
  algorithm = "RSA_2048"
}

module "waf" {
  source    = "../../modules/waf"
  providers = { aws = aws.us_east_1 }

  name         = "${local.name}-east"
  scope        = "REGIONAL"
  logs_key_arn = module.key_east.arn
}

module "edge" {
  source    = "../../modules/edge"
  providers = { aws = aws.us_east_1 }

  name                = "cloudeats-emu-east"
  vpc_id              = module.network_east.vpc_id
  subnet_ids          = module.network_east.public_subnet_ids
  security_group_ids  = module.network_east.door_security_group_ids
  certificate_arn     = module.certificate.arn
  waf_arn             = module.waf.arn
  log_bucket          = module.logs.name
  deletion_protection = false
}

module "web_waf" {
  source    = "../../modules/waf"
  providers = { aws = aws.us_east_1 }

  name         = "${local.name}-web"
  scope        = "CLOUDFRONT"
  logs_key_arn = module.key_east.arn
}

module "dns" {
  source    = "../../modules/dns"
  providers = { aws = aws.us_east_1 }

  zone_id    = aws_route53_zone.this.zone_id
  api_domain = "api.cloudeats.example"
  regions    = { "us-east-1" = module.edge.dns }
}

module "login" {
  source    = "../../modules/login"
  providers = { aws = aws.us_east_1 }

  name                = local.name
  domain_prefix       = local.name
  callback_urls       = ["https://www.cloudeats.example/"]
  deletion_protection = false
}

module "observability" {
  source    = "../../modules/observability"
  providers = { aws = aws.us_east_1 }

  name               = local.name
  environment        = "emulator"
  region             = "us-east-1"
  logs_key_arn       = module.key_east.arn
  topic_key_arn      = module.key_east.arn
  mail               = ["on-call@cloudeats.example"]
  tables             = ["emulator-carts"]
  undelivered_queues = ["cloudeats-orders-undelivered"]
  traces             = false

  load_balancer = {
    arn_suffix              = module.edge.arn_suffix
    target_group_arn_suffix = module.edge.target_group_arn_suffix
  }
}

module "trail" {
  source    = "../../modules/trail"
  providers = { aws = aws.us_east_1 }

  name          = local.name
  region        = "us-east-1"
  bucket        = "${local.name}-trail"
  key_arn       = module.key_east.arn
  force_destroy = true
}

module "guard" {
  source    = "../../modules/guard"
  providers = { aws = aws.us_east_1 }

  name               = local.name
  region             = "us-east-1"
  topic_arn          = module.observability.topic_arn
  security_hub       = false
  access_analyzer    = false
  guardduty_features = []
}

module "delivery" {
  source    = "../../modules/delivery"
  providers = { aws = aws.us_east_1 }

  name                  = "${local.name}-delivery"
  repository            = "cloudeats/direct"
  environments          = ["dev"]
  state_bucket_arn      = "arn:aws:s3:::cloudeats-state-${local.account}"
  state_key_arn         = module.key_east.arn
  image_repository_arns = values(module.registry.arns)
}
