output "arn" {
  description = "The load balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "As metrics name it."
  value       = aws_lb.this.arn_suffix
}

output "target_group_arn" {
  description = "The group of the gateway's pods."
  value       = aws_lb_target_group.gateway.arn
}

output "target_group_name" {
  description = "For the TargetGroupBinding."
  value       = aws_lb_target_group.gateway.name
}

output "target_group_arn_suffix" {
  description = "As metrics name it."
  value       = aws_lb_target_group.gateway.arn_suffix
}

output "dns" {
  description = "Where the name of the region points."
  value       = { name = aws_lb.this.dns_name, zone_id = aws_lb.this.zone_id }
}

output "https_listener_arn" {
  description = "Where further certificates are shown."
  value       = aws_lb_listener.https.arn
}
