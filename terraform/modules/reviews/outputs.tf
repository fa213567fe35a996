output "endpoint" {
  description = "Where documents are written."
  value       = aws_docdb_cluster.this.endpoint
}
