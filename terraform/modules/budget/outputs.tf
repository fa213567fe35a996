output "model_usd" {
  description = "What the model expects each month."
  value       = local.model
}

output "limit_usd" {
  description = "From where on people are told."
  value       = local.limit
}
