output "network" {
  description = "Where stores may stand, as aurora-global asks for it."
  value = {
    region            = var.region
    subnet_ids        = module.network.store_subnet_ids
    security_group_id = module.network.security_group_ids.postgres
    key_arn           = module.key["data"].arn
  }
}

output "key_arns" {
  description = "Keys by purpose: data, secrets, logs, people."
  value       = { for purpose, key in module.key : purpose => key.arn }
}

output "load_balancer" {
  description = "The public door: its ARN for the accelerator, its name for DNS."
  value       = { arn = module.edge.arn, dns = module.edge.dns }
}

output "media_bucket" {
  description = "Pictures and documents."
  value       = { bucket_arn = module.media.arn, key_arn = module.key["data"].arn }
}

output "log_bucket" {
  description = "Where doors note requests."
  value       = { name = module.logs.name, arn = module.logs.arn }
}

output "alarm_topic_arn" {
  description = "Where alarms are told."
  value       = module.observability.topic_arn
}

output "cluster" {
  description = "The Kubernetes cluster and the group that its gateway binds to."
  value       = { name = module.eks.name, endpoint = module.eks.endpoint, target_group = module.edge.target_group_name }
}

output "settings" {
  description = "Variables by service."
  value       = local.settings
}

output "rights" {
  description = "Statements by service, for tests and reviews."
  value       = local.service_statements
}

output "fleet_certificate" {
  description = "The certificate (PEM) by which IoT Core knows the service fleet; null without a request."
  value       = one(module.iot[*].fleet_certificate)
  sensitive   = true
}
