output "arn" {
  description = "The topic."
  value       = aws_sns_topic.this.arn

  # Who tells something needs to be let in.
  depends_on = [aws_sns_topic_policy.this]
}
