output "bootstrap" {
  description = "For CE_KAFKA_BOOTSTRAP: IAM over TLS."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_iam
}

output "bootstrap_scram" {
  description = "For rules of IoT Core."
  value       = aws_msk_cluster.this.bootstrap_brokers_sasl_scram
}

output "arn" {
  description = "The cluster."
  value       = aws_msk_cluster.this.arn
}

output "topic_arn_prefix" {
  description = "Stands before a topic's name in its ARN."
  value       = "${replace(aws_msk_cluster.this.arn, ":cluster/", ":topic/")}/"
}

output "group_arn_prefix" {
  description = "Stands before a consumer group's name in its ARN."
  value       = "${replace(aws_msk_cluster.this.arn, ":cluster/", ":group/")}/"
}
