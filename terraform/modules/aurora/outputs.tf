output "arn" {
  description = "The cluster."
  value       = aws_rds_cluster.this.arn
}

output "id" {
  description = "The cluster's name, once it has an instance."
  value       = aws_rds_cluster.this.id

  # A copy in another region is only taken once the writer is there.
  depends_on = [aws_rds_cluster_instance.this]
}

output "endpoint" {
  description = "Where writes go; on a copy, nowhere until it is promoted."
  value       = aws_rds_cluster.this.endpoint
}

output "reader_endpoint" {
  description = "Where reads may go."
  value       = aws_rds_cluster.this.reader_endpoint
}
