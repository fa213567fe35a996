output "arns" {
  description = "The tables by their names without prefix."
  value       = { for name, table in aws_dynamodb_table.this : name => table.arn }
}

output "names" {
  description = "The full names by the short ones."
  value       = { for name, table in aws_dynamodb_table.this : name => table.name }
}
