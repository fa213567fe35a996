output "name_servers" {
  description = "What the registrar is told."
  value       = aws_route53_zone.this.name_servers
}

output "images" {
  description = "Where images are pushed, by service."
  value       = module.registry.urls
}

output "delivery_roles" {
  description = "Roles of workflows."
  value       = module.delivery.role_arns
}
