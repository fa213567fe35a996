# Production's shape at a quarter of its size: two regions, two cells, the bus in Kafka's place (ADR 0032), DNS alone steers.

module "environment" {
  source    = "../../modules/environment"
  providers = { aws.east = aws.us_east_1, aws.west = aws.us_west_2, aws.edge = aws.us_east_1 }

  environment        = "staging"
  zone_name          = var.zone_name
  api_domain         = "api.staging.${var.zone_name}"
  web_domain         = "www.staging.${var.zone_name}"
  shares             = var.shares
  master_password    = var.master_password
  admins             = var.admins
  alarm_mail         = var.alarm_mail
  iot_fleet_requests = var.iot_fleet_requests
  accelerator        = false
  protected          = false

  regions = {
    east = { region = "us-east-1", cidr = "10.20.0.0/16" }
    west = { region = "us-west-2", cidr = "10.21.0.0/16" }
  }

  size = {
    nat_per_zone = false
    redis_type   = "cache.t4g.micro"
    redis_nodes  = 2
    log_days     = 14
    nodes        = { steady = { instance_types = ["m7g.large"], min = 3, max = 4 } }
  }

  features = { kafka = false, interface_endpoints = false, lake = false, backup = false }
  database = { instances = 1, units = { min = 0.5, max = 4 } }
}
