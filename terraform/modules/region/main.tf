data "aws_caller_identity" "this" {}

data "aws_elb_service_account" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  prefix  = "${var.environment}-"
}

module "key" {
  source   = "../kms-key"
  for_each = local.keys

  name        = "${var.name}/${each.key}"
  description = each.value.description
  region      = var.region
  services    = each.value.services
  logs        = each.key == "logs"
}

locals {
  keys = {
    data    = { description = "Stores, queues and buckets", services = ["events.amazonaws.com", "sns.amazonaws.com", "cloudwatch.amazonaws.com", "ses.amazonaws.com", "backup.amazonaws.com", "budgets.amazonaws.com"] }
    secrets = { description = "Secrets, of ours and of Kubernetes", services = [] }
    logs    = { description = "Log groups", services = [] }
    people  = { description = "Keys of the fields that hold personal data", services = [] }
  }
}

module "network" {
  source = "../network"

  name                = var.name
  region              = var.region
  cidr                = var.cidr
  zones               = var.size.zones
  nat_per_zone        = var.size.nat_per_zone
  interface_endpoints = var.features.interface_endpoints ? null : []
  log_days            = var.size.log_days
  logs_key_arn        = module.key["logs"].arn
  behind_cloudfront   = var.behind_cloudfront
}

module "eks" {
  source = "../eks"

  name              = var.name
  subnet_ids        = module.network.workload_subnet_ids
  security_group_id = module.network.security_group_ids.workloads
  nodes             = var.size.nodes
  admins            = var.admins
  secrets_key_arn   = module.key["secrets"].arn
  logs_key_arn      = module.key["logs"].arn
  log_days          = var.size.log_days
}

module "redis" {
  source = "../redis"
  count  = var.features.memorydb ? 0 : 1

  name              = var.name
  node_type         = var.size.redis_type
  nodes             = var.size.redis_nodes
  subnet_ids        = module.network.store_subnet_ids
  security_group_id = module.network.security_group_ids.redis
  key_arn           = module.key["data"].arn
}

module "memorydb" {
  source = "../memorydb"
  count  = var.features.memorydb ? 1 : 0

  name              = var.name
  subnet_ids        = module.network.store_subnet_ids
  security_group_id = module.network.security_group_ids.redis
  key_arn           = module.key["data"].arn
}

module "kafka" {
  source = "../kafka"
  count  = var.features.kafka ? 1 : 0

  name              = var.name
  broker_type       = var.size.broker_type
  subnet_ids        = module.network.store_subnet_ids
  security_group_id = module.network.security_group_ids.kafka
  key_arn           = module.key["data"].arn
  logs_key_arn      = module.key["logs"].arn
  log_days          = var.size.log_days
  iot_secret        = local.telemetry ? { arn = aws_secretsmanager_secret.telemetry[0].arn } : null
}

module "events" {
  source = "../events"

  name         = "cloudeats-${var.environment}"
  queue_prefix = "cloudeats-${var.environment}-"
  region       = var.region
  peer_region  = var.peer_region
  key_arn      = module.key["data"].arn
}

module "iot" {
  source = "../iot"
  count  = var.features.iot ? 1 : 0

  name          = var.name
  region        = var.region
  fleet_request = var.iot_fleet_request
  logs_key_arn  = module.key["logs"].arn
  log_days      = var.size.log_days

  kafka = !local.telemetry ? null : {
    bootstrap         = module.kafka[0].bootstrap_scram
    secret_arn        = aws_secretsmanager_secret.telemetry[0].arn
    key_arn           = module.key["secrets"].arn
    vpc_id            = module.network.vpc_id
    subnet_ids        = module.network.workload_subnet_ids
    security_group_id = module.network.security_group_ids.workloads
  }
}

module "reviews" {
  source = "../reviews"
  count  = var.features.reviews ? 1 : 0

  name              = "${var.name}-reviews"
  subnet_ids        = module.network.store_subnet_ids
  security_group_id = module.network.security_group_ids.postgres
  key_arn           = module.key["data"].arn
}

module "backup" {
  source = "../backup"
  count  = var.features.backup ? 1 : 0

  name    = var.name
  region  = var.region
  key_arn = module.key["data"].arn

  # Aurora's subnet group bears the name of its cluster.
  subnet_group = length(var.database_clusters) == 0 ? null : {
    name              = values(var.database_clusters)[0]
    security_group_id = module.network.security_group_ids.postgres
  }
}
