output "global_cluster_id" {
  description = "The global database, for switchover and failover."
  value       = aws_rds_global_cluster.this.id
}

output "endpoints" {
  description = "Writer endpoints by region. Only the home region's writes."
  value = merge(
    { (var.home.region) = module.home.endpoint },
    { for region in var.standby[*].region : region => module.standby[0].endpoint },
  )
}

output "cluster_ids" {
  description = "Clusters by region."
  value = merge(
    { (var.home.region) = module.home.id },
    { for region in var.standby[*].region : region => module.standby[0].id },
  )
}
