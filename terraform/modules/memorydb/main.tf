resource "aws_memorydb_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

# Who reaches it is decided by the security group; every name is open to it, as on the Redis that it replaces.
resource "aws_memorydb_cluster" "this" {
  name                   = var.name
  description            = "Redis that survives: positions and boards where they must"
  acl_name               = "open-access"
  engine_version         = "7.1"
  node_type              = var.node_type
  num_shards             = var.shards
  num_replicas_per_shard = 2
  port                   = 6379

  tls_enabled        = true
  kms_key_arn        = var.key_arn
  subnet_group_name  = aws_memorydb_subnet_group.this.name
  security_group_ids = [var.security_group_id]

  auto_minor_version_upgrade = true
  snapshot_retention_limit   = 14
}
