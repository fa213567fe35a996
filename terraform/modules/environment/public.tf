# CloudFront before pages and API, one name before both regions. CloudFront, its certificates and its rules are at home
# in us-east-1, wherever the regions are.

module "accelerator" {
  source    = "../accelerator"
  count     = var.accelerator ? 1 : 0
  providers = { aws = aws.east }

  name       = local.name
  log_bucket = module.east.log_bucket.name

  regions = {
    (var.regions.east.region) = { load_balancer_arn = module.east.load_balancer.arn, share = var.shares.east }
    (var.regions.west.region) = { load_balancer_arn = module.west.load_balancer.arn, share = var.shares.west }
  }
}

module "web_key" {
  source    = "../kms-key"
  providers = { aws = aws.edge }

  name        = "${local.name}/web"
  description = "Pages and the refusals at the edge"
  region      = "us-east-1"
  services    = ["cloudfront.amazonaws.com"]
  logs        = true
}

module "web_waf" {
  source    = "../waf"
  providers = { aws = aws.edge }

  name         = "${local.name}-web"
  scope        = "CLOUDFRONT"
  logs_key_arn = module.web_key.arn
}

module "web_certificate" {
  source    = "../certificate"
  providers = { aws = aws.edge }

  # Both names; the key never leaves AWS.
  domain  = replace(var.web_domain, "/^[^.]+/", "*")
  zone_id = data.aws_route53_zone.this.zone_id
}

module "web" {
  source    = "../web"
  providers = { aws = aws.edge }

  name            = local.name
  domains         = [var.web_domain, var.api_domain]
  api_domain      = local.origin_domain
  certificate_arn = module.web_certificate.arn
  waf_arn         = module.web_waf.arn
  key_arn         = module.web_key.arn
  bucket          = "${local.name}-${local.account}-pages"
  log_bucket      = module.east.log_bucket
  force_destroy   = !var.protected
}

module "login" {
  source    = "../login"
  providers = { aws = aws.east }

  name                = local.name
  domain_prefix       = "${local.name}-${local.account}"
  callback_urls       = ["https://${var.web_domain}/"]
  deletion_protection = var.protected
}

module "mail" {
  source    = "../mail"
  providers = { aws = aws.east }

  name          = local.name
  domain        = var.environment == "prod" ? var.zone_name : "${var.environment}.${var.zone_name}"
  zone_id       = data.aws_route53_zone.this.zone_id
  topic_key_arn = module.east.key_arns.data
}

module "dns" {
  source    = "../dns"
  providers = { aws = aws.east }

  zone_id     = data.aws_route53_zone.this.zone_id
  api_domain  = local.origin_domain
  web_domains = [var.web_domain, var.api_domain]
  web         = module.web.dns
  accelerator = one(module.accelerator[*].dns)

  regions = {
    (var.regions.east.region) = module.east.load_balancer.dns
    (var.regions.west.region) = module.west.load_balancer.dns
  }
}

module "budget" {
  source    = "../budget"
  providers = { aws = aws.east }

  name        = local.name
  environment = var.environment
  model       = var.environment
  topic_arns  = [module.east.alarm_topic_arn]
}
