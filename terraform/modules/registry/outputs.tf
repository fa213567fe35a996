output "arns" {
  description = "Repositories by service."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.arn }
}

output "urls" {
  description = "Where images are pushed, by service."
  value       = { for name, repository in aws_ecr_repository.this : name => repository.repository_url }
}
