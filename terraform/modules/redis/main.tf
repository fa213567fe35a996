resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

# What is in it can be built again, so the oldest goes first when it is full.
resource "aws_elasticache_parameter_group" "this" {
  name   = var.name
  family = "redis7"

  parameter {
    name  = "maxmemory-policy"
    value = "allkeys-lru"
  }

  dynamic "parameter" {
    for_each = var.shards > 0 ? ["yes"] : []
    content {
      name  = "cluster-enabled"
      value = parameter.value
    }
  }
}

resource "aws_elasticache_replication_group" "this" {
  #checkov:skip=CKV2_AWS_50:on wherever there is a second node to fail over to
  #checkov:skip=CKV_AWS_31:a token would stand in the state, for the provider has no write-only one; the security group and TLS guard what may be lost anyway
  replication_group_id = var.name
  description          = "What may be lost: menus, limits, positions, boards"
  engine               = "redis"
  engine_version       = "7.1"
  node_type            = var.node_type
  port                 = 6379
  parameter_group_name = aws_elasticache_parameter_group.this.name

  cluster_mode            = var.shards > 0 ? "enabled" : "disabled"
  num_cache_clusters      = var.shards > 0 ? null : var.nodes
  num_node_groups         = var.shards > 0 ? var.shards : null
  replicas_per_node_group = var.shards > 0 ? var.nodes - 1 : null

  automatic_failover_enabled = var.nodes > 1 || var.shards > 0
  multi_az_enabled           = var.nodes > 1

  at_rest_encryption_enabled = true
  kms_key_id                 = var.key_arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"

  subnet_group_name  = aws_elasticache_subnet_group.this.name
  security_group_ids = [var.security_group_id]

  auto_minor_version_upgrade = true
  snapshot_retention_limit   = 1
  snapshot_window            = "07:00-08:00"
}
