# Two regions that both take writes, each for its own cells.

data "aws_caller_identity" "this" {
  provider = aws.east
}

data "aws_route53_zone" "this" {
  provider = aws.east

  name = var.zone_name
}

locals {
  account = data.aws_caller_identity.this.account_id
  name    = "cloudeats-${var.environment}"

  # What CloudFront asks; people know the API's own name.
  origin_domain = "origin.${var.api_domain}"
}

module "east" {
  source    = "../region"
  providers = { aws = aws.east }

  name              = "${local.name}-east"
  environment       = var.environment
  region            = var.regions.east.region
  cidr              = var.regions.east.cidr
  peer_region       = var.regions.west.region
  media_copy_to     = module.west.media_bucket
  zone_id           = data.aws_route53_zone.this.zone_id
  api_domain        = local.origin_domain
  behind_cloudfront = true
  size              = var.size
  features          = var.features
  admins            = var.admins
  alarm_mail        = var.alarm_mail
  iot_fleet_request = var.iot_fleet_requests.east
  database_clusters = { for cell, database in local.cells : cell => database.cluster_ids[var.regions.east.region] }
  database_copies   = { west = { cluster = module.cell_west.cluster_ids[var.regions.east.region], source_region = var.regions.west.region } }
  protected         = var.protected
}

module "west" {
  source    = "../region"
  providers = { aws = aws.west }

  name              = "${local.name}-west"
  environment       = var.environment
  region            = var.regions.west.region
  cidr              = var.regions.west.cidr
  peer_region       = var.regions.east.region
  media_copy_to     = module.east.media_bucket
  zone_id           = data.aws_route53_zone.this.zone_id
  api_domain        = local.origin_domain
  behind_cloudfront = true
  size              = var.size
  features          = var.features
  admins            = var.admins
  alarm_mail        = var.alarm_mail
  iot_fleet_request = var.iot_fleet_requests.west
  database_clusters = { for cell, database in local.cells : cell => database.cluster_ids[var.regions.west.region] }
  database_copies   = { east = { cluster = module.cell_east.cluster_ids[var.regions.west.region], source_region = var.regions.east.region } }
  protected         = var.protected
}
