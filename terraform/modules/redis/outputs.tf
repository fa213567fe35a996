output "url" {
  description = "For CE_REDIS_URL."
  value = join("", ["rediss://",
    var.shards > 0 ? aws_elasticache_replication_group.this.configuration_endpoint_address : aws_elasticache_replication_group.this.primary_endpoint_address,
  ":6379"])
}
