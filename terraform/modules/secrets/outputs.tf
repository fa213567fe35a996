output "arns" {
  description = "Secrets by service/name."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}
