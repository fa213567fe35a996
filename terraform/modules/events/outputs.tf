output "bus_name" {
  description = "For CE_EVENTBRIDGE_BUS."
  value       = aws_cloudwatch_event_bus.this.name
}

output "bus_arn" {
  description = "The bus."
  value       = aws_cloudwatch_event_bus.this.arn
}

output "queue_arns" {
  description = "Queues by consumer."
  value       = { for name, queue in aws_sqs_queue.consumer : name => queue.arn }
}

output "undelivered_queue_names" {
  description = "Queues in which nothing should be."
  value       = concat([for queue in aws_sqs_queue.undelivered : queue.name], aws_sqs_queue.peer_undelivered[*].name)
}
