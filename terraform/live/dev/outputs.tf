output "cluster" {
  description = "The Kubernetes cluster."
  value       = module.east.cluster
}

output "databases" {
  description = "Writer endpoints by cell and region."
  value       = { east = module.cell_east.endpoints }
}

output "settings" {
  description = "Variables by service."
  value       = module.east.settings
}
