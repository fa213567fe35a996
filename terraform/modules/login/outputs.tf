output "issuer" {
  description = "What tokens name as their issuer."
  value       = "https://${aws_cognito_user_pool.this.endpoint}"
}

output "client_id" {
  description = "The client of the pages."
  value       = aws_cognito_user_pool_client.web.id
}
