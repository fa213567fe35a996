# A cell's rows have one writer region at a time; the other one holds the copy that a failover promotes.

module "cell_east" {
  source    = "../aurora-global"
  providers = { aws.home = aws.east, aws.standby = aws.west }

  name                = local.name
  cell                = "east"
  home                = module.east.network
  standby             = module.west.network
  instances           = var.database.instances
  instance_class      = var.database.instance_class
  units               = var.database.units
  master_password     = var.master_password
  deletion_protection = var.protected
}

module "cell_west" {
  source    = "../aurora-global"
  providers = { aws.home = aws.west, aws.standby = aws.east }

  name                = local.name
  cell                = "west"
  home                = module.west.network
  standby             = module.east.network
  instances           = var.database.instances
  instance_class      = var.database.instance_class
  units               = var.database.units
  master_password     = var.master_password
  deletion_protection = var.protected
}

locals {
  cells = { east = module.cell_east, west = module.cell_west }
}

module "tables" {
  source    = "../tables"
  providers = { aws = aws.east }

  prefix              = "${var.environment}-"
  region              = var.regions.east.region
  key_arn             = module.east.key_arns.data
  replicas            = { (var.regions.west.region) = module.west.key_arns.data }
  deletion_protection = var.protected
}

module "owned_tables" {
  source    = "../owned-tables"
  providers = { aws = aws.east }

  name   = local.name
  prefix = "${var.environment}-"

  keys = {
    (var.regions.east.region) = module.east.key_arns.data
    (var.regions.west.region) = module.west.key_arns.data
  }
}

module "graph" {
  source    = "../graph"
  count     = var.graph ? 1 : 0
  providers = { aws.home = aws.east, aws.standby = aws.west }

  name    = "${local.name}-graph"
  home    = module.east.network
  standby = module.west.network
}
