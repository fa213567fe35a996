output "clusters" {
  description = "The Kubernetes clusters by side, with the group that each gateway binds to."
  value       = module.environment.clusters
}

output "databases" {
  description = "Writer endpoints by cell and region."
  value       = module.environment.databases
}

output "settings" {
  description = "Variables by side and service."
  value       = module.environment.settings
}

output "fleet_certificates" {
  description = "Certificates (PEM) of the service fleet by side, for cloudeats/prod/fleet/keys."
  value       = module.environment.fleet_certificates
  sensitive   = true
}
