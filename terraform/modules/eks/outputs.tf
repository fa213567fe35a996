output "name" {
  description = "The cluster's name."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "The cluster."
  value       = aws_eks_cluster.this.arn
}

output "endpoint" {
  description = "The address of the cluster's API."
  value       = aws_eks_cluster.this.endpoint
}

output "certificate" {
  description = "The certificate of the cluster's API, in Base64."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}
