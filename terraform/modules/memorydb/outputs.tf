output "url" {
  description = "For CE_REDIS_URL."
  value       = "rediss://${aws_memorydb_cluster.this.cluster_endpoint[0].address}:6379"
}
