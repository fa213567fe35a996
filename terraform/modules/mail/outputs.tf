output "outcomes_topic_arn" {
  description = "Where bounces and complaints are told."
  value       = aws_sns_topic.outcomes.arn
}
