module "certificate" {
  source   = "../certificate"
  for_each = { api = var.api_domain, region = "${var.region}.${var.api_domain}" }

  domain  = each.value
  zone_id = var.zone_id
}

module "waf" {
  source = "../waf"

  name         = var.name
  scope        = "REGIONAL"
  bot_control  = var.features.bot_control
  logs_key_arn = module.key["logs"].arn
  log_days     = var.size.log_days

  # CloudFront's list counts who asks; here all come from its addresses.
  count_addresses = !var.behind_cloudfront
}

module "edge" {
  source = "../edge"

  name                = var.name
  vpc_id              = module.network.vpc_id
  subnet_ids          = module.network.public_subnet_ids
  security_group_ids  = module.network.door_security_group_ids
  certificate_arn     = module.certificate["api"].arn
  waf_arn             = module.waf.arn
  log_bucket          = module.logs.name
  deletion_protection = var.protected
}

# Health checks ask for the region by its own name.
resource "aws_lb_listener_certificate" "region" {
  listener_arn    = module.edge.https_listener_arn
  certificate_arn = module.certificate["region"].arn
}

module "observability" {
  source = "../observability"

  name               = var.name
  environment        = var.environment
  region             = var.region
  log_days           = var.size.log_days
  logs_key_arn       = module.key["logs"].arn
  topic_key_arn      = module.key["data"].arn
  mail               = var.alarm_mail
  tables             = [for name in local.table_names : "${local.prefix}${name}"]
  undelivered_queues = module.events.undelivered_queue_names
  database_clusters  = var.database_clusters
  database_copies    = var.database_copies

  load_balancer = {
    arn_suffix              = module.edge.arn_suffix
    target_group_arn_suffix = module.edge.target_group_arn_suffix
  }
}
