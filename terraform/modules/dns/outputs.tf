output "health_check_ids" {
  description = "What is asked of each region from outside."
  value       = { for region, check in aws_route53_health_check.region : region => check.id }
}
