output "arn" {
  description = "The list."
  value       = aws_wafv2_web_acl.this.arn
}
