# Both regions take writes, each for its own cells (REG-01).

module "environment" {
  source    = "../../modules/environment"
  providers = { aws.east = aws.us_east_1, aws.west = aws.us_west_2, aws.edge = aws.us_east_1 }

  environment        = "prod"
  zone_name          = var.zone_name
  api_domain         = "api.${var.zone_name}"
  web_domain         = "www.${var.zone_name}"
  shares             = var.shares
  master_password    = var.master_password
  admins             = var.admins
  alarm_mail         = var.alarm_mail
  iot_fleet_requests = var.iot_fleet_requests

  regions = {
    east = { region = "us-east-1", cidr = "10.30.0.0/16" }
    west = { region = "us-west-2", cidr = "10.40.0.0/16" }
  }

  database = { instances = 2, units = { min = 0.5, max = 16 } }
}
