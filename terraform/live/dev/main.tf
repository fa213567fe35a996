# One region, one cell, the smallest of everything, and the bus in Kafka's place.

data "aws_route53_zone" "this" {
  name = var.zone_name
}

module "east" {
  source = "../../modules/region"

  name              = "cloudeats-dev-east"
  environment       = "dev"
  region            = "us-east-1"
  cidr              = "10.10.0.0/16"
  zone_id           = data.aws_route53_zone.this.zone_id
  api_domain        = "api.dev.${var.zone_name}"
  admins            = var.admins
  alarm_mail        = var.alarm_mail
  database_clusters = { east = module.cell_east.cluster_ids["us-east-1"] }
  protected         = false

  size = {
    nat_per_zone = false
    redis_type   = "cache.t3.micro"
    redis_nodes  = 1
    log_days     = 7
    nodes        = { steady = { instance_types = ["t4g.large"], min = 2, max = 3 } }
  }

  features = { kafka = false, iot = false, interface_endpoints = false, lake = false, backup = false }
}

module "cell_east" {
  source    = "../../modules/aurora-global"
  providers = { aws.home = aws, aws.standby = aws }

  name                = "cloudeats-dev"
  cell                = "east"
  home                = module.east.network
  instances           = 1
  units               = { min = 0.5, max = 4 }
  master_password     = var.master_password
  deletion_protection = false
}

module "tables" {
  source = "../../modules/tables"

  prefix              = "dev-"
  region              = "us-east-1"
  key_arn             = module.east.key_arns.data
  deletion_protection = false
}

module "dns" {
  source = "../../modules/dns"

  zone_id    = data.aws_route53_zone.this.zone_id
  api_domain = "api.dev.${var.zone_name}"
  regions    = { "us-east-1" = module.east.load_balancer.dns }
}

module "budget" {
  source = "../../modules/budget"

  name        = "cloudeats-dev"
  environment = "dev"
  model       = "dev"
  topic_arns  = [module.east.alarm_topic_arn]
}
