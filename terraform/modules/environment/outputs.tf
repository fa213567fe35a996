output "clusters" {
  description = "The Kubernetes clusters by side, with the group that each gateway binds to."
  value       = { east = module.east.cluster, west = module.west.cluster }
}

output "databases" {
  description = "Writer endpoints by cell and region."
  value       = { for cell, database in local.cells : cell => database.endpoints }
}

output "settings" {
  description = "Variables by side and service."
  value       = { east = module.east.settings, west = module.west.settings }
}

output "budget_usd" {
  description = "From where on people are told."
  value       = module.budget.limit_usd
}

output "fleet_certificates" {
  description = "Certificates (PEM) of the service fleet by side, for cloudeats/<environment>/fleet/keys; null without a request."
  value       = { east = module.east.fleet_certificate, west = module.west.fleet_certificate }
  sensitive   = true
}
