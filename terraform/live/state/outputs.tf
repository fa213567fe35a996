output "bucket" {
  description = "For terraform init -backend-config=bucket=…"
  value       = module.bucket.name
}

output "key_arn" {
  description = "The KMS key of the state."
  value       = module.key.arn
}
